"""Names of uploaded files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.web.uploads import safe_file_name


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("sh600000.day", "sh600000.day"),
        ("SH#601003.txt", "SH#601003.txt"),
        ("sh.600000.csv", "sh.600000.csv"),
        ("贵州茅台.csv", "贵州茅台.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\a.csv", "a.csv"),
        ("a:b.csv", "a_b.csv"),
        ("con.csv", "_con.csv"),
        ("COM1", "_COM1"),
        ("..", "_"),
        ("", "_"),
        ("a.csv. ", "a.csv"),
    ],
)
def test_a_name_keeps_what_tells_its_symbol_and_loses_what_does_harm(given_name: str, kept: str) -> None:
    assert safe_file_name(given_name) == kept


@given(name=st.text(max_size=400))
def test_every_name_becomes_one_harmless_part_of_a_path(name: str) -> None:
    kept = safe_file_name(name.encode("utf-8", "ignore").decode())
    assert kept
    assert kept not in (".", "..")
    assert not set(kept) & set('<>:"/\\|?*\x00')
    assert len(kept.encode()) <= 210

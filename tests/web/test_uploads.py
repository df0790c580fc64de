"""Names of uploaded files, and room for them."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from quantbox.core.disk import DiskTooSmall
from quantbox.web.uploads import UploadRequest, safe_file_name


def test_files_for_which_there_is_no_room_are_refused_before_any_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = UploadRequest(EnvironBuilder(method="POST", data={"files": (io.BytesIO(bytes(10_000)), "a.csv")}).get_environ())
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 0, 9_999))
    with pytest.raises(DiskTooSmall):
        request.read_files(tmp_path)
    assert list(tmp_path.iterdir()) == []


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

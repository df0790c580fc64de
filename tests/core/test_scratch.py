"""Private folders for work in between: the owner's alone, gone afterwards, and cleared away when their process died."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from quantbox.core.processes import FileLock
from quantbox.core.scratch import scratch_folder

LONG_AGO = 1_000_000_000


def test_the_folder_is_its_owners_alone_and_goes_also_after_a_fault(tmp_path: Path) -> None:
    def work_and_fail() -> None:
        with scratch_folder(tmp_path / "some") as folder:
            (folder / "sub").mkdir()
            (folder / "sub" / "file").write_bytes(b"x")
            assert folder.stat().st_mode & 0o777 == 0o700
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work_and_fail()
    assert list((tmp_path / "some").iterdir()) == []


def test_what_a_dead_process_left_is_cleared_and_what_a_living_one_uses_is_not(tmp_path: Path) -> None:
    dead, living, young = (tmp_path / f"quantbox-scratch-{name}" for name in ("dead", "living", "young"))
    for folder in (dead, living, young):
        folder.mkdir()
        (folder / "quantbox.db").write_bytes(b"ciphertext")
    other = tmp_path / "something-else"
    other.mkdir()
    with FileLock(living / "in-use.lock"):
        for folder in (dead, living, other):
            os.utime(folder, (LONG_AGO, LONG_AGO))
        with scratch_folder(tmp_path):
            pass
        assert {path.name for path in tmp_path.iterdir()} == {living.name, young.name, other.name}


def test_a_link_planted_under_such_a_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_bytes(b"x")
    os.utime(victim, (LONG_AGO, LONG_AGO))
    (tmp_path / "quantbox-scratch-link").symlink_to(victim, target_is_directory=True)
    with scratch_folder(tmp_path):
        pass
    assert {path.name for path in victim.iterdir()} == {"file"}

"""Where the data folder lies and what its place allows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from quantbox.core.paths import DataFolder


def test_a_folder_yet_to_be_made_is_measured_by_the_nearest_one_above(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "not" / "yet")
    assert folder.free_bytes() == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.2)
    assert folder.is_writable() is True
    assert list(tmp_path.iterdir()) == []


def test_a_place_under_a_file_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert DataFolder(tmp_path / "file").is_writable() is False

"""What is found of a running program, and what is not taken for one."""

from __future__ import annotations

import os

import pytest

from quantbox.core.paths import DataFolder
from quantbox.core.processes import process_started_at
from quantbox.core.program_file import RunningProgram, find_program


@pytest.fixture
def folder(data_folder: DataFolder) -> DataFolder:
    data_folder.program_file.parent.mkdir()
    return data_folder


def test_a_living_program_is_found_as_it_wrote_itself_down(folder: DataFolder) -> None:
    program = RunningProgram(os.getpid(), process_started_at(), "http://localhost:8765", "unlocked", "1")
    folder.program_file.write_text(program.to_json(), encoding="utf-8")
    assert find_program(folder) == program
    assert program.is_unlocked


def test_a_later_process_of_the_same_id_is_no_program(folder: DataFolder) -> None:
    program = RunningProgram(os.getpid(), process_started_at() - 60, "http://localhost:8765", "unlocked", "1")
    folder.program_file.write_text(program.to_json(), encoding="utf-8")
    assert find_program(folder) is None


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", "null", "\x00", '{"pid": 1}', '{"pid": "x", "started_at": 0, "url": "", "state": "", "instance": ""}'),
        '{"pid": -1, "started_at": 0, "url": "", "state": "", "instance": ""}',
        '{"pid": 1, "started_at": "x", "url": "", "state": "", "instance": ""}',
        '{"pid": 99999999999999999999999, "started_at": 0, "url": "", "state": "", "instance": ""}',
    ],
)
def test_what_the_program_did_not_write_is_no_program(folder: DataFolder, content: str) -> None:
    folder.program_file.write_text(content, encoding="utf-8")
    assert find_program(folder) is None


def test_no_file_is_no_program(data_folder: DataFolder) -> None:
    assert find_program(data_folder) is None

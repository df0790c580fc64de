"""Cells that a spreadsheet would compute are neutralised; numbers, negative ones too, stay numbers (promise 29)."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.core.spreadsheet import safe_cell, write_csv

#: OWASP, CSV Injection, and its examples; full-width signs as Excel takes them in East Asian locales.
FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "-",
    "--1",
    "-1,5",
]
NUMBERS = ["-1.5", "+3", "-0", "-1e-7", "-.5", "12", "-100.00"]


@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_would_be_computed_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == "'" + text


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_written_as_text_stays_what_it_is(text: str) -> None:
    assert safe_cell(text) == text
    float(text)


@pytest.mark.parametrize("value", [-1.5, -3, 0, None, "招商银行", "a=b", "", "600036.SH"])
def test_other_values_stay_what_they_are(value: float | str | None) -> None:
    assert safe_cell(value) == value


@given(st.lists(st.one_of(st.text(), st.floats(allow_nan=False), st.integers()), min_size=1, max_size=5))
def test_no_cell_of_a_written_table_starts_a_formula(row: list[str | float | int]) -> None:
    written = write_csv(["x"] * len(row), [row]).decode("utf-8-sig")
    _head, cells = list(csv.reader(io.StringIO(written, newline="")))
    for given_value, cell in zip(row, cells, strict=True):
        if isinstance(given_value, str):
            assert not cell or cell[0] not in "=+-@\t\r" or float(cell) is not None
        else:
            assert type(given_value)(cell) == given_value


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_reads_every_cell_back_as_it_was_meant(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes(write_csv(["text", "number"], [["=1+1", -1.5], ["@A1", "-2"]]))
    subprocess.run(
        ["soffice", "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", "--outdir", "out", "table.csv"],
        cwd=tmp_path,
        check=True,
        timeout=100,
    )
    read = list(csv.reader((tmp_path / "out" / "table.csv").open(encoding="utf-8-sig")))
    assert read[1:] == [["'=1+1", "-1.5"], ["'@A1", "-2"]]

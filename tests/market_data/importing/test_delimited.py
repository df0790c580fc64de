"""Cells to values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantbox.market_data.importing.delimited import _parse_code, _parse_date, _parse_minute, _parse_number
from quantbox.market_data.service import MarketData
from tests.market_data.importing.twins import BARS, table


def value(parse: Callable[[str], pl.Expr], text: str) -> Any:
    return pl.DataFrame({"cell": [text]}).select(parse("cell").alias("value")).item()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-11-03", "2022-11-03"),
        ("2022/11/3", "2022-11-03"),
        ("2022.1.3", "2022-01-03"),
        ("20040817", "2004-08-17"),
        ("19991110.0", "1999-11-10"),
        ("2017-3-7 0:0:0", "2017-03-07"),
        ("2025-01-02T09:45:00", "2025-01-02"),
        ("20200102093500000", "2020-01-02"),
        ("2023-02-30", None),
        ("20230230", None),
        ("3/7/2017", None),
        ("170307", None),
        ("45000", None),
        ("2017-3", None),
        ("", None),
    ],
)
def test_date(text: str, expected: str | None) -> None:
    found = value(_parse_date, text)
    assert (found and found.isoformat()) == expected


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("2017-3-3 13:22:0", 802),
        ("2025-01-02 09:45:00", 585),
        ("09:31", 571),
        ("0931", 571),
        ("931", 571),
        ("093100", 571),
        ("20200102093500000", 575),
        ("2020-01-02", None),
        ("20200102", None),
        ("25:00", None),
        ("12:75", None),
        ("", None),
    ],
)
def test_minute(text: str, minute: int | None) -> None:
    assert value(_parse_minute, text) == minute


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1.5", 1.5),
        ("2.04e+11", 2.04e11),
        ("-3", -3.0),
        ("None", None),
        ("nan", None),
        ("--", None),
        ("inf", None),
        ("1,5", None),
        ("x", None),
    ],
)
def test_number(text: str, number: float | None) -> None:
    assert value(_parse_number, text) == number


@pytest.mark.parametrize(
    ("text", "code"),
    [("'399006", "399006"), ('="000001"', "000001"), ("600519.0", "600519"), ("sh.600000", "sh.600000"), ("None", None)],
)
def test_code(text: str, code: str | None) -> None:
    assert value(_parse_code, text) == code


def test_name_in_a_file_names_a_nameless_instrument_and_no_other(tmp_path: Path, market_data: MarketData) -> None:
    path = tmp_path / "x.csv"
    for name in ("包钢股份", "旧名字"):
        rows = [f"600010.SH,{name},{b.date},{b.open},{b.high},{b.low},{b.close},{b.volume}" for b in BARS]
        path.write_bytes(table("code,name,date,open,high,low,close,volume", rows))
        market_data.import_files([path])
    assert market_data.instruments.get("600010.SH").name == "包钢股份"


def test_a_line_without_end_is_refused_by_its_number_before_it_is_split(tmp_path: Path, market_data: MarketData) -> None:
    path = tmp_path / "sh600000.csv"
    path.write_text("date,open,high,low,close,volume\n2024-01-02,10,10,10,10,1\n" + "," * 70_000 + "\n", encoding="utf-8")
    (entry,) = market_data.import_files([path], language="en")["files"]
    assert (entry["rows"], entry["refused_code"]) == (0, "market_data.line_too_long")
    assert "Line 3 has more than 65536 characters" in entry["refused"]

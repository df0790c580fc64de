"""Whose bars: content, owner and file name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantbox.market_data.errors import SymbolInvalid
from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.symbol_of import claim_of_file_name
from quantbox.market_data.service import MarketData
from tests.market_data.importing.twins import BARS, day_file, table

ImportOne = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("sh600000.day", ("600000", "SH")),
        ("SH600000.csv", ("600000", "SH")),
        ("hk_sh600000.day", ("600000", "SH")),
        ("sh.600000.csv", ("600000", "SH")),
        ("SH#601003.txt", ("601003", "SH")),
        ("600000.SH.csv", ("600000", "SH")),
        ("000001.XSHE_1d.csv", ("000001", "SZ")),
        ("bj920002.day", ("920002", "BJ")),
        ("sh_600000.csv", ("600000", "SH")),
        ("600519.csv", None),
        ("600489_stock.csv", None),
        ("wash600000.csv", None),
        ("sh6000001.csv", None),
        ("2005-2006-day-001.txt", None),
    ],
)
def test_file_name_counts_only_with_its_market(name: str, symbol: tuple[str, str] | None) -> None:
    claim = claim_of_file_name(name)
    assert (None if claim is None else (claim.code, claim.market)) == symbol


def test_file_name_with_two_codes_contradicts_itself() -> None:
    with pytest.raises(refusals.SymbolContradicted):
        claim_of_file_name("sh600000_sz000001.csv")


@pytest.mark.parametrize(
    ("name", "owner", "code"),
    [
        ("600010.day", None, "market_data.symbol_missing"),
        ("600010.day", "600010", None),
        ("sh600010.day", None, None),
        ("sh600010.day", "600010.XSHG", None),
        ("sh600010.day", "600011.SH", "market_data.symbol_contradicted"),
        ("sh000001.day", "000001.SZ", "market_data.symbol_contradicted"),
        ("sz900000.day", None, "market_data.symbol_unreadable"),
    ],
)
def test_owner_and_file_name_of_a_file_without_code(
    name: str, owner: str | None, code: str | None, tmp_path: Path, import_one: ImportOne
) -> None:
    (tmp_path / name).write_bytes(day_file())
    entry = import_one(tmp_path / name, symbol=owner)
    assert entry["refused_code"] == code
    assert code is None or "--symbol" in entry["refused"]


@pytest.mark.parametrize(
    ("code", "name", "owner", "expected"),
    [
        ("sh.600010", "any.csv", None, "600010.SH"),
        ("600010.SH", "600519.csv", None, "600010.SH"),  # a bare file name does not speak
        ("600010.SH", "sh600519.csv", None, "market_data.symbol_contradicted"),
        ("600010.SH", "any.csv", "600519", "market_data.symbol_contradicted"),
        ("000300", "sh000300.csv", None, "000300.SH"),
        ("'000001", "any.csv", None, "000001.SZ"),
        ('="600010"', "any.csv", None, "600010.SH"),
        ("600010.0", "any.csv", None, "600010.SH"),
    ],
)
def test_code_in_the_content_comes_first(
    code: str, name: str, owner: str | None, expected: str, tmp_path: Path, import_one: ImportOne
) -> None:
    rows = [f"{code},{b.date},{b.open},{b.high},{b.low},{b.close},{b.volume},{b.amount}" for b in BARS]
    (tmp_path / name).write_bytes(table("code,date,open,high,low,close,volume,amount", rows))
    entry = import_one(tmp_path / name, symbol=owner)
    assert (entry["refused_code"] or entry["symbols"][0]) == expected


def test_row_with_an_unreadable_code_is_set_aside(tmp_path: Path, import_one: ImportOne) -> None:
    codes = ["600010.SH"] * 11 + ["AAPL"]
    rows = [f"{code},{b.date},{b.open},{b.high},{b.low},{b.close},{b.volume}" for code, b in zip(codes, BARS, strict=True)]
    (tmp_path / "x.csv").write_bytes(table("code,date,open,high,low,close,volume", rows))
    entry = import_one(tmp_path / "x.csv")
    assert (entry["symbols"], entry["rows"]) == (["600010.SH"], 11)
    assert [(bad["line"], bad["column"]) for bad in entry["quarantined"]] == [(13, "code")]


def test_owner_who_names_no_symbol_is_told_before_any_file_is_read(tmp_path: Path, import_one: ImportOne) -> None:
    with pytest.raises(SymbolInvalid):
        import_one(tmp_path / "x.csv", symbol="apple")


def test_bars_of_another_instrument_than_the_stored_one_are_refused(
    tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "sh600010.day"
    path.write_bytes(day_file())
    assert import_one(path)["refused"] is None
    # Another share under this name: twice the price, and amounts that fit it.
    other = [b.with_(open=b.open * 2, high=b.high * 2, low=b.low * 2, close=b.close * 2, amount=b.amount * 2) for b in BARS]
    path.write_bytes(day_file(other))
    entry = import_one(path)
    assert entry["refused_code"] == "market_data.another_instrument"
    assert "2024-03-01" in entry["refused"]
    assert market_data.bars("600010.SH")["close"].to_list() == [b.close for b in BARS]


def test_one_differing_day_is_a_vendor_not_another_instrument(
    tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "sh600010.day"
    path.write_bytes(day_file())
    import_one(path)
    path.write_bytes(day_file([BARS[0].with_(close=9.80, open=9.80), *BARS[1:]]))
    assert import_one(path)["refused"] is None
    assert market_data.bars("600010.SH")["close"][0] == 9.80

"""Shares and yuan: the unit a layout has, and the unit the amounts prove."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantbox.market_data.models import Adjust
from quantbox.market_data.service import MarketData
from tests.market_data.importing.twins import BARS, table

ImportOne = Callable[..., dict[str, Any]]
HEADER = "date,open,high,low,close,volume,amount"


def rows(volume_unit: int, amount_unit: int) -> list[str]:
    return [f"{b.date},{b.open},{b.high},{b.low},{b.close},{b.volume / volume_unit},{b.amount / amount_unit}" for b in BARS]


@pytest.mark.parametrize(("volume_unit", "amount_unit"), [(1, 1), (100, 1), (100, 1_000), (1, 1_000), (100, 10_000), (1, 10_000)])
def test_plain_table_takes_the_unit_its_amounts_prove_and_says_so(
    volume_unit: int, amount_unit: int, tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "sh600010.csv"
    path.write_bytes(table(HEADER, rows(volume_unit, amount_unit)))
    entry = import_one(path)
    assert entry["refused"] is None
    assert len(entry["notes"]) == (0 if (volume_unit, amount_unit) == (1, 1) else 1)
    bars = market_data.bars("600010.SH")
    assert bars["volume"].to_list() == [b.volume for b in BARS]
    assert bars["amount"].to_list() == pytest.approx([b.amount for b in BARS])


def test_plain_table_in_lots_declared_qfq_is_proven_at_its_end(
    tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "sh600010.csv"
    old = [f"2001-{month:02}-{day:02},1,1.1,0.9,1,1000,1000000" for month in range(1, 13) for day in range(1, 29)]  # 10 yuan then
    path.write_bytes(table(HEADER, old + rows(100, 1) + [row.replace("2024-03", "2024-04") for row in rows(100, 1)]))
    assert import_one(path, adjust=Adjust.QFQ)["refused"] is None
    assert market_data.bars("600010.SH", display=True)["volume"][-1] == BARS[-1].volume


def test_akshare_table_in_shares_contradicts_its_layout(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "x.csv"
    lines = [f"{b.date},600010,{b.open},{b.close},{b.high},{b.low},{b.volume},{b.amount}" for b in BARS]
    path.write_bytes(table("日期,股票代码,开盘,收盘,最高,最低,成交量,成交额", lines))
    entry = import_one(path)
    assert entry["refused_code"] == "market_data.units_contradicted"
    assert "0.01" in entry["refused"]


def test_amount_of_zero_beside_a_volume_is_unknown(tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = tmp_path / "sh600010.csv"
    path.write_bytes(table(HEADER, [f"{b.date},{b.open},{b.high},{b.low},{b.close},{b.volume},0" for b in BARS]))
    assert import_one(path)["refused"] is None
    assert market_data.bars("600010.SH")["amount"].null_count() == 12

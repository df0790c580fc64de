"""The price limits of 52 real stocks over five years against what their bars say."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from quantbox.brokers.models import Commission, Listing, SessionBar
from quantbox.brokers.simulation import SimulatedExchange
from quantbox.market_data import rules

#: Days on which a stock moved without the usual limits: first days of trading, and 盐湖股份's return after its suspension.
WITHOUT_LIMITS = {
    ("601816.SH", date(2020, 1, 16)),
    ("601995.SH", date(2020, 11, 2)),
    ("603296.SH", date(2023, 8, 8)),
    ("688169.SH", date(2020, 2, 21)),
    ("688396.SH", date(2020, 2, 27)),
    ("000792.SZ", date(2021, 8, 10)),
}


@pytest.mark.real_data
def test_of_64675_real_bars_only_those_without_limits_are_doubted(real_data: Path) -> None:
    doubted, bars, closed_up, closed_down = set(), 0, 0, 0
    for path in sorted((real_data / "baostock_csi300_raw").glob("*.csv")):
        market, code = path.stem.split(".")
        symbol = f"{code}.{market.upper()}"
        exchange = SimulatedExchange(Decimal(1), Commission(), {symbol: Listing(symbol)}, rules)
        frame = pl.read_csv(path, try_parse_dates=True, infer_schema=False).filter(pl.col("tradestatus") == "1")
        for row in frame.iter_rows(named=True):
            prices = [Decimal(row[name]) for name in ("open", "high", "low", "close", "preclose")]
            bar = SessionBar(date.fromisoformat(row["date"]), *prices, is_st=row["isST"] == "1")
            upper, lower = exchange.limit_prices(symbol, bar)
            if not (code.startswith("300") and bar.date < date(2020, 8, 24)):  # the count below left ChiNext's 10 % out
                closed_up += bar.close == upper
                closed_down += bar.close == lower
            bars += 1
        doubted |= {(doubt.symbol, doubt.date) for doubt in exchange.doubts}
    assert (bars, doubted) == (64675, WITHOUT_LIMITS)
    # Another program counted 342 closes at or above the upper limit and 136 at the lower in these files; five of the 342
    # are above it, on days without limits.
    assert (closed_up, closed_down) == (342 - 5, 136)

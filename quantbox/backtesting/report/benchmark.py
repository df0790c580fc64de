"""What the account is compared with: holding one instrument with its dividends, from the first day to the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from quantbox.backtesting.models import Curve
from quantbox.core.text import Text

__all__ = ["Benchmark", "build_benchmark"]

#: Whether the curve is the owner's choice, and whether it holds dividends.
LABELS = {
    (True, True): Text("{name}（{symbol}，后复权，含分红再投）", "{name} ({symbol}, adjusted, dividends reinvested)"),
    (True, False): Text("{name}（{symbol}，价格，不含分红）", "{name} ({symbol}, prices only, without dividends)"),
    (False, True): Text(
        "买入持有 {name}（{symbol}，后复权，含分红再投）", "Buy and hold {name} ({symbol}, adjusted, dividends reinvested)"
    ),
    (False, False): Text(
        "买入持有 {name}（{symbol}，价格，不含分红）", "Buy and hold {name} ({symbol}, prices only, without dividends)"
    ),
}


@dataclass(frozen=True)
class Benchmark:
    """The curve and what it stands for.

    Attributes
    ----------
    curve : Curve
        Worth of the starting cash had it followed the instrument from the first day's close.
    is_total_return : bool
        False where the factors of the series are not known, so that dividends are missing from it.
    starts : date
        First day with a close; the curve is flat before it.
    """

    symbol: str
    name: Text
    curve: Curve
    is_total_return: bool
    starts: date


def build_benchmark(
    symbol: str, name: str, closes: pl.DataFrame, days: Sequence[date], cash: float, *, is_chosen: bool, is_total_return: bool
) -> Benchmark:
    """Return the curve of holding `symbol` over `days`.

    Parameters
    ----------
    closes : DataFrame
        Columns `date` and `close` (adjusted where `is_total_return`), ascending, at least one row within the days.
    days : sequence of date
        Days of the equity.
    cash : float
        Value on the first day that has a close; a day without a close keeps the value of the day before.
    is_chosen : bool
        False where nobody named a benchmark and the first symbol of the run stands in.
    """
    frame = pl.DataFrame({"date": list(days)}, schema={"date": pl.Date})
    frame = frame.join_asof(closes.select("date", "close").sort("date"), on="date", strategy="backward")
    known = frame.drop_nulls()
    start, base = known.row(0)
    values = (frame["close"].fill_null(base) / base * cash).to_list()
    label = LABELS[is_chosen, is_total_return].with_facts(name=name or symbol, symbol=symbol)
    return Benchmark(symbol, label, Curve(tuple(days), tuple(values)), is_total_return, start)

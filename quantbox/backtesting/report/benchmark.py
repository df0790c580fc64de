"""What the account is compared with: holding one instrument with its dividends, from the first day to the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from quantbox.backtesting.inputs import Feed
from quantbox.backtesting.models import Curve
from quantbox.core.text import Text
from quantbox.market_data.models import Adjust, InstrumentKind

__all__ = ["Benchmark", "build_benchmark"]

#: Whether the curve is the owner's choice, and whether it holds dividends.
LABELS = {
    (True, True): Text("{who}（后复权，含分红再投）", "{who} (adjusted, dividends reinvested)"),
    (True, False): Text("{who}（价格，不含分红）", "{who} (prices only, without dividends)"),
    (False, True): Text("买入持有 {who}（后复权，含分红再投）", "Buy and hold {who} (adjusted, dividends reinvested)"),
    (False, False): Text("买入持有 {who}（价格，不含分红）", "Buy and hold {who} (prices only, without dividends)"),
}


@dataclass(frozen=True)
class Benchmark:
    """The curve and what it stands for.

    Attributes
    ----------
    curve : Curve
        Worth of the starting cash had it followed the instrument from the first day's close.
    is_total_return : bool
        False where dividends are missing from it: an index of prices, or days without a reference price.
    """

    symbol: str
    name: Text
    curve: Curve
    is_total_return: bool


def build_benchmark(feed: Feed, days: Sequence[date], cash: float, *, is_chosen: bool) -> Benchmark:
    """Return the curve of holding `feed` over `days`.

    A day's growth is its close over the exchange's reference price (pre_close), which a dividend or a split has lowered; so
    the curve is the same whatever bars are stored before the period. Where a reference price is missing, and for an index,
    the close before stands for it.

    Parameters
    ----------
    days : sequence of date
        Days of the equity, ascending.
    cash : float
        Value on the first day that has a close and on days before it; a day without a close keeps the value before.
    is_chosen : bool
        False where nobody named a benchmark and the first symbol of the run stands in.
    """
    bars = feed.bars.select("date", "close", "pre_close", before=pl.col("close").shift(1))
    is_adjusted = feed.series.adjust in (Adjust.HFQ, Adjust.QFQ)
    has_references = (
        not is_adjusted
        and feed.instrument.kind is not InstrumentKind.INDEX
        and (bars["pre_close"].slice(1) > 0).all(ignore_nulls=False) is True
    )
    growth = (pl.col("close") / pl.col("pre_close" if has_references else "before")).fill_null(1.0)
    worth = bars.with_row_index("row").select(
        "date", value=cash * pl.when(pl.col("row") == 0).then(1.0).otherwise(growth).cum_prod()
    )
    frame = pl.DataFrame({"date": list(days)}, schema={"date": pl.Date})
    values = frame.join_asof(worth, on="date", strategy="backward")["value"].fill_null(cash).to_list()
    is_total_return = has_references or is_adjusted
    label = LABELS[is_chosen, is_total_return].with_facts(who=f"{feed.instrument.name} {feed.symbol}".strip())
    return Benchmark(feed.symbol, label, Curve(tuple(days), tuple(values)), is_total_return)

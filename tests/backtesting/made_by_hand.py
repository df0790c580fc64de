"""Runs small enough to work out by hand: feeds, inputs and finished trading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from quantbox.backtesting.inputs import Feed, RunInput
from quantbox.backtesting.models import BacktestRequest, Curve
from quantbox.backtesting.report.trading import Trading
from quantbox.brokers.models import Fees, Fill, Side
from quantbox.market_data.models import BAR_SCHEMA, Adjust, Board, Frequency, Instrument, InstrumentKind, Series

#: Five days of trading in a row.
DAYS = (date(2024, 1, 8), date(2024, 1, 9), date(2024, 1, 10), date(2024, 1, 11), date(2024, 1, 12))


def make_bars(symbol: str, closes: Sequence[float], days: Sequence[date] = DAYS, **columns: Sequence[Any]) -> pl.DataFrame:
    """Bars whose four prices are the close; pre_close is the close before, volume a million, unless given."""
    given: dict[str, Any] = {
        "symbol": [symbol] * len(closes),
        "date": list(days),
        "time": [None] * len(closes),
        **{name: [float(close) for close in closes] for name in ("open", "high", "low", "close")},
        "volume": [1_000_000] * len(closes),
        "amount": [close * 1_000_000 for close in closes],
        "pre_close": [float(closes[0]), *[float(close) for close in closes[:-1]]],
        "is_st": [False] * len(closes),
    }
    return pl.DataFrame(given | columns, schema=BAR_SCHEMA)


def make_feed(
    symbol: str = "600000.SH",
    closes: Sequence[float] = (10, 10, 10, 10, 10),
    days: Sequence[date] = DAYS,
    *,
    kind: InstrumentKind = InstrumentKind.STOCK,
    adjust: Adjust = Adjust.NONE,
    display_only: bool = False,
    is_demo: bool = False,
    listed_on: date | None = date(1999, 11, 10),
    suspended: tuple[date, ...] = (),
    **columns: Sequence[Any],
) -> Feed:
    """One feed."""
    bars = make_bars(symbol, closes, days, **columns)
    instrument = Instrument(symbol, "浦发银行", "pfyh", kind, Board.MAIN, listed_on=listed_on, is_demo=is_demo)
    series = Series(
        symbol, Frequency.DAY, adjust, display_only, days[0], days[-1], len(bars), True, "csv", datetime(2024, 2, 1, tzinfo=UTC)
    )
    return Feed(instrument, series, bars, suspended)


def make_request(**changes: Any) -> BacktestRequest:
    """Ask for a run over the five days."""
    given: dict[str, Any] = {
        "source": "import backtrader as bt\n",
        "file_name": "hand.py",
        "symbols": ("600000.SH",),
        "start": DAYS[0],
        "end": DAYS[-1],
        "cash": Decimal(10_000),
    }
    return BacktestRequest(**given | changes)


def make_run(*feeds: Feed, benchmark: Feed | None = None, sessions: tuple[date, ...] = DAYS, **request: Any) -> RunInput:
    """Put the input of a run together."""
    feeds = feeds or (make_feed(),)
    request = {"symbols": tuple(feed.symbol for feed in feeds), **request}
    if benchmark:
        request["benchmark"] = benchmark.symbol
    return RunInput(make_request(**request), feeds, benchmark or feeds[0], sessions)


def make_fill(day: date, side: Side, price: str, size: int, fee: str = "0", symbol: str = "600000.SH") -> Fill:
    """One fill whose only cost is commission."""
    return Fill(day, symbol, side, Decimal(price), size, Fees(commission=Decimal(fee)))


def make_trading(
    *fills: Fill, run: RunInput | None = None, values: Sequence[float] = (10_000,) * 5, warned: Mapping[str, int] | None = None
) -> Trading:
    """A finished run."""
    return Trading(run or make_run(), fills, Curve(DAYS, tuple(float(value) for value in values)), warned or {})

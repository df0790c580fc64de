"""Everything one run is fed with: bars, instruments, trading days, and what the result is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from quantbox.backtesting.models import BacktestRequest
from quantbox.market_data.models import Instrument, Series

__all__ = ["BenchmarkBars", "Feed", "RunInput"]


@dataclass(frozen=True)
class Feed:
    """The bars of one symbol within the period, and what is known of it.

    Attributes
    ----------
    bars : DataFrame
        BAR_SCHEMA, dates ascending, prices as stored.
    suspended : tuple of date
        Days within the period on which a source says that it did not trade.
    """

    instrument: Instrument
    series: Series
    bars: pl.DataFrame
    suspended: tuple[date, ...]

    @property
    def symbol(self) -> str:
        """Return the symbol."""
        return self.instrument.symbol


@dataclass(frozen=True)
class BenchmarkBars:
    """Closes of the instrument the account is compared with.

    Attributes
    ----------
    closes : DataFrame
        Columns `date` and `close`, ascending; adjusted for dividends where `is_total_return`.
    is_chosen : bool
        False where the first symbol of the run stands in.
    """

    instrument: Instrument
    closes: pl.DataFrame
    is_total_return: bool
    is_chosen: bool


@dataclass(frozen=True)
class RunInput:
    """What a run reads; the same input and the same program give the same result to the cent.

    Attributes
    ----------
    feeds : tuple of Feed
        In the order of the request's symbols.
    sessions : tuple of date
        The exchange's trading days from the request's start to its end.
    """

    request: BacktestRequest
    feeds: tuple[Feed, ...]
    benchmark: BenchmarkBars
    sessions: tuple[date, ...]

    @property
    def is_demo(self) -> bool:
        """Return whether any of the symbols is an invented one (模拟数据)."""
        return any(feed.instrument.is_demo or feed.series.is_demo for feed in self.feeds)

"""Everything one run is fed with: bars, instruments, trading days, and what the result is compared with."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from quantbox.backtesting.errors import DisplaySeriesRefused
from quantbox.backtesting.models import BacktestRequest
from quantbox.market_data.errors import NoBars, SymbolUnknown
from quantbox.market_data.models import BAR_SCHEMA, Frequency, Instrument, Series
from quantbox.market_data.service import MarketData

__all__ = ["Feed", "RunInput", "choose_series", "load_input"]


@dataclass(frozen=True)
class Feed:
    """The bars of one symbol within the period, and what is known of it.

    Attributes
    ----------
    bars : DataFrame
        BAR_SCHEMA, dates ascending, prices as stored; every row has its four prices.
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

    def to_header(self) -> dict[str, Any]:
        """Return what the child is told of the feed beside its bars."""
        listed_on = self.instrument.listed_on
        return {
            "symbol": self.symbol,
            "kind": self.instrument.kind.value,
            "adjust": self.series.adjust.value,
            "is_display_only": self.series.is_display_only,
            "listed_on": listed_on.isoformat() if listed_on else None,
            "suspended": [day.isoformat() for day in self.suspended],
        }

    def to_arrow(self) -> bytes:
        """Return the bars as an Arrow IPC file."""
        buffer = io.BytesIO()
        self.bars.write_ipc(buffer)
        return buffer.getvalue()


@dataclass(frozen=True)
class RunInput:
    """What a run reads; the same input and the same program give the same result to the cent.

    Attributes
    ----------
    feeds : tuple of Feed
        In the order of the request's symbols.
    benchmark : Feed
        What the account is compared with: the request's choice, else the first feed.
    sessions : tuple of date
        The exchange's trading days from the request's start to its end.
    """

    request: BacktestRequest
    feeds: tuple[Feed, ...]
    benchmark: Feed
    sessions: tuple[date, ...]

    @property
    def is_demo(self) -> bool:
        """Return whether any of the symbols is an invented one (模拟数据)."""
        return any(feed.instrument.is_demo or feed.series.is_demo for feed in self.feeds)

    def to_header(self) -> dict[str, Any]:
        """Return the header of the child's request."""
        return {
            "kind": "backtest",
            "request": json.loads(json.dumps(asdict(self.request), default=str)),
            "sessions": [day.isoformat() for day in self.sessions],
            "feeds": [feed.to_header() for feed in self.feeds],
        }


def choose_series(market_data: MarketData, symbol: str, request: BacktestRequest, *, is_traded: bool) -> Series:
    """Return the daily series a run reads for `symbol`: the raw one, else the one kept for display.

    Raises
    ------
    SymbolUnknown
        When nothing is stored under the symbol.
    NoBars
        When no daily bar of it can lie in the period.
    DisplaySeriesRefused
        When only a display series is stored, and the run would trade it with rules on.
    """
    stored = market_data.series(symbol)
    if not stored:
        raise SymbolUnknown(symbol=symbol)
    daily = sorted((series for series in stored if series.frequency is Frequency.DAY), key=lambda series: series.is_display_only)
    if not daily or daily[0].first > request.end or daily[0].last < request.start:
        raise _no_bars(symbol, request, daily[0] if daily else None)
    if daily[0].is_display_only and request.rules and is_traded:
        raise DisplaySeriesRefused(symbol=symbol, adjust=daily[0].adjust.value)
    return daily[0]


def load_input(market_data: MarketData, request: BacktestRequest) -> RunInput:
    """Read everything a run needs from the bar store."""
    feeds = tuple(_load_feed(market_data, symbol, request, is_traded=True) for symbol in request.symbols)
    by_symbol = {feed.symbol: feed for feed in feeds}
    chosen = request.benchmark or request.symbols[0]
    benchmark = by_symbol.get(chosen) or _load_feed(market_data, chosen, request, is_traded=False)
    sessions = tuple(market_data.calendar.sessions(request.start, request.end))
    return RunInput(request, feeds, benchmark, sessions)


def _load_feed(market_data: MarketData, symbol: str, request: BacktestRequest, *, is_traded: bool) -> Feed:
    series = choose_series(market_data, symbol, request, is_traded=is_traded)
    bars = market_data.bars(symbol, request.start, request.end, display=series.is_display_only)
    bars = bars.select(list(BAR_SCHEMA)).drop_nulls(["open", "high", "low", "close"]).sort("date")
    if bars.is_empty():
        raise _no_bars(symbol, request, series)
    suspended = tuple(market_data.suspended(symbol, request.start, request.end))
    return Feed(market_data.instruments.get(symbol), series, bars, suspended)


def _no_bars(symbol: str, request: BacktestRequest, series: Series | None) -> NoBars:
    return NoBars(
        symbol=symbol,
        frequency=Frequency.DAY.value,
        start=request.start.isoformat(),
        end=request.end.isoformat(),
        first=series.first.isoformat() if series else "–",
        last=series.last.isoformat() if series else "–",
    )

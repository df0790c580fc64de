"""Every instrument with its last stored price: what lists, searches and the overview show.

Computed from the stored bars at most once per write of the store, so that a page of five thousand rows costs nothing.
"""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from quantbox.core.paging import Page, decode_cursor, encode_cursor, page_limit
from quantbox.market_data.models import Board, Frequency, Instrument, InstrumentKind, Symbol
from quantbox.market_data.service import MarketData

__all__ = ["Listed", "Listing", "listing_of"]

#: A series that ends within so many days of the newest is read together with the others.
_RECENT = timedelta(days=40)
_COLUMNS = ("symbol", "date", "close", "pre_close")


@dataclass(frozen=True)
class LastBar:
    """The last stored daily bar of an instrument, unadjusted.

    Attributes
    ----------
    previous : float or None
        What the close is compared with: the exchange's previous close, else the last stored close before.
    """

    date: date
    close: float
    previous: float | None


@dataclass(frozen=True)
class Listed:
    """An instrument and its last price, with the day it is of.

    Prices are None where no raw daily bars are stored; the day is then that of the last bar of any kind.
    """

    symbol: Symbol
    name: str
    pinyin: str
    kind: InstrumentKind
    board: Board | None
    is_demo: bool
    listed_on: date | None
    delisted_on: date | None
    last_date: date | None
    close: float | None
    change: float | None
    change_pct: float | None
    has_bars: bool


class Listing:
    """The list of instruments of one store."""

    def __init__(self, market_data: MarketData) -> None:
        self._market_data = weakref.ref(market_data)
        self._lock = threading.Lock()
        self._generation: int | None = None
        self._last_bars: dict[Symbol, LastBar] = {}
        self._last_dates: dict[Symbol, date] = {}

    def get(self, instrument: Instrument) -> Listed:
        """Return one instrument with its last price."""
        self._refresh()
        return self._show(instrument)

    def search(self, text: str, kind: InstrumentKind | None, *, cursor: str | None = None, limit: int = 50) -> Page[Listed]:
        """Return instruments that `text` names by code, name or pinyin, best first; all by symbol when it is empty."""
        self._refresh()
        skip = int(decode_cursor(cursor, int)[0]) if cursor else 0
        found = self._market().instruments.search(text, None, kind)
        page = found[skip : skip + page_limit(limit)]
        more = encode_cursor(skip + limit) if len(found) > skip + limit else None
        return Page([self._show(instrument) for instrument in page], more)

    def priced(self, kind: InstrumentKind) -> list[Listed]:
        """Return the instruments of a kind that have a price of the newest stored day, by symbol."""
        self._refresh()
        newest = max((bar.date for bar in self._last_bars.values()), default=None)
        known = {one.symbol: one for one in self._market().instruments.all() if one.kind is kind}
        return [
            self._show(known[symbol]) for symbol, bar in sorted(self._last_bars.items()) if bar.date == newest and symbol in known
        ]

    def _market(self) -> MarketData:
        market_data = self._market_data()
        if market_data is None:
            raise ValueError("the store this listing belongs to is closed")
        return market_data

    def _show(self, instrument: Instrument) -> Listed:
        bar = self._last_bars.get(instrument.symbol)
        change = bar.close - bar.previous if bar and bar.previous else None
        return Listed(
            symbol=instrument.symbol,
            name=instrument.name,
            pinyin=instrument.pinyin,
            kind=instrument.kind,
            board=instrument.board,
            is_demo=instrument.is_demo,
            listed_on=instrument.listed_on,
            delisted_on=instrument.delisted_on,
            last_date=bar.date if bar else self._last_dates.get(instrument.symbol),
            close=bar.close if bar else None,
            change=None if change is None else round(change, 4),
            change_pct=None if change is None or bar is None or not bar.previous else change / bar.previous * 100,
            has_bars=instrument.symbol in self._last_dates,
        )

    def _refresh(self) -> None:
        with self._lock:
            generation = self._market()._store.generation()  # the same capability's own store
            if generation == self._generation:
                return
            series = self._market().series()
            daily = {one.symbol: one.last for one in series if one.frequency is Frequency.DAY and not one.is_display_only}
            self._last_bars = read_last_bars(self._market(), daily)
            self._last_dates = {}
            for one in series:
                self._last_dates[one.symbol] = max(one.last, self._last_dates.get(one.symbol, one.last))
            self._generation = generation


def read_last_bars(market_data: MarketData, last_days: dict[Symbol, date]) -> dict[Symbol, LastBar]:
    """Return the last bar of every symbol, given on which day it lies."""
    if not last_days:
        return {}
    recent_start = max(last_days.values()) - _RECENT
    store = market_data._store  # the same capability's own store
    frames = [store.read_all(Frequency.DAY, start=recent_start, columns=_COLUMNS)]
    old = [symbol for symbol, last in last_days.items() if last < recent_start]
    if old:
        frames.append(store.read(old, Frequency.DAY, start=min(last_days[s] for s in old) - _RECENT, columns=_COLUMNS))
    last = (
        pl.concat(frames)
        .unique(["symbol", "date"])
        .sort("symbol", "date")
        .with_columns(pl.coalesce("pre_close", pl.col("close").shift(1).over("symbol")).alias("previous"))
        .group_by("symbol", maintain_order=True)
        .last()
    )
    return {
        symbol: LastBar(day, close, previous)
        for symbol, day, close, previous in last.select("symbol", "date", "close", "previous").iter_rows()
        if close is not None
    }


_listings: weakref.WeakKeyDictionary[MarketData, Listing] = weakref.WeakKeyDictionary()


def listing_of(market_data: MarketData) -> Listing:
    """Return the one listing of a store."""
    return _listings.setdefault(market_data, Listing(market_data))

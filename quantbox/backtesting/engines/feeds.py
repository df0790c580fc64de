"""Bars as the engines read them, and a Backtrader feed that takes them over in one piece.

Stock Backtrader asks pandas for one cell at a time; here the line arrays are filled at once, with the same floats. A
day is a naive midnight, as in a daily pandas feed.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import date
from typing import Any

import backtrader as bt
import polars as pl

from quantbox.brokers.models import Listing, SessionBar
from quantbox.core.money import exact

__all__ = ["BarFeed", "FeedBars"]

_PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True)
class FeedBars:
    """Daily bars of one symbol, unadjusted, oldest first; a suspended day is no bar.

    Attributes
    ----------
    volume, pre_close, is_st : list
        None where the source did not say.
    adjust : str
        As stored: none, or unknown; qfq and hfq only in a display series.
    listing : Listing
        What the exchange must know of the instrument.
    """

    symbol: str
    dates: list[date]
    open: list[float]
    high: list[float]
    low: list[float]
    close: list[float]
    volume: list[int | None]
    pre_close: list[float | None]
    is_st: list[bool | None]
    listing: Listing
    adjust: str = "none"
    is_stock: bool = True

    @classmethod
    def from_frame(cls, frame: pl.DataFrame, listing: Listing, *, adjust: str = "none", is_stock: bool = True) -> FeedBars:
        """Take a frame with the columns of BAR_SCHEMA; a row without all four prices is no bar."""
        columns = frame.drop_nulls(_PRICES).sort("date").to_dict(as_series=False)
        empty = [None] * len(columns["date"])
        return cls(
            symbol=listing.symbol,
            dates=columns["date"],
            open=columns["open"],
            high=columns["high"],
            low=columns["low"],
            close=columns["close"],
            volume=columns.get("volume", empty),
            pre_close=columns.get("pre_close", empty),
            is_st=columns.get("is_st", empty),
            listing=listing,
            adjust=adjust,
            is_stock=is_stock,
        )

    def __len__(self) -> int:
        return len(self.dates)

    def session_bar(self, index: int, sessions_since_listing: int | None) -> SessionBar:
        """Return bar `index` as the exchange reads it.

        Where the source gave no pre_close, the close before stands in for it, which is wrong on ex-dates only.
        """
        pre_close = self.pre_close[index]
        if pre_close is None and index:
            pre_close = self.close[index - 1]
        return SessionBar(
            date=self.dates[index],
            open=exact(self.open[index]),
            high=exact(self.high[index]),
            low=exact(self.low[index]),
            close=exact(self.close[index]),
            pre_close=None if pre_close is None else exact(pre_close),
            is_st=self.is_st[index],
            sessions_since_listing=sessions_since_listing,
            has_traded=self.volume[index] != 0,
        )


class BarFeed(bt.feed.DataBase):  # type: ignore[misc]  # backtrader has no types
    """A Backtrader data feed over :class:`FeedBars`, named by its symbol."""

    params = (("bars", None),)

    @property
    def bars(self) -> FeedBars:
        """The bars it feeds."""
        return self.p.bars  # type: ignore[no-any-return]

    def preload(self) -> None:
        """Fill the line arrays at once, leaving them as loading bar by bar would."""
        nan = float("nan")
        values: dict[str, Any] = {name: getattr(self.bars, name) for name in _PRICES}
        values["volume"] = [nan if volume is None else volume for volume in self.bars.volume]
        values["openinterest"] = [nan] * len(self.bars)
        values["datetime"] = [day.toordinal() for day in self.bars.dates]
        for name in self.getlinealiases():
            line = getattr(self.lines, name)
            line.array = array("d", values[name])
            line.idx, line.lencount = len(self.bars) - 1, len(self.bars)
        self._last()
        self.home()

    @property
    def last_index(self) -> int:
        """Index of the newest bar the strategy has seen; -1 before the first."""
        return len(self) - 1

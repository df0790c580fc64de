"""An analyzer that watches a run without touching it: fills, value at the close, holdings over ex-dates, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import backtrader as bt

from quantbox.backtesting.engines.feeds import BarFeed
from quantbox.brokers.models import Rule

__all__ = ["Day", "ExDate", "Recorder", "TooShort", "day_of"]

#: A day at its close: the date, the account's value and the value of its holdings, in yuan.
Day = tuple[date, float, float]
#: A day on which pre_close is not the close before, while the symbol was held.
ExDate = tuple[str, date, float, float]

#: A symbol with fewer bars than the strategy's indicators need before they have a value, and both numbers.
TooShort = tuple[str, int, int]


def day_of(number: float) -> date:
    """Return the day of a Backtrader time."""
    return date.fromordinal(int(number))


class Recorder(bt.Analyzer):  # type: ignore[misc]  # backtrader has no types
    """Collects what a report needs.

    Parameters
    ----------
    value_and_invested : callable
        Returns the account's value and the value of its holdings at the newest close.
    feeds : iterable of BarFeed
        The feeds of the run.
    on_day : callable
        Told every day when it is done.
    """

    params = (("value_and_invested", None), ("feeds", ()), ("on_day", None))

    def __init__(self) -> None:
        self.days: list[Day] = []
        self.fills: list[dict[str, Any]] = []
        self.unpaid: list[dict[str, Any]] = []
        self.ex_dates: list[ExDate] = []
        self.too_short: list[TooShort] = []
        self._held: frozenset[BarFeed] = frozenset()
        self._value_and_invested: Callable[[], tuple[float, float]] = self.p.value_and_invested
        self._on_day: Callable[[date], None] = self.p.on_day

    def start(self) -> None:
        """Note feeds shorter than the indicators' periods; stock vector mode fails on them, bar by bar mode does not."""
        for feed, needed in zip(self.strategy.datas, self.strategy._minperiods, strict=True):
            if needed > len(feed.bars):
                self.too_short.append((feed.bars.symbol, needed, len(feed.bars)))
        if self.too_short:
            self.strategy.cerebro._disable_runonce()

    def notify_order(self, order: Any) -> None:
        """Keep what the order has newly filled, and what stock Backtrader refuses for lack of cash (Margin)."""
        if order.status == order.Margin:
            self.unpaid.append(
                {
                    "date": day_of(self.strategy.lines.datetime[0]).isoformat(),
                    "symbol": order.data.bars.symbol,
                    "side": "buy" if order.isbuy() else "sell",
                    "size": _whole(abs(order.executed.remsize)),
                    "rule": Rule.CASH.value,
                }
            )
        for part in order.executed.iterpending():
            self.fills.append(
                {
                    "date": day_of(part.dt).isoformat(),
                    "symbol": order.data.bars.symbol,
                    "side": "buy" if part.size > 0 else "sell",
                    "price": float(part.price),
                    "size": _whole(abs(part.size)),
                    "commission": float(part.comm),
                    "stamp_tax": 0.0,
                    "transfer_fee": 0.0,
                }
            )

    def next(self) -> None:
        """Keep the day at its close."""
        today = day_of(self.strategy.lines.datetime[0])
        self._look_for_ex_dates(today)
        self.days.append((today, *self._value_and_invested()))
        positions = self.strategy.broker.positions  # not getposition, which adds what it does not find
        self._held = frozenset(feed for feed, position in positions.items() if position.size)
        self._on_day(today)

    def _look_for_ex_dates(self, today: date) -> None:
        for feed in _in_order(self.p.feeds, self._held):
            bars, index = feed.bars, feed.last_index
            if index < 1 or bars.dates[index] != today:
                continue
            pre_close, close = bars.pre_close[index], bars.close[index - 1]
            if pre_close is not None and pre_close != close:
                self.ex_dates.append((bars.symbol, today, close, pre_close))


def _in_order(feeds: Iterable[BarFeed], held: frozenset[BarFeed]) -> list[BarFeed]:
    return [feed for feed in feeds if feed in held]


def _whole(size: float) -> float | int:
    return int(size) if float(size).is_integer() else float(size)

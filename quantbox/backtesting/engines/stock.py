"""The engine on stock Cerebro: one plain strategy over daily bars, on Backtrader's default broker or the A-share one."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import backtrader as bt
import numpy as np

from quantbox.backtesting.engines.a_share_broker import AShareBroker
from quantbox.backtesting.engines.calendar import Sessions
from quantbox.backtesting.engines.feeds import BarFeed
from quantbox.backtesting.engines.models import EngineInput, EngineResult
from quantbox.backtesting.engines.notices import notices_of_broker, notices_of_feeds, notices_of_holdings
from quantbox.backtesting.engines.recorder import Recorder
from quantbox.brokers.models import Fill, Refusal
from quantbox.brokers.simulation import SimulatedExchange
from quantbox.core.money import exact
from quantbox.market_data import rules

__all__ = ["Engine", "Progress"]

#: Told the finished fraction and the day of the bar.
Progress = Callable[[float, date], None]


class Engine:
    """One run of one strategy.

    Parameters
    ----------
    given : EngineInput
        What to run.
    progress : callable
        Told how far the run is, at most some two hundred times.
    """

    def __init__(self, given: EngineInput, progress: Progress) -> None:
        self._given = given
        self._progress = progress
        self._feeds = tuple(BarFeed(bars=bars) for bars in given.feeds)
        self._days = len({day for bars in given.feeds for day in bars.dates})
        self._days_done = 0

    @property
    def name(self) -> str:
        """Name of the broker that filled: a_share or stock."""
        return "a_share" if self._given.rules else "stock"

    @property
    def bars(self) -> int:
        """Number of bars of all feeds."""
        return sum(len(bars) for bars in self._given.feeds)

    @property
    def current_date(self) -> date | None:
        """Day of the newest bar the strategy has seen; None before the first."""
        seen = [feed.bars.dates[feed.last_index] for feed in self._feeds if 0 <= feed.last_index < len(feed.bars)]
        return max(seen, default=None)

    def run(self) -> EngineResult:
        """Run the strategy from the first bar to the last; what it raises comes through."""
        given = self._given
        random.seed(given.seed)
        np.random.seed(given.seed % 2**32)  # numpy's global state, which a strategy may use
        cerebro = bt.Cerebro(stdstats=False)
        if given.rules:
            cerebro.broker = self._a_share_broker()
            value_and_invested = lambda: _exact_value(cerebro.broker)  # noqa: E731
        else:
            cerebro.broker.setcash(float(given.cash))
            value_and_invested = lambda: _stock_value(cerebro.broker)  # noqa: E731
        for feed in self._feeds:
            cerebro.adddata(feed, name=feed.bars.symbol)
        cerebro.addstrategy(given.strategy, **given.params)
        cerebro.addanalyzer(Recorder, value_and_invested=value_and_invested, feeds=self._feeds, on_day=self._report)
        recorder = cerebro.run()[0].analyzers.recorder
        return self._result(cerebro.broker, recorder)

    def _a_share_broker(self) -> AShareBroker:
        given = self._given
        listings = {bars.symbol: bars.listing for bars in given.feeds}
        exchange = SimulatedExchange(given.cash, given.commission, listings, rules)
        return AShareBroker(exchange, self._feeds, self._sessions())

    def _sessions(self) -> Sessions:
        days = [*self._given.sessions, *(day for bars in self._given.feeds for day in bars.dates)]
        return Sessions(days)

    def _report(self, today: date) -> None:
        self._days_done += 1
        if self._days_done % (self._days // 200 + 1) == 0:
            self._progress(self._days_done / self._days, today)

    def _result(self, broker: Any, recorder: Recorder) -> EngineResult:
        given = self._given
        notices = [*notices_of_feeds(given), *notices_of_holdings(self._feeds, broker, recorder)]
        result = EngineResult(
            final_value=float(broker.getvalue()),
            final_cash=float(broker.getcash()),
            trades=recorder.fills,
            rejected=recorder.unpaid,
            warnings=notices,
            equity=[{"date": day.isoformat(), "value": value} for day, value, _ in recorder.days],
            exposure=[{"date": day.isoformat(), "invested_yuan": invested} for day, _, invested in recorder.days],
        )
        if given.rules:
            value, _ = _exact_value(broker)
            result.final_value = value
            result.final_cash = float(broker.exchange.account.cash)
            result.trades = [_trade(fill) for fill in broker.exchange.fills]
            result.rejected = [_rejection(refusal) for refusal in broker.exchange.refusals]
            result.warnings += notices_of_broker(broker)
        return result


def _stock_value(broker: Any) -> tuple[float, float]:
    """Value as stock Backtrader says it, and holdings; positions are read without adding any."""
    held = ((feed, position.size) for feed, position in broker.positions.items() if position.size)
    return float(broker.getvalue()), float(sum(size * feed.close[0] for feed, size in held))


def _exact_value(broker: AShareBroker) -> tuple[float, float]:
    """Value and holdings to the cent, at the newest close of each symbol."""
    account = broker.exchange.account
    prices = _newest_closes((feed for feed, position in broker.positions.items() if position.size))
    return float(account.value(prices)), float(account.invested(prices))


def _newest_closes(feeds: Iterable[BarFeed]) -> dict[str, Decimal]:
    return {feed.bars.symbol: exact(feed.bars.close[feed.last_index]) for feed in feeds}


def _trade(fill: Fill) -> dict[str, Any]:
    return {
        "date": fill.date.isoformat(),
        "symbol": fill.symbol,
        "side": fill.side.value,
        "price": float(fill.price),
        "size": fill.size,
        "commission": float(fill.fees.commission),
        "stamp_tax": float(fill.fees.stamp_tax),
        "transfer_fee": float(fill.fees.transfer_fee),
    }


def _rejection(refusal: Refusal) -> dict[str, Any]:
    return {
        "date": refusal.date.isoformat(),
        "symbol": refusal.symbol,
        "side": refusal.side.value,
        "size": refusal.size,
        "rule": refusal.rule.value,
    }

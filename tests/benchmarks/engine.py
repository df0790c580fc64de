"""Bars a second of one SMA cross, ours beside stock Backtrader with pandas feeds, same process, same bars, same final value."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import backtrader as bt
import numpy as np
import pandas as pd

from quantbox.backtesting.engines import Engine, EngineInput, FeedBars
from quantbox.brokers.models import Listing

BARS = 10_000


class SmaCross(bt.Strategy):  # type: ignore[misc]  # backtrader has no types
    """Buy 100 shares when the fast mean crosses above the slow one, sell them when it crosses back."""

    def __init__(self) -> None:
        self.cross = bt.ind.CrossOver(bt.ind.SMA(period=10), bt.ind.SMA(period=30))

    def next(self) -> None:
        """Trade the cross."""
        if self.cross[0] > 0 and not self.position:
            self.buy(size=100)
        elif self.cross[0] < 0 and self.position:
            self.close()


def random_bars() -> FeedBars:
    """Return daily bars on every day of 27 years, prices in cents near 20 yuan."""
    generator = np.random.default_rng(7)
    close = 20 + 2 * np.sin(np.arange(BARS) / 50) + generator.normal(0, 0.05, BARS).cumsum() * 0.05
    close = np.round(close, 2)
    opened = np.round(close + generator.normal(0, 0.02, BARS), 2)
    high, low = np.maximum(opened, close) + 0.05, np.minimum(opened, close) - 0.05
    first = date(1997, 1, 1)
    return FeedBars(
        symbol="600000.SH",
        dates=[first + timedelta(days=day) for day in range(BARS)],
        open=opened.tolist(),
        high=np.round(high, 2).tolist(),
        low=np.round(low, 2).tolist(),
        close=close.tolist(),
        volume=[1_000_000] * BARS,
        pre_close=[None, *close.tolist()[:-1]],
        is_st=[False] * BARS,
        listing=Listing("600000.SH"),
    )


def run_stock(bars: FeedBars) -> float:
    """Run stock Backtrader on a pandas feed and return the final value."""
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=pd.DataFrame(columns, index=pd.DatetimeIndex(bars.dates))))
    cerebro.addstrategy(SmaCross)
    cerebro.broker.setcash(100_000)
    cerebro.run()
    return float(cerebro.broker.getvalue())


def run_ours(bars: FeedBars, *, rules: bool) -> float:
    """Run our engine and return the final value."""
    asked = EngineInput(
        strategy=SmaCross, params={}, feeds=(bars,), cash=Decimal(100_000), rules=rules, sessions=tuple(bars.dates)
    )
    return Engine(asked, lambda _fraction, _day: None).run().final_value


def timed(work: Any) -> tuple[float, float]:
    """Return (seconds, result)."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def measure(_folder: Path) -> Iterator[str]:
    """Yield the lines on engine speed."""
    bars = random_bars()
    stock_seconds, stock_value = timed(lambda: run_stock(bars))
    ours_seconds, ours_value = timed(lambda: run_ours(bars, rules=False))
    rules_seconds, _ = timed(lambda: run_ours(bars, rules=True))
    yield f"engine: SMA cross, {BARS:,} bars, whole run with feed"
    yield f"  stock Backtrader          {BARS / stock_seconds:>10,.0f} bars/s"
    same = "same" if round(ours_value, 2) == round(stock_value, 2) else "DIFFERENT"
    yield f"  QuantBox, rules off       {BARS / ours_seconds:>10,.0f} bars/s  {stock_seconds / ours_seconds:.2f} x stock, {same} final value"
    yield f"  QuantBox, A-share rules   {BARS / rules_seconds:>10,.0f} bars/s  {stock_seconds / rules_seconds:.2f} x stock"

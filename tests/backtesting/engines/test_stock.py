"""With rules off the engine is stock Backtrader, to the last bit of a float."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import backtrader as bt
import pandas as pd
import polars as pl
import pytest

from quantbox.backtesting.engines import Engine, EngineInput, EngineResult
from quantbox.backtesting.loading import find_strategy, load_module
from quantbox.backtesting.samples import SAMPLES
from quantbox.core.money import exact

from .bars import feed_bars, invented, read_baostock
from .strategies import KINDS_OF_ORDERS, Limits, TargetPercents

Frames = dict[str, pl.DataFrame]
SAMPLES_FOLDER = Path(__file__).resolve().parents[3] / "quantbox" / "backtesting" / "samples"


def sample(name: str) -> type:
    return find_strategy(load_module((SAMPLES_FOLDER / name).read_text(encoding="utf-8"), name))


STRATEGIES = [*KINDS_OF_ORDERS, *(sample(name) for name in SAMPLES)]


def run_engine(strategy: type, frames: Frames, cash: float = 1e6, **params: Any) -> EngineResult:
    given = EngineInput(strategy, params, feed_bars(frames), exact(cash), rules=False)
    return Engine(given, lambda fraction, day: None).run()


def run_stock(
    strategy: type, frames: Frames, cash: float = 1e6, **params: Any
) -> tuple[list[tuple[Any, ...]], float, list[float]]:
    """Stock Backtrader as its own documentation shows it: PandasData, default broker, order notifications."""
    fills: list[tuple[Any, ...]] = []
    values: list[float] = []

    def notify_order(self: Any, order: Any) -> None:
        strategy.notify_order(self, order)  # type: ignore[attr-defined]
        for part in order.executed.iterpending():
            day = bt.num2date(part.dt).date().isoformat()
            fills.append((day, order.data._name, "buy" if part.size > 0 else "sell", part.price, abs(part.size), part.comm))

    def notify_cashvalue(self: Any, cash: float, value: float) -> None:
        values.append(value)

    logged = type(
        "Logged", (strategy,), {"notify_order": notify_order, "notify_cashvalue": notify_cashvalue, "__module__": __name__}
    )
    cerebro = bt.Cerebro()
    cerebro.broker.setcash(cash)
    for symbol, frame in frames.items():
        bars = frame.to_dict(as_series=False)
        index = pd.DatetimeIndex(bars["date"])
        columns = {name: bars[name] for name in ("open", "high", "low", "close", "volume")}
        cerebro.adddata(bt.feeds.PandasData(dataname=pd.DataFrame(columns, index=index)), name=symbol)
    cerebro.addstrategy(logged, **params)
    cerebro.run()
    return fills, cerebro.broker.getvalue(), values


def fills_of(result: EngineResult) -> list[tuple[Any, ...]]:
    names = ("date", "symbol", "side", "price", "size", "commission")
    return [tuple(trade[name] for name in names) for trade in result.trades]


def assert_same(strategy: type, frames: Frames, least_fills: int, **params: Any) -> None:
    result = run_engine(strategy, frames, **params)
    fills, final_value, values = run_stock(strategy, frames, **params)
    assert fills_of(result) == fills
    assert result.final_value == final_value
    assert [day["value"] for day in result.equity] == values
    assert len(fills) >= least_fills, "a run without fills proves nothing"
    days = sorted({day.isoformat() for frame in frames.values() for day in frame["date"]})
    assert [day["date"] for day in result.equity] == days[-len(values) :]


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("feeds", [1, 3])
def test_rules_off_equals_stock_backtrader_on_invented_bars(strategy: type, feeds: int) -> None:
    frames = {f"60000{seed}.SH": invented(seed, gaps=seed > 0) for seed in range(feeds)}
    assert_same(strategy, frames, 5)


@pytest.mark.real_data
@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("symbols", [["600519.SH"], ["600036.SH", "300750.SZ", "600519.SH"]], ids=["one", "three"])
def test_rules_off_equals_stock_backtrader_on_real_bars(strategy: type, symbols: list[str], real_data: Path) -> None:
    assert_same(strategy, {symbol: read_baostock(real_data, symbol).tail(600) for symbol in symbols}, 5)


def test_parameters_reach_the_strategy() -> None:
    frames = {"600000.SH": invented(0)}
    assert_same(Limits, frames, 5, below=0.99, size=17)
    assert {trade["size"] % 17 for trade in run_engine(Limits, frames, below=0.99, size=17).trades} == {0}


def test_feeds_of_different_length_give_one_equity_day_for_every_day_with_a_bar() -> None:
    frames = {"600000.SH": invented(1, 50), "600001.SH": invented(2, 80)}
    result = run_engine(TargetPercents, frames)
    assert len(result.equity) == len(result.exposure) == 80


def test_a_run_repeats_to_the_bit_with_its_seed() -> None:
    source = """
import random
import backtrader as bt
import numpy as np

class Dice(bt.Strategy):
    def next(self):
        if random.random() < 0.2:
            self.order_target_size(target=int(np.random.randint(1, 50)) * 100)
"""
    strategy = find_strategy(load_module(source, "dice.py"))
    frames = feed_bars({"600000.SH": invented(3)})
    runs = [Engine(EngineInput(strategy, {}, frames, exact(1e6), seed=seed), lambda *_: None).run() for seed in (7, 7, 8)]
    assert runs[0] == runs[1]
    assert runs[0].trades != runs[2].trades


def test_progress_ends_near_the_end_and_is_not_told_for_every_bar() -> None:
    told: list[tuple[float, Any]] = []
    frames = {"600000.SH": invented(1, 1000)}
    given = EngineInput(Limits, {}, feed_bars(frames), exact(1e6), rules=False)
    Engine(given, lambda fraction, day: told.append((fraction, day))).run()
    assert 50 <= len(told) <= 200
    assert told == sorted(told)
    assert 0.98 < told[-1][0] <= 1


def test_the_name_of_the_feed_is_its_symbol() -> None:
    seen = []

    class Names(bt.Strategy):
        def start(self) -> None:
            seen.extend([data._name for data in self.datas] + [self.getdatabyname("600001.SH")])

    run_engine(Names, {"600000.SH": invented(1, 30), "600001.SH": invented(2, 30)})
    assert seen[:2] == ["600000.SH", "600001.SH"]
    assert seen[2]._name == "600001.SH"

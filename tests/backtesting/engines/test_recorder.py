"""The recorder watches and changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import backtrader as bt
import pytest

from quantbox.backtesting.engines import Engine, EngineInput
from quantbox.backtesting.engines.recorder import day_of

from .bars import feed_bars, handmade, invented


def test_a_time_of_backtrader_is_a_day() -> None:
    assert day_of(bt.date2num(date(2024, 2, 29))) == date(2024, 2, 29)
    assert day_of(bt.date2num(date(2024, 2, 29)) + 0.99) == date(2024, 2, 29)


def test_positions_that_were_never_asked_for_do_not_appear_in_the_broker() -> None:
    sizes: list[int] = []

    class Idle(bt.Strategy):
        def stop(self) -> None:
            sizes.append(len(self.broker.positions))

    Engine(EngineInput(Idle, {}, feed_bars({"600000.SH": invented(1, 30)}), Decimal(1000), rules=False), lambda *_: None).run()
    assert sizes == [0]


@pytest.mark.parametrize("rules", [True, False])
@pytest.mark.parametrize(("bars", "warned"), [(20, True), (21, False)])
def test_a_period_too_short_for_the_indicators_is_a_run_without_trades(bars: int, warned: bool, rules: bool) -> None:
    class Cross(bt.Strategy):  # the average needs 20 bars, its crossing one more
        def __init__(self) -> None:
            self.cross = bt.ind.CrossOver(bt.ind.SMA(period=5), bt.ind.SMA(period=20))

    frames = {"600000.SH": invented(1, bars)}
    given = EngineInput(Cross, {}, feed_bars(frames), Decimal(1000), rules=rules, sessions=tuple(frames["600000.SH"]["date"]))
    result = Engine(given, lambda *_: None).run()
    assert (result.trades, result.final_value, len(result.equity)) == ([], 1000.0, bars)
    expected = [("backtesting.bars_too_few", "600000.SH")] if warned else []
    assert [(warning["code"], warning["symbol"]) for warning in result.warnings] == expected
    if warned:
        assert "need 21 bars of 600000.SH and the period has 20" in result.warnings[0]["message"]["en"]


def test_an_order_that_stock_backtrader_refuses_for_cash_is_listed_with_rules_off() -> None:
    class Greedy(bt.Strategy):
        def next(self) -> None:
            if len(self) == 1:
                self.buy(size=101)  # 1,010.00 of 1,000.00
            elif len(self) == 2:
                self.buy(size=100)

    days = [date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6)]
    frame = handmade([(day, 10.0, 10.0, 10.0, 10.0, 1, 10.0, False) for day in days])
    result = Engine(EngineInput(Greedy, {}, feed_bars({"600000.SH": frame}), Decimal(1000), rules=False), lambda *_: None).run()
    assert result.rejected == [{"date": "2024-03-05", "symbol": "600000.SH", "side": "buy", "size": 101, "rule": "cash"}]
    assert [trade["date"] for trade in result.trades] == ["2024-03-06"]


def test_fractions_of_a_share_are_kept_with_rules_off() -> None:
    class Fraction(bt.Strategy):
        def next(self) -> None:
            if len(self) == 1:
                self.buy(size=0.25)

    days = [date(2024, 3, 4), date(2024, 3, 5)]
    frame = handmade([(day, 10.0, 10.0, 10.0, 10.0, 1, 10.0, False) for day in days])
    result = Engine(EngineInput(Fraction, {}, feed_bars({"600000.SH": frame}), Decimal(1000), rules=False), lambda *_: None).run()
    assert [(trade["size"], trade["price"]) for trade in result.trades] == [(0.25, 10.0)]
    assert [day["invested_yuan"] for day in result.exposure] == [0.0, 2.5]

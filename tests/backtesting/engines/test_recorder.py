"""The recorder watches and changes nothing."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import backtrader as bt

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

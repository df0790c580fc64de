"""Runs with rules on: a strategy that acts on given days, and a referee that knows only trades and closes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import backtrader as bt
import polars as pl

from quantbox.backtesting.engines import Engine, EngineInput, EngineResult
from quantbox.brokers.models import Commission

from .bars import feed_bars

__all__ = ["check_by_ledger", "keys", "rejected", "run", "script", "trades"]


def script(plan: dict[str, Callable[[Any], Any]]) -> type:
    """A strategy that does what `plan` says after the close of a day, and keeps what it was told of its orders."""

    class Script(bt.Strategy):
        def __init__(self) -> None:
            self.told: list[tuple[str, str, int]] = []
            type(self).last = self

        def prenext(self) -> None:
            self.next()

        def next(self) -> None:
            act = plan.get(self.datetime.date(0).isoformat())
            if act:
                act(self)

        def notify_order(self, order: Any) -> None:
            self.told.append((self.datetime.date(0).isoformat(), order.getstatusname(), int(order.executed.size)))

    return Script


def run(
    strategy: type,
    frames: dict[str, pl.DataFrame],
    cash: str = "100000",
    *,
    sessions: list[date] | None = None,
    commission: Commission | None = None,
) -> EngineResult:
    """Run with rules on and let the referee check the result."""
    days = sessions if sessions is not None else sorted({day for frame in frames.values() for day in frame["date"]})
    given = EngineInput(
        strategy, {}, feed_bars(frames), Decimal(cash), rules=True, sessions=tuple(days), commission=commission or Commission()
    )
    result = Engine(given, lambda fraction, day: None).run()
    check_by_ledger(result, frames, cash)
    return result


def check_by_ledger(result: EngineResult, frames: dict[str, pl.DataFrame], cash: str) -> None:
    """Recompute cash, holdings and equity to the cent from the trades and the closes alone."""
    money, held = Decimal(cash), dict.fromkeys(frames, 0)
    trades = list(result.trades)
    closes = {symbol: dict(zip(frame["date"], frame["close"], strict=True)) for symbol, frame in frames.items()}
    newest: dict[str, Decimal] = {}
    for day in sorted({day for frame in frames.values() for day in frame["date"]}):
        newest |= {symbol: Decimal(str(close[day])) for symbol, close in closes.items() if day in close}
        bought = dict.fromkeys(frames, 0)
        while trades and trades[0]["date"] == day.isoformat():
            trade = trades.pop(0)
            amount = Decimal(str(trade["price"])) * trade["size"]
            fees = sum(Decimal(str(trade[kind])) for kind in ("commission", "stamp_tax", "transfer_fee"))
            is_buy = trade["side"] == "buy"
            money += (-amount if is_buy else amount) - fees
            held[trade["symbol"]] += trade["size"] if is_buy else -trade["size"]
            bought[trade["symbol"]] += trade["size"] if is_buy else 0
            assert money >= 0
            assert day in closes[trade["symbol"]], "no fill without a bar"
            assert held[trade["symbol"]] >= bought[trade["symbol"]], "what was bought today is still there tonight"
        value = money + sum(newest[symbol] * size for symbol, size in held.items() if size)
        shown = next(entry["value"] for entry in result.equity if entry["date"] == day.isoformat())
        assert Decimal(str(shown)) == value
    assert trades == []
    assert Decimal(str(result.final_cash)) == money
    assert Decimal(str(result.final_value)) == value


def keys(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def trades(result: Any) -> list[tuple[Any, ...]]:
    return keys(result.trades, "date", "side", "price", "size")


def rejected(result: Any) -> list[tuple[Any, ...]]:
    return keys(result.rejected, "date", "side", "size", "rule")

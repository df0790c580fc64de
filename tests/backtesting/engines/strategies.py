"""Plain strategies that together use every kind of order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import backtrader as bt

__all__ = ["KINDS_OF_ORDERS", "Brackets", "Limits", "Shorts", "Stops", "TargetPercents", "Trailing"]


class Limits(bt.Strategy):
    """Limit orders on the tick below the close, some of which expire; sold by limit above the price paid."""

    params = (("below", 0.985), ("above", 1.03), ("size", 300))

    def next(self) -> None:
        if len(self) % 3 == 0 and not self.position:
            self.buy(
                size=self.p.size,
                exectype=bt.Order.Limit,
                price=round(self.data.close[0] * self.p.below, 2),
                valid=timedelta(days=4),
            )
        elif len(self) % 7 == 0 and self.position.size > 0:
            self.sell(size=self.position.size, exectype=bt.Order.Limit, price=round(self.position.price * self.p.above, 2))
        elif len(self) % 31 == 0:
            self.close()


class Stops(bt.Strategy):
    """Stop entries above the market, stop-limit exits below, at the close now and then."""

    def next(self) -> None:
        close = self.data.close[0]
        if len(self) % 4 == 0 and not self.position:
            self.buy(size=500, exectype=bt.Order.Stop, price=close * 1.01, valid=timedelta(days=3))
        elif len(self) % 5 == 0 and self.position.size > 0:
            self.sell(size=100, exectype=bt.Order.StopLimit, price=close * 0.99, plimit=close * 0.985, valid=timedelta(days=6))
        elif len(self) % 23 == 0:
            self.close(exectype=bt.Order.Close)


class Trailing(bt.Strategy):
    """Market entries with trailing exits."""

    def next(self) -> None:
        if not self.position and len(self) % 6 == 0:
            self.buy(size=400)
            self.sell(size=400, exectype=bt.Order.StopTrail, trailpercent=0.04)


class Brackets(bt.Strategy):
    """Bracket orders on the tick: limit entry, stop and target; nothing else while one is open."""

    def __init__(self) -> None:
        self.open_orders: set[int] = set()

    def notify_order(self, order: Any) -> None:
        if not order.alive():
            self.open_orders.discard(order.ref)

    def next(self) -> None:
        if self.position or self.open_orders:
            return
        close = self.data.close[0]
        prices = {"price": close * 0.995, "limitprice": close * 1.03, "stopprice": close * 0.97}
        orders = self.buy_bracket(size=300, **{name: round(price, 2) for name, price in prices.items()})
        self.open_orders.update(order.ref for order in orders)


class TargetPercents(bt.Strategy):
    """Equal parts of several feeds, changed every few days; too greedy for its cash now and then."""

    params = (("total", 1.02),)

    def prenext(self) -> None:
        self.next()

    def next(self) -> None:
        if len(self) % 5:
            return
        for place, data in enumerate(self.datas):
            if len(data):
                share = min(self.p.total / len(self.datas), 0.9)
                wanted = share if (len(self) // 5 + place) % 3 else 0.0
                self.order_target_percent(data, target=wanted)


class Shorts(bt.Strategy):
    """Turns from long to short and back, as futures traders do; a stock account with rules refuses the short side."""

    def next(self) -> None:
        if len(self) % 10 == 0:
            self.order_target_size(target=200 if (len(self) // 10) % 2 else -200)


KINDS_OF_ORDERS = (Limits, Stops, Trailing, Brackets, TargetPercents, Shorts)

"""Backtrader's own broker with the simulated exchange in the place where it would fill.

Backtrader decides when an order's price is met (market, limit, stop, trailing, brackets, one-cancels-other, validity);
the exchange decides whether the day's market takes it, how much of it and at what cost. Strategies keep reading
positions, cash, value and order notifications as they always do:

- a fill cut by a rule is Completed with the smaller `executed.size`; what was cut is listed as rejected;
- a refusal of the whole order is Margin where cash lacks, else Rejected;
- orders at the open or the close live one session, all others wait until they are valid no more.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import backtrader as bt

from quantbox.backtesting.engines.calendar import Sessions
from quantbox.backtesting.engines.feeds import BarFeed
from quantbox.brokers.models import Fill, Order, Rule, SessionBar, Side
from quantbox.brokers.simulation import SimulatedExchange
from quantbox.core.money import exact, to_cents

__all__ = ["AShareBroker"]

_ONE_SESSION = (bt.Order.Market, bt.Order.Close)
#: What a strategy may set on a stock broker and this market does not leave to it.
_FIXED_SETTINGS = (
    "add_order_history",
    "addcommissioninfo",
    "set_cash",
    "set_checksubmit",
    "set_coc",
    "set_coo",
    "set_eosbar",
    "set_filler",
    "set_fund_history",
    "set_int2pnl",
    "set_shortcash",
    "set_slippage_fixed",
    "set_slippage_perc",
    "setcash",
    "setcommission",
    "seteosbar",
)


class AShareBroker(bt.brokers.BackBroker):  # type: ignore[misc]  # backtrader has no types
    """Backtrader broker on the simulated A-share exchange.

    Parameters
    ----------
    exchange : SimulatedExchange
        Holds cash and shares; this broker mirrors them for Backtrader.
    feeds : iterable of BarFeed
        The feeds of the run.
    sessions : Sessions
        Days of trading of the market.
    """

    def __init__(self, exchange: SimulatedExchange, feeds: Iterable[BarFeed], sessions: Sessions) -> None:
        self.exchange = exchange
        self.ignored_settings: dict[str, None] = {}
        self.deposits: list[tuple[date | None, float]] = []
        self._feeds = tuple(feeds)
        self._sessions = sessions
        self._today: date | None = None
        self._meets_market_on: dict[int, date | None] = {}
        self.p.cash = float(exchange.account.cash)
        super().__init__()

    # --- what Backtrader calls ---------------------------------------------------------------------------------------

    def next(self) -> None:
        """Open the session of the newest bar and let every open order meet it, in the order in which they were given."""
        self._today = max(feed.bars.dates[feed.last_index] for feed in self._feeds if feed.last_index >= 0)
        self.exchange.open_session()
        for child in self._toactivate:
            self._meets_market_on[child.ref] = self._today
            _fit_to_parent(child)
        super().next()

    def transmit(self, order: Any, check: bool = True) -> Any:
        """Take an order for the next session."""
        if not math.isfinite(order.size):
            raise ValueError(f"an order of {order.size} shares")
        self._meets_market_on[order.ref] = self._sessions.after(self._today) if self._today else None
        return super().transmit(order, check=check)

    def check_submitted(self) -> None:
        """Accept what could trade at all; cash is asked when the price is known."""
        while self.submitted:
            order = self.submitted.popleft()
            if self._take_children(order) is None:
                continue
            on = self._first_session(order)
            rule = self.exchange.find_obstacle(order.data.bars.symbol, _side(order), abs(order.size), on)
            if rule is None:
                self.submit_accept(order)
            else:
                self._refuse(order, rule, on)

    def _try_exec(self, order: Any) -> None:
        on = self._first_session(order)
        if order.exectype in _ONE_SESSION and (on != self._today or self._bar(order.data) is None):
            self._refuse(order, Rule.SUSPENDED, on)
        elif self._bar(order.data) is not None:
            super()._try_exec(order)

    def _execute(self, order: Any, price: float | None = None, **_ago: Any) -> None:
        if price is None or self._today is None:
            return
        wish = Order(
            ref=order.ref,
            symbol=order.data.bars.symbol,
            side=_side(order),
            size=abs(float(order.executed.remsize)),
            limit=None if (limit := _limit(order)) is None else exact(float(limit)),
            lives_one_session=order.exectype in _ONE_SESSION,
        )
        execution = self.exchange.execute(wish, self._today, self._bar(order.data), exact(float(price)))
        sign = 1 if order.isbuy() else -1
        if execution.fill is not None:
            order.executed.remsize = sign * (execution.fill.size + execution.waiting)
            self._book(order, execution.fill)
        elif execution.waiting:
            order.executed.remsize = sign * execution.waiting
        else:
            self._end(order, execution.refused[0].rule)

    def add_cash(self, cash: float) -> None:
        """Pay yuan into the account at once, or take them out; more than is there cannot be taken."""
        amount = to_cents(exact(float(cash)))
        self.exchange.account.deposit(amount)
        self.deposits.append((self._today, float(amount)))
        self._fundshares += float(amount) / self._fundval
        self.cash = float(self.exchange.account.cash)
        self._get_value()

    # --- between the two ---------------------------------------------------------------------------------------------

    def _first_session(self, order: Any) -> date:
        on = self._meets_market_on.get(order.ref) or self._today
        if on is None:
            raise RuntimeError("an order met the market before its first session")
        return on

    def _bar(self, feed: BarFeed) -> SessionBar | None:
        index = feed.last_index
        if index < 0 or feed.bars.dates[index] != self._today:
            return None
        return feed.bars.session_bar(index, self._sessions.since(feed.bars.listing.listed_on, self._today))

    def _book(self, order: Any, fill: Fill) -> None:
        position = self.positions[order.data]
        price, fees, cost = float(fill.price), float(fill.fees.total), position.price
        size = fill.size if order.isbuy() else -fill.size
        at = datetime.combine(fill.date, datetime.min.time())
        held, average, opened, closed = position.update(size, price, at)
        self.cash = float(self.exchange.account.cash)
        order.execute(
            order.data.datetime[0],
            size,
            price,
            closed,
            -closed * cost,
            fees if closed else 0.0,
            opened,
            opened * price,
            fees if opened else 0.0,
            None,
            -closed * (price - cost),
            held,
            average,
        )
        order.addcomminfo(self.getcommissioninfo(order.data))
        self.notify(order)
        self._ococheck(order)

    def _refuse(self, order: Any, rule: Rule, on: date) -> None:
        self.exchange.refuse(order.data.bars.symbol, _side(order), abs(float(order.executed.remsize)), rule, on)
        self._end(order, rule)

    def _end(self, order: Any, rule: Rule) -> None:
        if rule is Rule.CASH:
            order.margin()
        else:
            order.reject(self)
        self.notify(order)
        self._ococheck(order)
        self._bracketize(order, cancel=True)


def _side(order: Any) -> Side:
    return Side.BUY if order.isbuy() else Side.SELL


def _fit_to_parent(child: Any) -> None:
    """Let the exit of a bracket sell no more than its entry, cut to whole lots or to cash, has bought."""
    filled = abs(child.parent.executed.size)
    if child.isbuy() != child.parent.isbuy() and abs(child.executed.remsize) > filled:
        child.executed.remsize = filled if child.isbuy() else -filled


def _limit(order: Any) -> float | None:
    if order.exectype == bt.Order.Limit:
        return order.created.price  # type: ignore[no-any-return]
    if order.exectype in (bt.Order.StopLimit, bt.Order.StopTrailLimit):
        return order.created.pricelimit  # type: ignore[no-any-return]
    return None


def _note_instead(name: str) -> Any:
    def note(self: AShareBroker, *_args: Any, **_kwargs: Any) -> None:
        self.ignored_settings.setdefault(name)

    note.__name__ = name
    note.__doc__ = f"Note that the strategy called `{name}`, which this market does not leave to it."
    return note


for _name in _FIXED_SETTINGS:
    setattr(AShareBroker, _name, _note_instead(_name))

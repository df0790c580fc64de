"""The simulated exchange: takes an order and a day's bar, answers what the market would have taken.

Order of events, the same in every engine:

1. :meth:`SimulatedExchange.open_session` begins a day; shares bought before may now be sold.
2. :meth:`SimulatedExchange.execute` is called once for each order and session, in the order in which the orders were
   given; cash and shares of one execution are there for the next.
3. Within one execution the rules are asked in this order: tradable at all, traded that day, price not at its limit,
   then the size: sellable shares and whole lots for a sale, whole lots and cash for a buy.

What a rule cuts off is refused and recorded with that rule; only the few shares by which an order is above whole lots are
rounded away without a record, unless nothing of the order is left. An order that lives longer than one session waits
instead where only the day was in the way: suspended, locked at the limit, shares not yet sellable.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from quantbox.brokers.models import Commission, Fill, Listing, Order, Refusal, Rule, SessionBar, Side
from quantbox.brokers.simulation.account import Account
from quantbox.brokers.simulation.fees import FeeTable
from quantbox.brokers.simulation.lots import largest_sell, whole_lots
from quantbox.brokers.simulation.price_limits import locked_out, price_on_tick, trusted_limits
from quantbox.brokers.simulation.rule_book import RuleBook
from quantbox.core.money import to_cents

__all__ = ["Doubt", "Execution", "SimulatedExchange"]


@dataclass(frozen=True)
class Execution:
    """What became of an order on one session.

    Attributes
    ----------
    fill : Fill or None
        What traded.
    refused : tuple of Refusal
        What was cut off for good, by rule.
    waiting : int
        Shares still wanted on later sessions; always 0 for an order that lives one session.
    """

    fill: Fill | None = None
    refused: tuple[Refusal, ...] = ()
    waiting: int = 0


@dataclass(frozen=True)
class Doubt:
    """A day on which the bar traded beyond the price limits that the rules give, so none were applied."""

    symbol: str
    date: date
    upper: Decimal | None
    lower: Decimal | None


@dataclass(frozen=True)
class _Size:
    """How much of an order trades: taken, held back for later, and cut off by rule."""

    taken: int
    waiting: int = 0
    cut: tuple[tuple[Rule, int], ...] = ()


class SimulatedExchange:
    """One account on the A-share market.

    Parameters
    ----------
    cash : Decimal
        Yuan at the start.
    commission : Commission
        What the owner's broker charges.
    listings : mapping of str to Listing
        Every instrument that may be traded, by symbol.
    rules : RuleBook
        Dated market rules.
    """

    def __init__(self, cash: Decimal, commission: Commission, listings: Mapping[str, Listing], rules: RuleBook) -> None:
        self.account = Account(cash)
        self.fills: list[Fill] = []
        self.refusals: list[Refusal] = []
        self.doubts: dict[Doubt, None] = {}
        self._listings = listings
        self._rules = rules
        self._fees = FeeTable(commission, rules)

    def open_session(self) -> None:
        """Begin a day of trading."""
        self.account.open_session()

    def find_obstacle(self, symbol: str, side: Side, size: float, on: date) -> Rule | None:
        """Return why an order could never trade, whatever the market does, or None."""
        if not self._listings[symbol].is_tradable:
            return Rule.NOT_TRADABLE
        if side is Side.BUY and not whole_lots(math.floor(size), self._rules.lot(symbol, on)):
            return Rule.LOT_SIZE
        return None

    def refuse(self, symbol: str, side: Side, size: float, rule: Rule, on: date) -> Refusal:
        """Record that `size` shares (a part of a share counts as one) were refused on a day by a rule."""
        refusal = Refusal(on, symbol, side, math.ceil(size), rule)
        self.refusals.append(refusal)
        return refusal

    def limit_prices(self, symbol: str, bar: SessionBar) -> tuple[Decimal | None, Decimal | None]:
        """Return the upper and lower limit price in force on the bar's day; None where there is none or it is unknown."""
        upper, lower = self._limits(symbol, bar, is_st=bar.is_st)
        if bar.is_st is None and bar.high == bar.low:
            of_st = self._limits(symbol, bar, is_st=True)
            if bar.high in of_st:  # one price all day, and just the limit of ST: that says what nobody said
                upper, lower = of_st
        trusted = trusted_limits(upper, lower, bar)
        if trusted != (upper, lower):
            self.doubts.setdefault(Doubt(symbol, bar.date, upper, lower))
        return trusted

    def execute(self, order: Order, on: date, bar: SessionBar | None, price: Decimal) -> Execution:
        """Trade `order` on a session at `price`, as far as the market takes it.

        Parameters
        ----------
        order : Order
            What is still wanted.
        on : date
            The session.
        bar : SessionBar or None
            The instrument's bar of that session; None when it did not trade.
        price : Decimal
            Price at which the order meets the market; moved to the tick.
        """
        rule = self.find_obstacle(order.symbol, order.side, order.size, on)
        if rule is not None:
            return Execution(refused=(self.refuse(order.symbol, order.side, order.size, rule, on),))
        if bar is None or not bar.has_traded:
            return self._take_nothing(order, Rule.SUSPENDED, on)
        price = price_on_tick(price, order.side, self._rules.tick(order.symbol, on), order.limit)
        rule = locked_out(order.side, price, *self.limit_prices(order.symbol, bar))
        if rule is not None:
            return self._take_nothing(order, rule, on)
        size = self._size_sell(order, on) if order.side is Side.SELL else self._size_buy(order, price, on)
        fill = self._trade(order, price, size.taken, on) if size.taken else None
        if order.side is Side.SELL and size.taken and fill is None:  # the fees were above proceeds and cash together
            size = _Size(0, 0, ((Rule.CASH, math.ceil(order.size)),))
        refused = tuple(self.refuse(order.symbol, order.side, cut, rule, on) for rule, cut in size.cut)
        return Execution(fill, refused, size.waiting)

    def _limits(self, symbol: str, bar: SessionBar, *, is_st: bool | None) -> tuple[Decimal | None, Decimal | None]:
        if bar.pre_close is None:
            return None, None
        return self._rules.limit_prices(
            symbol,
            bar.date,
            bar.pre_close,
            is_st=is_st,
            listed_on=self._listings[symbol].listed_on,
            sessions_since_listing=bar.sessions_since_listing,
        )

    def _take_nothing(self, order: Order, rule: Rule, on: date) -> Execution:
        if order.lives_one_session:
            return Execution(refused=(self.refuse(order.symbol, order.side, order.size, rule, on),))
        return Execution(waiting=math.ceil(order.size))

    def _size_sell(self, order: Order, on: date) -> _Size:
        wanted = math.ceil(order.size)
        position = self.account.position(order.symbol)
        available = min(wanted, position.sellable)
        locked = 0 if order.lives_one_session else min(wanted, position.held) - available
        lot = self._rules.lot(order.symbol, on)
        taken = largest_sell(min(math.floor(order.size), available), position.sellable, lot)
        return _Size(
            taken, locked, _cuts((Rule.SELLABLE, wanted - available - locked), (Rule.LOT_SIZE, 0 if taken else available))
        )

    def _size_buy(self, order: Order, price: Decimal, on: date) -> _Size:
        lot = self._rules.lot(order.symbol, on)
        whole = whole_lots(math.floor(order.size), lot)
        sizes = range(lot.minimum, whole + 1, lot.step)
        affordable = bisect_right(sizes, self.account.cash, key=lambda size: self._outlay(order, price, size, on))
        taken = sizes[affordable - 1] if affordable else 0
        return _Size(taken, 0, _cuts((Rule.CASH, whole - taken)))

    def _outlay(self, order: Order, price: Decimal, size: int, on: date) -> Decimal:
        amount = to_cents(price * size)
        return amount + self._fees.cost(order, amount, on).total

    def _trade(self, order: Order, price: Decimal, size: int, on: date) -> Fill | None:
        amount = to_cents(price * size)
        fees = self._fees.cost(order, amount, on)
        if order.side is Side.SELL and self.account.cash + amount < fees.total:
            return None
        fill = Fill(on, order.symbol, order.side, price, size, fees)
        self.account.book(fill, settles_today=self._rules.settlement_days(order.symbol, on) == 0)
        self._fees.book(order, amount, fees, on)
        self.fills.append(fill)
        return fill


def _cuts(*cuts: tuple[Rule, int]) -> tuple[tuple[Rule, int], ...]:
    return tuple((rule, size) for rule, size in cuts if size)

"""The words of trading: side, order, bar of a session, fill, fees, refusal, position."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

__all__ = ["Commission", "Fees", "Fill", "Listing", "Order", "Position", "Refusal", "Rule", "SessionBar", "Side"]


@dataclass(frozen=True)
class Commission:
    """What the owner's broker charges on each order, both sides.

    Attributes
    ----------
    rate_bps : Decimal
        Basis points of the traded amount.
    minimum_yuan : Decimal
        Least commission of one order, however many parts it fills in.
    """

    rate_bps: Decimal = Decimal("2.5")
    minimum_yuan: Decimal = Decimal(5)


class Side(StrEnum):
    """Direction of an order."""

    BUY = "buy"
    SELL = "sell"


class Rule(StrEnum):
    """The rule an order was refused by, or cut by."""

    LOT_SIZE = "lot_size"  # below one lot
    SELLABLE = "sellable"  # T+1, or not held: nothing that may be sold today
    CASH = "cash"  # not enough cash for one lot
    LIMIT_UP = "limit_up"  # the board is locked at the upper limit: no buying
    LIMIT_DOWN = "limit_down"  # the board is locked at the lower limit: no selling
    SUSPENDED = "suspended"  # no trading in this instrument on that day
    NOT_TRADABLE = "not_tradable"  # an index, or a series that is for display only


@dataclass(frozen=True)
class Fees:
    """What one fill cost, in yuan, each rounded to 0.01 and >= 0."""

    commission: Decimal = Decimal(0)
    stamp_tax: Decimal = Decimal(0)
    transfer_fee: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """Return the sum in yuan."""
        return self.commission + self.stamp_tax + self.transfer_fee


@dataclass(frozen=True)
class Fill:
    """One execution; price unadjusted in yuan, size > 0 in shares."""

    date: date
    symbol: str
    side: Side
    price: Decimal
    size: int
    fees: Fees


@dataclass(frozen=True)
class Refusal:
    """An order, or the part of one, that the market would not have taken."""

    date: date
    symbol: str
    side: Side
    size: int
    rule: Rule


@dataclass(frozen=True)
class Listing:
    """What the exchange must know of an instrument to take orders in it.

    Attributes
    ----------
    is_tradable : bool
        False for an index and for a series that is for display only.
    listed_on : date or None
        First day of trading; None when unknown.
    """

    symbol: str
    is_tradable: bool = True
    listed_on: date | None = None


@dataclass(frozen=True)
class SessionBar:
    """One instrument on one day of trading, unadjusted, in yuan.

    Attributes
    ----------
    pre_close : Decimal or None
        Previous close as the exchange gives it on the day (ex-right on ex-dates); price limits stand on it.
    is_st : bool or None
        Whether the stock was under risk warning (ST, *ST) on the day; None when unknown.
    sessions_since_listing : int or None
        0 on the first day of trading; None when unknown.
    has_traded : bool
        False when the bar says that nothing was traded.
    """

    date: date
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    pre_close: Decimal | None = None
    is_st: bool | None = None
    sessions_since_listing: int | None = None
    has_traded: bool = True


@dataclass(frozen=True)
class Order:
    """An order as it meets the market on one session.

    Attributes
    ----------
    ref : int or str
        Names the order through all its parts and days; the minimum commission is counted by it.
    size : int or float
        Shares still wanted, > 0.
    limit : Decimal or None
        Worst price it may trade at.
    lives_one_session : bool
        True for orders at the open or the close: what the session does not take is refused. False for limit and stop
        orders: what the session does not take waits for the next.
    """

    ref: int | str
    symbol: str
    side: Side
    size: float
    limit: Decimal | None = None
    lives_one_session: bool = True


@dataclass(frozen=True)
class Position:
    """Shares of one instrument: held, and the part of them that may be sold today."""

    held: int = 0
    sellable: int = 0

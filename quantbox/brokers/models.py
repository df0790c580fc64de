"""The words of trading: side, order kinds, fills, fees, refusals."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

__all__ = ["Fees", "Fill", "Refusal", "Rule", "Side"]


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

"""What each closed position brought: fills matched first in, first out (先进先出), fees included."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from quantbox.brokers.models import Fill, Side
from quantbox.core.money import to_cents

__all__ = ["OpenLot", "RoundTrip", "match_round_trips"]

Direction = Literal["long", "short"]


@dataclass(frozen=True)
class RoundTrip:
    """Shares opened by one fill and closed by one later fill.

    Attributes
    ----------
    fees : Decimal
        Yuan, the shares of both fills' costs that fall on these shares.
    profit : Decimal
        Yuan after fees.
    """

    symbol: str
    direction: Direction
    size: int
    entry_date: date
    entry_price: Decimal
    exit_date: date
    exit_price: Decimal
    fees: Decimal
    profit: Decimal

    @property
    def return_pct(self) -> float | None:
        """Return the profit in percent of the amount at entry; None where that amount is not positive."""
        amount = self.entry_price * self.size
        return float(self.profit / amount * 100) if amount > 0 else None

    @property
    def days(self) -> int:
        """Return the calendar days held."""
        return (self.exit_date - self.entry_date).days

    def to_json(self) -> dict[str, Any]:
        """Return the trip as a row of the report."""
        return {
            "symbol": self.symbol,
            "direction": self.direction,
            "size": self.size,
            "entry_date": self.entry_date.isoformat(),
            "entry_price": float(self.entry_price),
            "exit_date": self.exit_date.isoformat(),
            "exit_price": float(self.exit_price),
            "fees": float(to_cents(self.fees)),
            "profit": float(to_cents(self.profit)),
            "return_pct": self.return_pct,
            "days": self.days,
        }


@dataclass(frozen=True)
class OpenLot:
    """Shares still held when the run ended; `fees` are what opening them cost."""

    symbol: str
    direction: Direction
    size: int
    entry_date: date
    entry_price: Decimal
    fees: Decimal


def match_round_trips(fills: Iterable[Fill]) -> tuple[list[RoundTrip], list[OpenLot]]:
    """Match fills of each symbol first in, first out.

    A fill on the other side of what is held closes the oldest shares first; what remains of it opens a position of its
    own (a short one, which only stock Backtrader's broker allows).

    Parameters
    ----------
    fills : iterable of Fill
        In the order in which they happened.

    Returns
    -------
    trips : list of RoundTrip
        In the order in which they were closed.
    open_lots : list of OpenLot
        What was still held, oldest first within a symbol.
    """
    held: dict[str, deque[_Shares]] = {}
    trips: list[RoundTrip] = []
    for fill in fills:
        lots = held.setdefault(fill.symbol, deque())
        incoming = _Shares(fill)
        while incoming.size and lots and lots[0].fill.side is not fill.side:
            trips.append(_close(lots[0], incoming))
            if not lots[0].size:
                lots.popleft()
        if incoming.size:
            lots.append(incoming)
    open_lots = [
        OpenLot(lot.fill.symbol, _direction(lot.fill), lot.size, lot.fill.date, lot.fill.price, lot.fees)
        for lots in held.values()
        for lot in lots
    ]
    return trips, open_lots


class _Shares:
    """What of a fill is not matched yet; its fees leave it cent by cent so that the shares add up to the whole."""

    def __init__(self, fill: Fill) -> None:
        self.fill = fill
        self.size = fill.size
        self.fees = fill.fees.total

    def take(self, size: int) -> Decimal:
        """Take `size` shares away and return the fees that fall on them."""
        fees = self.fees if size == self.size else to_cents(self.fees * size / self.size)
        self.size -= size
        self.fees -= fees
        return fees


def _close(entry: _Shares, leaving: _Shares) -> RoundTrip:
    size = min(entry.size, leaving.size)
    fees = entry.take(size) + leaving.take(size)
    opened, closed = entry.fill, leaving.fill
    gained = closed.price - opened.price if opened.side is Side.BUY else opened.price - closed.price
    return RoundTrip(
        symbol=opened.symbol,
        direction=_direction(opened),
        size=size,
        entry_date=opened.date,
        entry_price=opened.price,
        exit_date=closed.date,
        exit_price=closed.price,
        fees=fees,
        profit=gained * size - fees,
    )


def _direction(fill: Fill) -> Direction:
    return "long" if fill.side is Side.BUY else "short"

"""Cash and shares of one account, with what may be sold today (T+1)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from quantbox.brokers.models import Fill, Position, Side
from quantbox.core.money import to_cents

__all__ = ["Account"]


class Account:
    """Cash that never falls below zero and holdings that never go short.

    Proceeds of a sale may buy again on the same day; shares bought today may be sold from the next session on, but for
    instruments that settle on the same day.

    Parameters
    ----------
    cash : Decimal
        Yuan at the start, >= 0.
    """

    def __init__(self, cash: Decimal) -> None:
        if cash < 0:
            raise ValueError(f"an account cannot start with {cash} yuan")
        self.cash = cash
        self._held: dict[str, int] = {}
        self._locked: dict[str, int] = {}  # bought on the present session

    def open_session(self) -> None:
        """Begin a new day of trading: what was bought before may be sold."""
        self._locked.clear()

    def position(self, symbol: str) -> Position:
        """Return what is held and sellable of `symbol`."""
        held = self._held.get(symbol, 0)
        return Position(held, held - self._locked.get(symbol, 0))

    def symbols(self) -> list[str]:
        """Return what is held, in the order in which it was first bought."""
        return list(self._held)

    def deposit(self, amount: Decimal) -> None:
        """Add yuan to the account, or take them out where `amount` is negative."""
        self._pay(amount)

    def book(self, fill: Fill, *, settles_today: bool) -> None:
        """Exchange cash and shares for one fill, fees included."""
        amount = to_cents(fill.price * fill.size)
        if fill.side is Side.BUY:
            self._pay(-amount - fill.fees.total)
            self._held[fill.symbol] = self._held.get(fill.symbol, 0) + fill.size
            if not settles_today:
                self._locked[fill.symbol] = self._locked.get(fill.symbol, 0) + fill.size
            return
        if fill.size > self.position(fill.symbol).sellable:
            raise ValueError(f"{fill.size} {fill.symbol} sold, {self.position(fill.symbol).sellable} may be")
        self._pay(amount - fill.fees.total)
        self._held[fill.symbol] -= fill.size
        if not self._held[fill.symbol]:
            del self._held[fill.symbol]

    def value(self, prices: Mapping[str, Decimal]) -> Decimal:
        """Return cash plus holdings at `prices`, in yuan."""
        return self.cash + self.invested(prices)

    def invested(self, prices: Mapping[str, Decimal]) -> Decimal:
        """Return the holdings at `prices`, in yuan."""
        return sum((prices[symbol] * size for symbol, size in self._held.items()), Decimal(0))

    def _pay(self, amount: Decimal) -> None:
        if self.cash + amount < 0:
            raise ValueError(f"{-amount} yuan wanted, {self.cash} yuan there")
        self.cash += amount

"""The dated facts the simulated exchange asks for; `quantbox.market_data.rules` answers them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Protocol

__all__ = ["Lot", "RuleBook"]


class Lot(Protocol):
    """Least number of shares of a buy order, and the step above it."""

    @property
    def minimum(self) -> int:
        """Return the least number of shares of a buy order."""
        ...

    @property
    def step(self) -> int:
        """Return the step above the minimum."""
        ...


class RuleBook(Protocol):
    """Market rules by instrument and date; rates are fractions."""

    def limit_prices(
        self,
        symbol: str,
        on: date,
        pre_close: Decimal,
        *,
        is_st: bool | None,
        listed_on: date | None,
        sessions_since_listing: int | None,
    ) -> tuple[Decimal | None, Decimal | None]:
        """Return the upper and the lower limit price; None where there is no limit."""
        ...

    def lot(self, symbol: str, on: date) -> Lot:
        """Return the lot of a buy order."""
        ...

    def tick(self, symbol: str, on: date) -> Decimal:
        """Return the price step."""
        ...

    def stamp_tax_rate(self, symbol: str, on: date, side: str) -> Decimal:
        """Return the stamp tax on the traded amount."""
        ...

    def transfer_fee_rate(self, symbol: str, on: date) -> Decimal:
        """Return the transfer fee on the traded amount."""
        ...

    def settlement_days(self, symbol: str, on: date) -> int:
        """Return 0 when shares may be sold on the day they were bought, else 1."""
        ...

"""What trading cost, split by kind, and how often the account was turned over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from quantbox.backtesting.models import Curve
from quantbox.brokers.models import Fill, Side

__all__ = ["CostSplit", "compute_turnover_annual", "split_costs"]


@dataclass(frozen=True)
class CostSplit:
    """Yuan paid in a whole run, by kind."""

    commission: Decimal
    stamp_tax: Decimal
    transfer_fee: Decimal

    @property
    def total(self) -> Decimal:
        """Return the sum in yuan."""
        return self.commission + self.stamp_tax + self.transfer_fee

    def to_json(self) -> dict[str, float]:
        """Return the kinds and their sum as numbers."""
        return {
            "commission": float(self.commission),
            "stamp_tax": float(self.stamp_tax),
            "transfer_fee": float(self.transfer_fee),
            "total": float(self.total),
        }


def split_costs(fills: Sequence[Fill]) -> CostSplit:
    """Add up the costs of all fills, each kind by itself."""
    return CostSplit(
        commission=sum((fill.fees.commission for fill in fills), Decimal(0)),
        stamp_tax=sum((fill.fees.stamp_tax for fill in fills), Decimal(0)),
        transfer_fee=sum((fill.fees.transfer_fee for fill in fills), Decimal(0)),
    )


def compute_turnover_annual(fills: Sequence[Fill], equity: Curve, days_per_year: int) -> float | None:
    """Return how many times a year the account was turned over.

    The smaller of the amounts bought and sold, divided by the average equity and by the years of the run; so the first
    purchase of a position that is never sold is no turnover. None where there is no average equity to divide by.
    """
    amounts = {Side.BUY: Decimal(0), Side.SELL: Decimal(0)}
    for fill in fills:
        amounts[fill.side] += fill.price * fill.size
    average = sum(equity.values) / len(equity.values) if equity.values else 0.0
    if average <= 0:
        return None
    return float(min(amounts.values())) / average / (len(equity.values) / days_per_year)

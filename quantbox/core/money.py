"""Exact money: yuan as Decimal, rounded only where a market rule rounds."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

__all__ = ["CENT", "exact", "round_half_up", "to_cents"]

CENT = Decimal("0.01")


def exact(value: float | int | str | Decimal) -> Decimal:
    """Return `value` as the decimal a person would read it as: 10.23 is 10.23, not 10.2300000000000004.

    Stored prices are float64 with at most four decimals, so the shortest decimal that reads back as the same
    float is the quoted price itself.
    """
    return value if isinstance(value, Decimal) else Decimal(repr(value) if isinstance(value, float) else str(value))


def round_half_up(value: Decimal, step: Decimal) -> Decimal:
    """Round `value` to a multiple of `step`, half away from zero (四舍五入), as Chinese exchanges do."""
    return (value / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step


def to_cents(value: Decimal) -> Decimal:
    """Round an amount in yuan to 0.01."""
    return value.quantize(CENT, rounding=ROUND_HALF_UP)

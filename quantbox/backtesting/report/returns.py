"""Returns of the account by day, month and year, from its equity at each close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from quantbox.backtesting.models import Curve

__all__ = ["LEAST_YUAN", "Returns", "YearReturns", "daily_returns", "monthly_returns"]

Returns = npt.NDArray[np.float64]

MONTHS = 12

#: An account worth less has nothing left, and no return is measured from it.
LEAST_YUAN = 0.01


def daily_returns(equity: Curve, cash: float) -> Returns:
    """Return each day's change as a fraction of the day before.

    Parameters
    ----------
    equity : Curve
        Value of the account at each close.
    cash : float
        Yuan at the start; the base of the first day.

    Returns
    -------
    ndarray of shape (n_days,), float64
        Simple returns, fractions.

    Notes
    -----
    After a day on which the account was worth less than a cent a return has no meaning and is NaN.
    """
    values = np.array([cash, *equity.values], dtype=np.float64)
    base = np.where(values[:-1] >= LEAST_YUAN, values[:-1], np.nan)
    return np.asarray(values[1:] / base - 1.0)


@dataclass(frozen=True)
class YearReturns:
    """One row of the heat map: returns in percent, None for a month without a trading day."""

    year: int
    months: tuple[float | None, ...]
    year_pct: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the row as the report carries it."""
        return {"year": self.year, "months": list(self.months), "year_pct": self.year_pct}


def monthly_returns(equity: Curve, cash: float) -> list[YearReturns]:
    """Return what each month and each year brought, in percent.

    A month's base is the last value of the month before it that has a trading day, the first month's is `cash`.
    The first and the last month and year may be parts.
    """
    last_of_month: dict[tuple[int, int], float] = {
        (day.year, day.month): value for day, value in zip(equity.dates, equity.values, strict=True)
    }
    months: dict[tuple[int, int], float | None] = {}
    base_of_year: dict[int, float] = {}
    last_of_year: dict[int, float] = {}
    base = cash
    for (year, month), value in last_of_month.items():
        base_of_year.setdefault(year, base)
        months[year, month] = _change_pct(base, value)
        last_of_year[year] = base = value
    return [
        YearReturns(
            year,
            tuple(months.get((year, month)) for month in range(1, MONTHS + 1)),
            _change_pct(base_of_year[year], last_of_year[year]),
        )
        for year in last_of_year
    ]


def _change_pct(base: float, value: float) -> float | None:
    return (value / base - 1.0) * 100.0 if base >= LEAST_YUAN else None

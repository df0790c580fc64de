"""How far the account stood below its highest value, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from quantbox.backtesting.models import Curve

__all__ = ["DrawdownPeriod", "compute_drawdown", "list_drawdown_periods"]


@dataclass(frozen=True)
class DrawdownPeriod:
    """One stay below a former highest value.

    Attributes
    ----------
    start : date
        Day of the highest value (the first day where the account never rose above its starting cash).
    trough : date
        Day of the lowest value.
    recovery : date or None
        First day on which the former highest value was reached again; None when it was not.
    depth_pct : float
        Percent below the highest value, negative.
    days : int
        Calendar days from start to recovery, or to the last day.
    """

    start: date
    trough: date
    recovery: date | None
    depth_pct: float
    days: int

    def to_json(self) -> dict[str, Any]:
        """Return the period with ISO dates."""
        return {
            "start": self.start.isoformat(),
            "trough": self.trough.isoformat(),
            "recovery": self.recovery.isoformat() if self.recovery else None,
            "depth_pct": self.depth_pct,
            "days": self.days,
        }


def compute_drawdown(equity: Curve, cash: float) -> Curve:
    """Return the percent by which each day's value lies below the highest value so far: 0 at a new high, else negative.

    The starting cash counts as the first highest value, so a loss on the first day is a drawdown.
    """
    values = np.array(equity.values, dtype=np.float64)
    peaks = np.maximum(np.maximum.accumulate(values), cash) if len(values) else values
    return Curve(equity.dates, tuple(((values / peaks - 1.0) * 100.0).tolist()))


def list_drawdown_periods(drawdown: Curve) -> list[DrawdownPeriod]:
    """Return every stay below a former highest value, deepest first."""
    periods: list[DrawdownPeriod] = []
    peak = drawdown.dates[0] if drawdown.dates else None
    below: list[tuple[date, float]] = []
    for day, depth_pct in zip(drawdown.dates, drawdown.values, strict=True):
        if depth_pct < 0:
            below.append((day, depth_pct))
            continue
        if peak and below:
            periods.append(_period(peak, below, recovery=day))
            below = []
        peak = day
    if peak and below:
        periods.append(_period(peak, below, recovery=None))
    return sorted(periods, key=lambda period: (period.depth_pct, period.start))


def _period(peak: date, below: list[tuple[date, float]], recovery: date | None) -> DrawdownPeriod:
    trough, depth_pct = min(below, key=lambda point: (point[1], point[0]))
    end = recovery or below[-1][0]
    return DrawdownPeriod(peak, trough, recovery, depth_pct, (end - peak).days)

"""The figures of a report, computed afterwards from the equity, the fills and the round trips.

Ratios come from empyrical-reloaded (Apache-2.0), which is imported when the first report is made because it loads pandas
and scipy. What is undefined is None, never NaN or infinity: JSON has neither, and neither is a figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from quantbox.backtesting.models import Curve
from quantbox.backtesting.report.costs import compute_turnover_annual, split_costs
from quantbox.backtesting.report.definitions import DAYS_PER_YEAR
from quantbox.backtesting.report.drawdown import compute_drawdown, list_drawdown_periods
from quantbox.backtesting.report.returns import Returns, daily_returns
from quantbox.backtesting.report.round_trips import RoundTrip
from quantbox.brokers.models import Fill

__all__ = ["Statistics", "compute_statistics"]

#: Values of the figures in ``definitions.STATISTICS``: numbers, ISO dates, or None where undefined.
Statistics = dict[str, float | int | str | None]

VALUE_AT_RISK_FRACTION = 0.05


def compute_statistics(
    equity: Curve,
    cash: float,
    *,
    benchmark: Curve | None = None,
    fills: Sequence[Fill] = (),
    trips: Sequence[RoundTrip] = (),
    exposure: Curve | None = None,
) -> Statistics:
    """Return every figure of ``definitions.STATISTICS``, in that order not necessarily.

    Parameters
    ----------
    equity : Curve
        Value of the account at each close, yuan.
    cash : float
        Yuan at the start, > 0.
    benchmark : Curve or None
        On the same days; its first day is its base.
    exposure : Curve or None
        Fraction of the account in the market, on the same days.

    Notes
    -----
    Undefined is None: ratios over a deviation of zero or over fewer than two days, everything from returns once the
    account was worth nothing or less, figures of round trips when none was closed, figures against no benchmark.
    """
    figures: dict[str, Any] = {
        "total_return_pct": (equity.values[-1] / cash - 1.0) * 100.0 if equity.values else None,
        "turnover_annual": compute_turnover_annual(fills, equity, DAYS_PER_YEAR),
        "fills": len(fills),
        "costs_yuan": float(split_costs(fills).total),
        "average_exposure_pct": _mean(exposure.values) * 100.0 if exposure and exposure.values else None,
        "trading_days": len(equity.dates),
        **_drawdown_figures(equity, cash),
        **_return_figures(daily_returns(equity, cash)),
        **_benchmark_figures(equity, cash, benchmark),
        **_trip_figures(trips),
    }
    return {key: _clean(value) for key, value in figures.items()}


def _drawdown_figures(equity: Curve, cash: float) -> dict[str, Any]:
    drawdown = compute_drawdown(equity, cash)
    periods = list_drawdown_periods(drawdown)
    deepest = periods[0] if periods else None
    return {
        "max_drawdown_pct": min(drawdown.values, default=None),
        "max_drawdown_start": deepest.start.isoformat() if deepest else None,
        "max_drawdown_trough": deepest.trough.isoformat() if deepest else None,
        "max_drawdown_recovery": deepest.recovery.isoformat() if deepest and deepest.recovery else None,
        "longest_drawdown_days": max((period.days for period in periods), default=0),
    }


def _return_figures(returns: Returns) -> dict[str, Any]:
    names = (
        "annual_return_pct", "volatility_pct", "sharpe", "sortino", "calmar", "best_day_pct", "worst_day_pct",
        "winning_days_pct", "value_at_risk_95_pct",
    )  # fmt: skip
    if not len(returns) or not np.isfinite(returns).all() or (returns <= -1.0).any():
        return dict.fromkeys(names)
    import empyrical

    with np.errstate(all="ignore"):
        values = (
            empyrical.annual_return(returns) * 100.0,
            empyrical.annual_volatility(returns) * 100.0,
            empyrical.sharpe_ratio(returns),
            empyrical.sortino_ratio(returns),
            empyrical.calmar_ratio(returns),
            returns.max() * 100.0,
            returns.min() * 100.0,
            (returns > 0).mean() * 100.0,
            empyrical.value_at_risk(returns, VALUE_AT_RISK_FRACTION) * 100.0,
        )
    return dict(zip(names, values, strict=True))


def _benchmark_figures(equity: Curve, cash: float, benchmark: Curve | None) -> dict[str, Any]:
    names = ("benchmark_return_pct", "excess_return_pct", "alpha_pct", "beta", "information_ratio")
    if benchmark is None or not equity.values:
        return dict.fromkeys(names)
    if benchmark.dates != equity.dates:
        raise ValueError("the benchmark is compared on the days of the equity")
    held_pct = (benchmark.values[-1] / benchmark.values[0] - 1.0) * 100.0
    total_pct = (equity.values[-1] / cash - 1.0) * 100.0
    compared: tuple[float | None, ...] = (None, None, None)
    returns = daily_returns(equity, cash)
    if np.isfinite(returns).all():
        import empyrical

        market = daily_returns(benchmark, benchmark.values[0])
        with np.errstate(all="ignore"):
            alpha, beta = empyrical.alpha_beta_aligned(returns, market)
            ratio = empyrical.excess_sharpe(returns, market) * math.sqrt(DAYS_PER_YEAR)
        compared = (alpha * 100.0, beta, ratio)
    return dict(zip(names, (held_pct, total_pct - held_pct, *compared), strict=True))


def _trip_figures(trips: Sequence[RoundTrip]) -> dict[str, Any]:
    profits = [float(trip.profit) for trip in trips if trip.profit > 0]
    losses = [-float(trip.profit) for trip in trips if trip.profit < 0]
    shares = sum(trip.size for trip in trips)
    return {
        "round_trips": len(trips),
        "win_rate_pct": len(profits) / len(trips) * 100.0 if trips else None,
        "profit_factor": sum(profits) / sum(losses) if losses else None,
        "payoff_ratio": _mean(profits) / _mean(losses) if profits and losses else None,
        "average_holding_days": sum(trip.days * trip.size for trip in trips) / shares if trips else None,
    }


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _clean(value: Any) -> float | int | str | None:
    if value is None or isinstance(value, str | int):
        return value
    number = float(value)
    return number if math.isfinite(number) else None

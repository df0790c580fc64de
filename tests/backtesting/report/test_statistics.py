"""Figures against hand calculation, a published example, numpy and scipy."""

from __future__ import annotations

import json
import math
import statistics as standard
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from quantbox.backtesting.models import Curve
from quantbox.backtesting.report.definitions import STATISTICS
from quantbox.backtesting.report.round_trips import match_round_trips
from quantbox.backtesting.report.statistics import compute_statistics
from quantbox.brokers.models import Fees, Fill, Side

CASH = 100_000.0


def curve(*values: float) -> Curve:
    start = date(2024, 1, 1)
    return Curve(tuple(start + timedelta(days=n) for n in range(len(values))), tuple(float(value) for value in values))


def curve_of_returns(returns: list[float]) -> Curve:
    return curve(*(CASH * np.cumprod(1.0 + np.array(returns))))


def fill(day: int, side: Side, price: str, size: int, fee: str = "0") -> Fill:
    return Fill(date(2024, 1, day), "600000.SH", side, Decimal(price), size, Fees(commission=Decimal(fee)))


#: A quarter of invented days, uneven enough that no two ratios agree.
RETURNS = [((n * 37) % 23 - 10.5) / 1000 for n in range(63)]
MARKET = [((n * 29) % 19 - 8.5) / 1000 for n in range(62)]


def test_two_days_agree_with_hand_calculation() -> None:
    # 100000 → 101000 → 99990: +1 % then −1 %
    figures = compute_statistics(curve(101_000, 99_990), CASH)
    assert figures["total_return_pct"] == pytest.approx(-0.01)
    # two days are 2/252 of a year: 0.9999^126 − 1 = −1.2522... %
    assert figures["annual_return_pct"] == pytest.approx((0.9999**126 - 1) * 100)
    # deviation of (0.01, −0.01) with n−1 is 0.01 × √2; × √252
    assert figures["volatility_pct"] == pytest.approx(0.01 * math.sqrt(2) * math.sqrt(252) * 100)
    assert figures["sharpe"] == pytest.approx(0.0, abs=1e-9)
    # 99990 / 101000 − 1 = −1 %
    assert figures["max_drawdown_pct"] == pytest.approx(-1.0)
    assert (figures["best_day_pct"], figures["worst_day_pct"]) == (pytest.approx(1.0), pytest.approx(-1.0))
    assert figures["winning_days_pct"] == 50.0
    # 5th percentile between −1 % and +1 %: −1 % + 0.05 × 2 %
    assert figures["value_at_risk_95_pct"] == pytest.approx(-0.9)
    assert figures["trading_days"] == 2


def test_sortino_agrees_with_the_published_example() -> None:
    # T. Rollinger, S. Hoffman, "Sortino: A 'Sharper' Ratio" (Red Rock Capital, 2013): these eight returns and a target of 0
    # give a mean of 10 %, a target downside deviation of 2.264 % and a ratio of 4.417 per period; ours is × √252.
    figures = compute_statistics(curve_of_returns([0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04]), CASH)
    assert figures["sortino"] == pytest.approx(4.417 * math.sqrt(252), rel=1e-3)


def test_ratios_agree_with_the_standard_library() -> None:
    figures = compute_statistics(curve_of_returns(RETURNS), CASH)
    mean, deviation = standard.fmean(RETURNS), standard.stdev(RETURNS)
    assert figures["sharpe"] == pytest.approx(mean / deviation * math.sqrt(252))
    assert figures["volatility_pct"] == pytest.approx(deviation * math.sqrt(252) * 100)
    downside = math.sqrt(standard.fmean([min(value, 0.0) ** 2 for value in RETURNS]))
    assert figures["sortino"] == pytest.approx(mean / downside * math.sqrt(252))
    growth = math.prod(1 + value for value in RETURNS)
    annual = growth ** (252 / 63) - 1
    assert figures["annual_return_pct"] == pytest.approx(annual * 100)
    assert figures["calmar"] == pytest.approx(annual * 100 / abs(float(figures["max_drawdown_pct"] or 0)))


def test_drawdown_agrees_with_the_library_used_for_the_ratios() -> None:
    import empyrical

    figures = compute_statistics(curve_of_returns(RETURNS), CASH)
    assert figures["max_drawdown_pct"] == pytest.approx(empyrical.max_drawdown(np.array(RETURNS)) * 100)


def test_benchmark_figures_agree_with_scipy() -> None:
    equity = curve_of_returns([0.0, *RETURNS[:62]])
    benchmark = curve_of_returns([0.0, *MARKET])
    figures = compute_statistics(equity, CASH, benchmark=benchmark)
    ours, market = [0.0, *RETURNS[:62]], [0.0, *MARKET]
    line = scipy.stats.linregress(market, ours)
    assert figures["beta"] == pytest.approx(line.slope)
    # the regression's intercept is the mean of what beta does not explain
    assert figures["alpha_pct"] == pytest.approx(((1 + line.intercept) ** 252 - 1) * 100)
    active = [a - b for a, b in zip(ours, market, strict=True)]
    assert figures["information_ratio"] == pytest.approx(standard.fmean(active) / standard.stdev(active) * math.sqrt(252))
    assert figures["benchmark_return_pct"] == pytest.approx((math.prod(1 + value for value in market) - 1) * 100)
    total, held = float(figures["total_return_pct"] or 0), float(figures["benchmark_return_pct"] or 0)
    assert figures["excess_return_pct"] == pytest.approx(total - held)


def test_an_account_that_is_the_benchmark_has_beta_one_and_no_alpha() -> None:
    equity = curve_of_returns([0.0, *MARKET])
    figures = compute_statistics(equity, CASH, benchmark=equity)
    assert (figures["beta"], figures["alpha_pct"]) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-9))
    assert figures["information_ratio"] is None  # no difference, no deviation of it


def test_benchmark_on_other_days_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="days of the equity"):
        compute_statistics(curve(1, 2), CASH, benchmark=curve(1, 2, 3))


def test_no_trade_leaves_ratios_undefined_and_the_rest_zero() -> None:
    flat = curve(*[CASH] * 20)
    figures = compute_statistics(flat, CASH, benchmark=flat, exposure=curve(*[0.0] * 20))
    for key in ("sharpe", "sortino", "calmar", "beta", "alpha_pct", "win_rate_pct", "profit_factor", "max_drawdown_start"):
        assert figures[key] is None, key
    for key in ("total_return_pct", "annual_return_pct", "volatility_pct", "max_drawdown_pct", "fills", "average_exposure_pct"):
        assert figures[key] == 0, key


def test_one_day_has_no_deviation() -> None:
    figures = compute_statistics(curve(100_500), CASH)
    assert figures["total_return_pct"] == pytest.approx(0.5)
    assert figures["sharpe"] is None
    assert figures["volatility_pct"] is None


def test_a_ruined_account_has_a_total_return_and_no_ratios() -> None:
    figures = compute_statistics(curve(50_000, -10_000, 20_000), CASH, benchmark=curve(1, 2, 3))
    assert figures["total_return_pct"] == pytest.approx(-80.0)
    assert figures["sharpe"] is None
    assert figures["beta"] is None
    assert figures["annual_return_pct"] is None


def test_round_trip_figures_agree_with_hand_calculation() -> None:
    # 100 bought at 10 and sold at 12, 5 yuan each: +190; at 12 and 11, 5 each: −110; at 11 and 11, free: 0
    fills = [
        fill(2, Side.BUY, "10", 100, "5"),
        fill(4, Side.SELL, "12", 100, "5"),
        fill(5, Side.BUY, "12", 100, "5"),
        fill(9, Side.SELL, "11", 100, "5"),
        fill(10, Side.BUY, "11", 100),
        fill(11, Side.SELL, "11", 100),
    ]
    trips, _ = match_round_trips(fills)
    figures = compute_statistics(curve(*[CASH] * 12), CASH, fills=fills, trips=trips)
    assert figures["win_rate_pct"] == pytest.approx(100 / 3)
    assert figures["profit_factor"] == pytest.approx(190 / 110)
    assert figures["payoff_ratio"] == pytest.approx(190 / 110)
    assert figures["average_holding_days"] == pytest.approx((2 + 4 + 1) / 3)
    assert (figures["round_trips"], figures["fills"], figures["costs_yuan"]) == (3, 6, 20.0)
    # bought 3300, sold 3400; the smaller over 100000 over 12/252 years
    assert figures["turnover_annual"] == pytest.approx(3300 / 100_000 / (12 / 252))


def test_every_defined_figure_is_computed_and_every_computed_one_defined() -> None:
    assert {definition.key for definition in STATISTICS} == set(compute_statistics(curve(1, 2, 3), 1.0))


def test_definitions_name_every_figure_once_in_both_languages() -> None:
    keys = [definition.key for definition in STATISTICS]
    assert len(keys) == len(set(keys))
    for definition in STATISTICS:
        shown = definition.to_json()
        assert all(shown["name"].values()), definition.key
        assert all(shown["formula"].values()), definition.key
        assert (definition.format == "pct") == definition.key.endswith("_pct"), definition.key


@given(st.lists(st.floats(min_value=-1e9, max_value=1e9), min_size=1, max_size=30), st.floats(min_value=0.01, max_value=1e9))
def test_figures_are_always_valid_json(values: list[float], cash: float) -> None:
    equity = curve(*values)
    figures = compute_statistics(equity, cash, benchmark=curve(*[abs(value) + 1 for value in values]), exposure=equity)
    json.dumps(figures, allow_nan=False)

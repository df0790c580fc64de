"""Drawdowns against values worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.backtesting.models import Curve
from quantbox.backtesting.report.drawdown import compute_drawdown, list_drawdown_periods


def curve(*values: float) -> Curve:
    return Curve(tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(len(values))), tuple(values))


def test_depth_is_measured_from_the_highest_value_so_far() -> None:
    # highs 100, 110, 110, 110, 120: 99/110 = −10 %, 110/110 = 0
    drawdown = compute_drawdown(curve(100.0, 110.0, 99.0, 110.0, 120.0), 100.0)
    assert drawdown.values == pytest.approx((0.0, 0.0, -10.0, 0.0, 0.0))


def test_loss_on_the_first_day_counts_from_the_starting_cash() -> None:
    drawdown = compute_drawdown(curve(95.0, 96.0), 100.0)
    assert drawdown.values == pytest.approx((-5.0, -4.0))
    (period,) = list_drawdown_periods(drawdown)
    assert (period.start, period.trough, period.recovery) == (date(2024, 1, 1), date(2024, 1, 1), None)
    assert period.days == 1


def test_periods_are_listed_deepest_first_with_their_days() -> None:
    #                      1     2      3     4     5      6     7     8
    values = curve(100.0, 110.0, 104.5, 110.0, 99.0, 104.5, 121.0, 120.0)
    deepest, second, third = list_drawdown_periods(compute_drawdown(values, 100.0))
    # 110 on the 4th, 99 (−10 %) on the 5th, above 110 again on the 7th: 3 days
    assert (deepest.start, deepest.trough, deepest.recovery) == (date(2024, 1, 4), date(2024, 1, 5), date(2024, 1, 7))
    assert (deepest.depth_pct, deepest.days) == (pytest.approx(-10.0), 3)
    assert (second.depth_pct, second.days) == (pytest.approx(-5.0), 2)
    # 120 of 121 at the end, not recovered
    assert (third.recovery, third.days) == (None, 1)
    assert third.to_json()["recovery"] is None


def test_an_account_that_only_rises_has_no_drawdown() -> None:
    assert list_drawdown_periods(compute_drawdown(curve(101.0, 102.0), 100.0)) == []


def test_no_days_no_drawdown() -> None:
    assert list_drawdown_periods(compute_drawdown(curve(), 100.0)) == []


@given(st.lists(st.floats(min_value=1.0, max_value=1e6), min_size=1, max_size=50))
def test_depth_of_the_deepest_period_is_the_lowest_value(values: list[float]) -> None:
    drawdown = compute_drawdown(curve(*values), 1000.0)
    periods = list_drawdown_periods(drawdown)
    assert max(drawdown.values) <= 0.0
    assert (periods[0].depth_pct if periods else 0.0) == min(drawdown.values)

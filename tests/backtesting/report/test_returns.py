"""Returns against values worked out by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.backtesting.models import Curve
from quantbox.backtesting.report.returns import daily_returns, monthly_returns


def test_first_day_is_measured_from_the_starting_cash() -> None:
    equity = Curve((date(2024, 1, 2), date(2024, 1, 3)), (101.0, 98.98))
    assert daily_returns(equity, 100.0).tolist() == pytest.approx([0.01, -0.02])


def test_no_return_after_the_account_was_worth_nothing() -> None:
    equity = Curve((date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)), (0.0, 10.0, 11.0))
    returns = daily_returns(equity, 100.0)
    assert returns[0] == -1.0
    assert np.isnan(returns[1])
    assert returns[2] == pytest.approx(0.1)


def test_no_return_is_measured_from_less_than_a_cent() -> None:
    equity = Curve((date(2024, 1, 31), date(2024, 2, 1)), (1e-300, 1e9))
    assert np.isnan(daily_returns(equity, 100.0)[1])
    assert monthly_returns(equity, 100.0)[0].months[1] is None


def test_months_and_years_chain_from_the_value_before_them() -> None:
    days = (date(2023, 11, 30), date(2023, 12, 1), date(2023, 12, 29), date(2024, 1, 2), date(2024, 3, 1))
    rows = monthly_returns(Curve(days, (110.0, 120.0, 99.0, 108.9, 98.01)), 100.0)
    assert [row.year for row in rows] == [2023, 2024]
    # November 100 → 110, December 110 → 99; the year 100 → 99
    assert rows[0].months == (None,) * 10 + (pytest.approx(10.0), pytest.approx(-10.0))
    assert rows[0].year_pct == pytest.approx(-1.0)
    # January 99 → 108.9; no day in February; March 108.9 → 98.01; the year 99 → 98.01
    assert rows[1].months[:3] == (pytest.approx(10.0), None, pytest.approx(-10.0))
    assert rows[1].year_pct == pytest.approx(-1.0)


def test_a_month_without_a_base_has_no_return() -> None:
    rows = monthly_returns(Curve((date(2024, 1, 31), date(2024, 2, 1)), (-5.0, 10.0)), 100.0)
    assert rows[0].months[:2] == (pytest.approx(-105.0), None)


@given(st.lists(st.floats(min_value=1.0, max_value=1e6), min_size=1, max_size=40))
def test_months_compound_to_the_whole(values: list[float]) -> None:
    days = tuple(date(2020 + n // 12, n % 12 + 1, 15) for n in range(len(values)))
    rows = monthly_returns(Curve(days, tuple(values)), 1000.0)
    growth = np.prod([1 + month / 100 for row in rows for month in row.months if month is not None])
    by_year = np.prod([1 + (row.year_pct or 0) / 100 for row in rows])
    assert growth == pytest.approx(values[-1] / 1000.0)
    assert by_year == pytest.approx(values[-1] / 1000.0)

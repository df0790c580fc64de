"""Costs and turnover against values worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from quantbox.backtesting.models import Curve
from quantbox.backtesting.report.costs import compute_turnover_annual, split_costs
from quantbox.brokers.models import Fees, Side
from tests.backtesting.made_by_hand import DAYS, make_fill


def test_costs_are_added_by_kind_to_the_cent() -> None:
    buy = replace(make_fill(DAYS[0], Side.BUY, "10", 100), fees=Fees(Decimal("5.00"), Decimal(0), Decimal("0.10")))
    sell = replace(make_fill(DAYS[1], Side.SELL, "10", 100), fees=Fees(Decimal("5.00"), Decimal("0.50"), Decimal("0.10")))
    assert split_costs([buy, sell] * 3).to_json() == {"commission": 30.0, "stamp_tax": 1.5, "transfer_fee": 0.6, "total": 32.1}


def test_turnover_is_the_smaller_side_over_average_equity_and_years() -> None:
    fills = [make_fill(DAYS[0], Side.BUY, "10", 800), make_fill(DAYS[3], Side.SELL, "12", 500)]
    # min(8000, 6000) / mean(9000, 11000, 10000, 10000, 10000) / (5/252)
    equity = Curve(DAYS, (9_000.0, 11_000.0, 10_000.0, 10_000.0, 10_000.0))
    assert compute_turnover_annual(fills, equity, 252) == pytest.approx(6_000 / 10_000 / (5 / 252))


def test_what_is_bought_and_kept_is_no_turnover() -> None:
    assert compute_turnover_annual([make_fill(DAYS[0], Side.BUY, "10", 800)], Curve(DAYS, (10_000.0,) * 5), 252) == 0.0


def test_turnover_of_nothing_is_undefined() -> None:
    assert compute_turnover_annual([], Curve(DAYS, (0.0,) * 5), 252) is None
    assert compute_turnover_annual([], Curve((), ()), 252) is None

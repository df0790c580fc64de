"""Holdings and exposure against values worked out by hand."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from quantbox.backtesting.models import Curve
from quantbox.backtesting.report.holdings import compute_exposure, compute_holdings, list_held_days
from quantbox.brokers.models import Side
from tests.backtesting.made_by_hand import DAYS, make_bars, make_fill


def test_shares_at_the_close_count_the_days_own_fills() -> None:
    held = compute_holdings(
        [
            make_fill(DAYS[1], Side.BUY, "10", 300),
            make_fill(DAYS[3], Side.SELL, "10", 100),
            make_fill(DAYS[3], Side.SELL, "10", 50),
        ],
        DAYS,
    )
    assert held["600000.SH"].tolist() == [0, 300, 300, 150, 150]


def test_exposure_is_what_is_held_over_what_there_is() -> None:
    held = compute_holdings([make_fill(DAYS[0], Side.BUY, "10", 500), make_fill(DAYS[4], Side.SELL, "12", 500)], DAYS)
    closes = {"600000.SH": make_bars("600000.SH", (10, 11, 12), (DAYS[0], DAYS[1], DAYS[4]))}
    exposure = compute_exposure(held, closes, Curve(DAYS, (10_000.0, 11_000.0, 11_000.0, 5_500.0, 10_000.0)))
    # 5000/10000; 5500/11000; no bar on the third and fourth day: still 11 yuan; sold on the fifth
    assert exposure.values == pytest.approx((0.5, 0.5, 0.5, 1.0, 0.0))


def test_short_position_is_in_the_market_too() -> None:
    held = compute_holdings([make_fill(DAYS[0], Side.SELL, "10", 500)], DAYS)
    exposure = compute_exposure(held, {"600000.SH": make_bars("600000.SH", (10,) * 5)}, Curve(DAYS, (10_000.0,) * 5))
    assert exposure.values[0] == pytest.approx(0.5)


def test_exposure_of_a_ruined_account_is_zero() -> None:
    held = compute_holdings([make_fill(DAYS[0], Side.BUY, "10", 500)], DAYS)
    exposure = compute_exposure(held, {"600000.SH": make_bars("600000.SH", (10,) * 5)}, Curve(DAYS, (0.0,) * 5))
    assert exposure.values == (0.0,) * 5


def test_a_position_is_held_into_a_day_only_when_it_was_there_the_day_before() -> None:
    held = compute_holdings([make_fill(DAYS[1], Side.BUY, "10", 100), make_fill(DAYS[3], Side.SELL, "10", 100)], DAYS)
    assert list_held_days(held, DAYS, "600000.SH", DAYS) == [DAYS[2], DAYS[3]]
    # a day between two trading days belongs to the position of the day before
    assert list_held_days(held, DAYS, "600000.SH", [date(2024, 1, 13)]) == []
    assert list_held_days(held, DAYS, "000001.SZ", DAYS) == []


def test_no_fills_no_exposure() -> None:
    exposure = compute_exposure({}, {"600000.SH": pl.DataFrame()}, Curve(DAYS, (1.0,) * 5))
    assert exposure.values == (0.0,) * 5

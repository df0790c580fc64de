from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantbox.market_data import raw_test
from quantbox.market_data.adjustment import adjust_bars, with_factor
from quantbox.market_data.models import Adjust
from quantbox.market_data.raw_test import find_contradictions
from tests.market_data.baostock import read_raw
from tests.market_data.bars import make_bars


@pytest.mark.parametrize(
    ("average", "fails"),
    [(10.0, False), (9.5, False), (10.5, False), (9.49, False), (10.51, False), (9.4899, True), (10.5101, True), (5.0, True)],
)
def test_the_average_lies_within_low_and_high_and_one_tick(average: float, fails: bool) -> None:
    bar = make_bars("600519.SH", [10.0], low=9.5, high=10.5, volume=10_000_000, amount=average * 10_000_000)
    assert find_contradictions(bar).height == fails


def test_the_tick_of_the_instrument_counts() -> None:
    bar = make_bars("510050.SH", [2.5], low=2.5, high=2.5, volume=1000, amount=2505.0)
    assert find_contradictions(bar, tick=0.001).height == 1
    assert find_contradictions(bar, tick=0.01).height == 0


def test_days_without_volume_or_amount_are_not_tested() -> None:
    bars = make_bars("600519.SH", [10.0, 10.0, 10.0], volume=[0, None, 100], amount=[0.0, 5.0, None])
    assert raw_test.testable_days(bars).is_empty()
    assert find_contradictions(bars).is_empty()


def test_minutes_are_summed_to_days() -> None:
    # 100 shares at 10.00 and 300 at 10.20, whose amounts the source put into each other's minute.
    times = [datetime.fromisoformat("2024-01-02T09:31"), datetime.fromisoformat("2024-01-02T09:32")]
    minutes = make_bars("600519.SH", [10.0, 10.2], date=date(2024, 1, 2), time=times, volume=[100, 300], amount=[3060.0, 1000.0])
    assert find_contradictions(minutes).is_empty()
    assert raw_test.testable_days(minutes).select("low", "high", "average").row(0) == (10.0, 10.2, 10.15)


@pytest.mark.real_data
def test_real_raw_days_pass_and_the_same_days_adjusted_fail(real_data: Path) -> None:
    bars = read_raw(real_data / "baostock_csi300_raw" / "sh.600519.csv")
    assert find_contradictions(bars).is_empty()
    adjusted = adjust_bars(with_factor(bars), Adjust.QFQ)
    failing = find_contradictions(adjusted)
    before_last_ex_date = adjusted.filter(pl.col("factor") < 1).height
    assert failing.height >= 0.95 * before_last_ex_date

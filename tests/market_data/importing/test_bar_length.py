"""The length of bars, by the gaps between them."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.bar_length import find_frequency
from quantbox.market_data.importing.layouts import PLAIN
from quantbox.market_data.models import Frequency


def frame(bars: list[tuple[date, int | None]]) -> pl.DataFrame:
    return pl.DataFrame(bars, schema={"date": pl.Date, "minute": pl.Int32}, orient="row")


MONDAY = date(2024, 3, 4)
HOURS = (630, 690, 840, 900)


@pytest.mark.parametrize(
    ("minutes", "frequency"),
    [
        ([*range(571, 691), *range(781, 901)], Frequency.MINUTE_1),
        ([*range(575, 691, 5), *range(785, 901, 5)], Frequency.MINUTE_5),
        ([*range(585, 691, 15), *range(795, 901, 15)], Frequency.MINUTE_15),
        ([*range(600, 691, 30), *range(810, 901, 30)], Frequency.MINUTE_30),
        (list(HOURS), Frequency.MINUTE_60),
    ],
)
def test_gap_between_most_bars_decides(minutes: list[int], frequency: Frequency) -> None:
    rows, found = find_frequency(frame([(MONDAY + timedelta(days=day), minute) for day in range(3) for minute in minutes]), PLAIN)
    assert found is frequency
    assert rows.height == 3 * len(minutes)


def test_a_few_missing_minutes_do_not_matter() -> None:
    minutes = [minute for minute in range(571, 691) if minute % 7]
    assert find_frequency(frame([(MONDAY, minute) for minute in minutes]), PLAIN)[1] is Frequency.MINUTE_1


def test_one_bar_a_day_at_the_close_is_a_daily_bar() -> None:
    rows, found = find_frequency(frame([(MONDAY + timedelta(days=day), 900) for day in range(4)]), PLAIN)
    assert found is Frequency.DAY
    assert rows["minute"].null_count() == 4


@pytest.mark.parametrize("days", [7, 30])
def test_weeks_and_months_are_refused(days: int) -> None:
    with pytest.raises(refusals.BarLengthUnknown):
        find_frequency(frame([(MONDAY + timedelta(days=days * at), None) for at in range(12)]), PLAIN)


def test_two_hours_are_refused() -> None:
    with pytest.raises(refusals.BarLengthUnknown):
        find_frequency(frame([(MONDAY + timedelta(days=day), minute) for day in range(4) for minute in (690, 900)]), PLAIN)

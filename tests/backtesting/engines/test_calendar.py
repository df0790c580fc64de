"""The next session, and sessions since listing."""

from __future__ import annotations

from datetime import date

import pytest

from quantbox.backtesting.engines.calendar import Sessions

# The week of the Dragon Boat festival 2024: Monday 06-10 was a holiday.
DAYS = [date(2024, 6, day) for day in (6, 7, 11, 12, 13, 14, 17)]


@pytest.mark.parametrize(("day", "expected"), [(6, 7), (7, 11), (8, 11), (10, 11), (14, 17), (1, 6)])
def test_the_next_session_skips_days_off(day: int, expected: int) -> None:
    assert Sessions(reversed(DAYS)).after(date(2024, 6, day)) == date(2024, 6, expected)


def test_after_the_last_session_there_is_none() -> None:
    assert Sessions(DAYS).after(DAYS[-1]) is None
    assert Sessions([]).after(DAYS[0]) is None


@pytest.mark.parametrize(("listed", "day", "expected"), [(7, 7, 0), (7, 11, 1), (7, 17, 5), (10, 11, 0)])
def test_sessions_since_listing_count_from_nought(listed: int, day: int, expected: int) -> None:
    assert Sessions(DAYS).since(date(2024, 6, listed), date(2024, 6, day)) == expected


def test_sessions_before_the_calendar_count_as_weekdays() -> None:
    # Wednesday 05-29 to Thursday 06-06: 29, 30, 31, 3, 4, 5 are six weekdays
    assert Sessions(DAYS).since(date(2024, 5, 29), date(2024, 6, 6)) == 6
    assert Sessions(DAYS).since(date(2024, 5, 29), date(2024, 6, 11)) == 8
    # two whole weeks and a Saturday
    assert Sessions(DAYS).since(date(2024, 5, 18), date(2024, 6, 6)) == 13


def test_an_unknown_listing_day_gives_no_count() -> None:
    assert Sessions(DAYS).since(None, DAYS[0]) is None
    assert Sessions([]).since(DAYS[0], DAYS[0]) is None

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from quantbox.core.processes import FileLock
from quantbox.market_data.calendar import Calendar
from quantbox.market_data.errors import CalendarEnded


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    calendar = open_calendar(folder)
    assert calendar.end >= date(2026, 12, 31)
    return folder


def open_calendar(folder: Path) -> Calendar:
    return Calendar(folder / "calendar.parquet", FileLock(folder / "write.lock"))


@pytest.fixture
def calendar(seeded: Path, tmp_path: Path) -> Calendar:
    (tmp_path / "calendar.parquet").write_bytes((seeded / "calendar.parquet").read_bytes())
    return open_calendar(tmp_path)


def test_the_first_session_is_the_opening_of_shanghai(calendar: Calendar) -> None:
    assert calendar.start == date(1990, 12, 19)
    # The nine sessions of December 1990 as the index of Shanghai has them.
    assert len(calendar.sessions(date(1990, 12, 1), date(1990, 12, 31))) == 9
    assert calendar.sessions(date(1990, 12, 31), date(1991, 1, 3)) == [date(1990, 12, 31), date(1991, 1, 2), date(1991, 1, 3)]


@pytest.mark.parametrize(
    ("day", "is_session"),
    [
        (date(1992, 5, 4), True),  # left out by Sina's list, traded
        (date(2024, 2, 9), False),  # last day before the Spring Festival of 2024: closed
        (date(2024, 2, 18), False),  # a Sunday worked in offices, not on the exchange
        (date(2024, 2, 19), True),
        (date(2020, 1, 31), False),  # the Spring Festival prolonged by the epidemic
        (date(2020, 2, 3), True),
        (date(2024, 10, 7), False),
        (date(2024, 10, 8), True),
    ],
)
def test_holidays_are_known(calendar: Calendar, day: date, is_session: bool) -> None:
    assert calendar.is_session(day) == is_session


def test_the_next_session_skips_the_holiday(calendar: Calendar) -> None:
    assert calendar.next_session(date(2024, 9, 30)) == date(2024, 10, 8)
    assert calendar.next_session(date(2024, 10, 3)) == date(2024, 10, 8)


def test_a_year_has_as_many_sessions_as_the_exchanges_count(calendar: Calendar) -> None:
    # Sessions of the year by the exchanges' fact books.
    assert {year: len(calendar.sessions(date(year, 1, 1), date(year, 12, 31))) for year in (2005, 2015, 2020, 2023, 2024)} == {
        2005: 242,
        2015: 244,
        2020: 243,
        2023: 242,
        2024: 242,
    }


def test_beyond_the_end_nothing_is_pretended(calendar: Calendar) -> None:
    after = date(calendar.end.year + 1, 3, 1)
    assert not calendar.is_session(after)
    with pytest.raises(CalendarEnded) as caught:
        calendar.next_session(calendar.end)
    assert caught.value.kind == "unavailable"
    assert calendar.days_left(date(calendar.end.year, 12, 20)) == (calendar.end - date(calendar.end.year, 12, 20)).days
    assert calendar.days_left(after) < 0


def test_a_source_extends_the_calendar_once_and_for_other_processes(calendar: Calendar, tmp_path: Path) -> None:
    other = open_calendar(tmp_path)
    end = other.end
    new = [date(2027, 1, 4), date(2027, 1, 5)]
    assert calendar.extend([end, *new]) == 2
    assert calendar.extend(new) == 0
    assert other.end == date(2027, 1, 5)
    assert other.next_session(end) == date(2027, 1, 4)


def test_bars_teach_days_after_the_end_only_and_never_a_weekend(calendar: Calendar) -> None:
    # 2024-02-09 is a holiday, 2027-01-09 a Saturday.
    assert calendar.learn([date(2024, 2, 9), date(2027, 1, 8), date(2027, 1, 9)]) == 1
    assert calendar.end == date(2027, 1, 8)
    assert not calendar.is_session(date(2024, 2, 9))


@pytest.mark.real_data
def test_the_days_are_those_of_the_real_index(calendar: Calendar, real_data: Path) -> None:
    with (real_data / "index_baostock" / "sh000001.csv").open(encoding="utf-8-sig", newline="") as file:
        traded = [date.fromisoformat(row["date"]) for row in csv.DictReader(file)]
    assert calendar.sessions(traded[0], traded[-1]) == traded

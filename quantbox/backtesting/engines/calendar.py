"""Which session comes next, and how long an instrument has been listed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date, timedelta

__all__ = ["Sessions"]


class Sessions:
    """Days of trading, in order.

    Parameters
    ----------
    days : iterable of date
        In any order; a day may occur twice.
    """

    def __init__(self, days: Iterable[date]) -> None:
        self._days = sorted(set(days))

    def after(self, day: date) -> date | None:
        """Return the first session after `day`; None where the calendar ends."""
        place = bisect_right(self._days, day)
        return self._days[place] if place < len(self._days) else None

    def since(self, listed_on: date | None, day: date) -> int | None:
        """Return how many sessions lie between the first day of trading and `day`; 0 on the first day, None if unknown.

        Sessions before the calendar begins are counted as weekdays: only the first five sessions make a difference.
        """
        if listed_on is None or not self._days:
            return None
        known = bisect_left(self._days, day) - bisect_left(self._days, listed_on)
        return known + _weekdays(listed_on, self._days[0])


def _weekdays(start: date, end: date) -> int:
    weeks, rest = divmod(max((end - start).days, 0), 7)
    return weeks * 5 + sum((start + timedelta(days=offset)).weekday() < 5 for offset in range(rest))

"""Trading days of the mainland exchanges, as far ahead as they are announced.

The exchanges publish the closed days of a year in December before it, and every calendar library ends with the last
year it was given: the table here is seeded from exchange_calendars once, extended by an online source, and learns the
days on which stored bars traded. `days_left` says how far it reaches, so that its end is no surprise.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl

from quantbox.core.processes import FileLock
from quantbox.market_data.errors import CalendarEnded
from quantbox.market_data.store_files import TableFile

__all__ = ["Calendar"]

#: The sessions of Shanghai's first month, before the first year that exchange_calendars knows.
_DECEMBER_1990 = tuple(date(1990, 12, day) for day in (19, 20, 21, 24, 25, 26, 27, 28, 31))
_FIRST_YEAR_OF_LIBRARY = "1991-01-01"
_SATURDAY = 5


class Calendar:
    """Days on which Shanghai, Shenzhen and Beijing trade; they keep the same days.

    Parameters
    ----------
    path : Path
        The table; made on first use.
    lock : FileLock
        Held by whoever writes in the folder.
    """

    def __init__(self, path: Path, lock: FileLock) -> None:
        self._file = TableFile(path)
        self._lock = lock
        self._seen: pl.DataFrame | None = None
        self._days: list[date] = []

    @property
    def start(self) -> date:
        """Return the first session there ever was."""
        return self._known()[0]

    @property
    def end(self) -> date:
        """Return the last session that is known."""
        return self._known()[-1]

    def days_left(self, today: date) -> int:
        """Return how many days after `today` the calendar ends; negative when it has ended."""
        return (self.end - today).days

    def sessions(self, start: date | None = None, end: date | None = None) -> list[date]:
        """Return the sessions within the period, both ends included."""
        days = self._known()
        first = 0 if start is None else bisect_left(days, start)
        return days[first : len(days) if end is None else bisect_right(days, end)]

    def is_session(self, day: date) -> bool:
        """Return whether `day` is known as a session; after `end` no day is."""
        days = self._known()
        position = bisect_left(days, day)
        return position < len(days) and days[position] == day

    def next_session(self, day: date) -> date:
        """Return the first session after `day`.

        Raises
        ------
        CalendarEnded
            The calendar does not reach so far.
        """
        days = self._known()
        position = bisect_right(days, day)
        if position == len(days):
            raise CalendarEnded(day=day, end=self.end)
        return days[position]

    def extend(self, sessions: Iterable[date], origin: str = "source") -> int:
        """Add sessions a source names; return how many were new."""
        known = set(self._known())
        new = sorted(set(sessions) - known)
        if not new:
            return 0
        with self._lock:
            stored = self._file.read()
            added = pl.DataFrame({"date": new, "origin": [origin] * len(new)}, schema={"date": pl.Date, "origin": pl.String})
            table = added if stored is None else pl.concat([stored, added.join(stored, on="date", how="anti")])
            self._file.write(table.sort("date"))
        return len(new)

    def learn(self, traded: Iterable[date]) -> int:
        """Add days after the end on which bars traded; earlier gaps are a fault of the bars, not of the calendar."""
        end = self.end
        return self.extend([day for day in traded if day > end and day.weekday() < _SATURDAY], origin="bars")

    def _known(self) -> list[date]:
        table = self._file.read()
        if table is None:
            table = self._seed()
        if table is not self._seen:
            self._days = table["date"].to_list()
            self._seen = table
        return self._days

    def _seed(self) -> pl.DataFrame:
        import exchange_calendars  # half a second, and only once in the life of a store

        library = exchange_calendars.get_calendar("XSHG", start=_FIRST_YEAR_OF_LIBRARY)
        days = [*_DECEMBER_1990, *(session.date() for session in library.sessions)]
        table = pl.DataFrame({"date": days, "origin": ["exchange_calendars"] * len(days)}, schema_overrides={"date": pl.Date})
        with self._lock:
            seeded_meanwhile = self._file.read()
            if seeded_meanwhile is not None:
                return seeded_meanwhile
            self._file.write(table)
        return table

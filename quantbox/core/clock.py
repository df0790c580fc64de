"""Time with a zone, behind a seam that tests can hold still."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

__all__ = ["SHANGHAI", "Clock", "FixedClock", "SystemClock", "market_date"]

#: Zone of every Chinese exchange.
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """What a service asks for the time."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()


class FixedClock:
    """A clock that stands where it is put; tests move it."""

    def __init__(self, moment: datetime) -> None:
        if moment.tzinfo is None:
            raise ValueError("a clock needs an aware datetime")
        self._moment = moment.astimezone(UTC)
        self._seconds = 0.0

    def now(self) -> datetime:
        """Return the moment it was put at."""
        return self._moment

    def monotonic(self) -> float:
        """Return the seconds it was moved since it was made."""
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self._moment += timedelta(seconds=seconds)
        self._seconds += seconds


def market_date(moment: datetime) -> date:
    """Return the calendar day in Shanghai at `moment`."""
    return moment.astimezone(SHANGHAI).date()

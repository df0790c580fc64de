"""When a backup is due and which ones are kept; times and days are those of Shanghai, like everything of the market.

The rules are pure functions. A program that was not running at the hour makes the backup when it runs again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.backup.errors import ScheduleInvalid
from quantbox.backup.tables import BackupRequestRow, ScheduleRow
from quantbox.core.clock import SHANGHAI, Clock

__all__ = ["Schedule", "Schedules", "choose_kept", "is_due", "last_slot", "next_slot"]

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)
_MOST_KEPT = 366
_LATE_AFTER = timedelta(days=2)


@dataclass(frozen=True)
class Schedule:
    """When backups are made, and how many are kept.

    Attributes
    ----------
    time : str
        HH:MM in Shanghai; after the close, so that the day's work is in it.
    keep_daily, keep_weekly, keep_monthly : int
        How many days, ISO weeks and months keep the newest scheduled backup made in them.
    include_downloads : bool
        Also bars that a source can give again.
    """

    is_on: bool = True
    time: str = "18:00"
    keep_daily: int = 7
    keep_weekly: int = 4
    keep_monthly: int = 12
    include_downloads: bool = True

    def check(self) -> None:
        """Raise ScheduleInvalid naming a value outside its bounds."""
        if not _TIME.fullmatch(self.time):
            raise ScheduleInvalid(name="time", value=self.time, allowed="00:00…23:59")
        for name in ("keep_daily", "keep_weekly", "keep_monthly"):
            if not 0 <= getattr(self, name) <= _MOST_KEPT:
                raise ScheduleInvalid(name=name, value=getattr(self, name), allowed=f"0…{_MOST_KEPT}")
        if not self.keep_daily:
            raise ScheduleInvalid(name="keep_daily", value=0, allowed=f"1…{_MOST_KEPT}")


def last_slot(schedule: Schedule, now: datetime) -> datetime:
    """Return the latest moment, not after `now`, at which a backup was to be made."""
    local = now.astimezone(SHANGHAI)
    slot = datetime.combine(local.date(), time.fromisoformat(schedule.time), SHANGHAI)
    return slot if slot <= local else slot - timedelta(days=1)


def next_slot(schedule: Schedule, now: datetime) -> datetime:
    """Return the earliest moment after `now` at which a backup is to be made."""
    return last_slot(schedule, now) + timedelta(days=1)


def is_due(schedule: Schedule, since: datetime, last_asked: datetime | None, now: datetime) -> bool:
    """Return whether a slot has passed for which no backup was asked for.

    Parameters
    ----------
    since : datetime
        From when on slots count: a store is not backed up for days before it was made.
    last_asked : datetime or None
        When a scheduled backup was last asked for, however it ended: a failure is told, and tried again at the next slot.
    """
    slot = last_slot(schedule, now)
    return schedule.is_on and since < slot and (last_asked is None or last_asked < slot)


def choose_kept(made: Iterable[tuple[str, datetime]], schedule: Schedule) -> set[str]:
    """Return the names of backups to keep: the newest of each of the latest days, weeks and months that have one."""
    newest_first = sorted(made, key=lambda one: (one[1], one[0]), reverse=True)
    rules: tuple[tuple[Callable[[datetime], object], int], ...] = (
        (lambda day: day.date(), schedule.keep_daily),
        (lambda day: day.isocalendar()[:2], schedule.keep_weekly),
        (lambda day: (day.year, day.month), schedule.keep_monthly),
    )
    kept: set[str] = set()
    for period_of, count in rules:
        periods: set[object] = set()
        for name, moment in newest_first:
            period = period_of(moment.astimezone(SHANGHAI))
            if period not in periods and len(periods) < count:
                periods.add(period)
                kept.add(name)
    return kept


class Schedules:
    """The schedule of an account.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    clock : Clock
        Tells what is due.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock

    def get(self, account_id: str) -> Schedule:
        """Return the schedule; the default where none was chosen."""
        with self._sessions() as session:
            return _read(session.get(ScheduleRow, account_id))

    def change(self, account_id: str, changes: dict[str, Any]) -> Schedule:
        """Set the values named in `changes` and return the schedule; nothing is changed when one is out of bounds."""
        with self._sessions.begin() as session:
            row = self._row(session, account_id)
            schedule = Schedule(**{**vars(_read(row)), **changes})
            schedule.check()
            if schedule.is_on and (not row.is_on or schedule.time != row.time):
                row.since = self._clock.now()  # a new hour counts from now on, not for the hours it was another
            for one in fields(Schedule):
                setattr(row, one.name, getattr(schedule, one.name))
        return schedule

    def is_due(self, account_id: str) -> bool:
        """Return whether a scheduled backup is to be made now."""
        with self._sessions() as session:
            row = session.get(ScheduleRow, account_id)
            query = select(BackupRequestRow.requested_at).where(
                BackupRequestRow.account_id == account_id, BackupRequestRow.is_scheduled
            )
            last_asked = session.scalars(query.order_by(BackupRequestRow.requested_at.desc()).limit(1)).first()
        if row is not None:
            return is_due(_read(row), row.since, last_asked, self._clock.now())
        with self._sessions.begin() as session:
            self._row(session, account_id)
        return False

    def is_late(self, account_id: str, newest: datetime | None) -> bool:
        """Return whether backups are scheduled and two days went by without one."""
        with self._sessions() as session:
            row = session.get(ScheduleRow, account_id)
        if row is None or not row.is_on:
            return False
        return self._clock.now() - max(row.since, newest or row.since) > _LATE_AFTER

    def _row(self, session: Session, account_id: str) -> ScheduleRow:
        row = session.get(ScheduleRow, account_id)
        if row is None:
            row = ScheduleRow(account_id=account_id, since=self._clock.now(), **vars(Schedule()))
            session.add(row)
        return row


def _read(row: ScheduleRow | None) -> Schedule:
    return Schedule() if row is None else Schedule(**{one.name: getattr(row, one.name) for one in fields(Schedule)})

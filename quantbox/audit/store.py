"""Queries on the audit log: the last record, one more, some to look at, all in their order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from quantbox.audit.acts import acts_called
from quantbox.audit.models import AuditRecord, RecordFilter
from quantbox.audit.tables import AuditRow
from quantbox.core.clock import SHANGHAI

__all__ = ["add_record", "all_records", "begin_immediate", "hash_at", "last_record", "list_records", "time_text"]

_COLUMNS = [getattr(AuditRow, one.name) for one in fields(AuditRecord)]
_ROWS_AT_ONCE = 500


def time_text(moment: datetime) -> str:
    """Return a moment as records keep it; the order of such texts is the order of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def begin_immediate(session: Session) -> None:
    """Wait for the turn to write before the first look, so that two writers never stand on the same last record."""
    session.connection().exec_driver_sql("BEGIN IMMEDIATE")


def last_record(session: Session) -> AuditRecord | None:
    """Return the newest record."""
    row = session.execute(select(*_COLUMNS).order_by(AuditRow.seq.desc()).limit(1)).one_or_none()
    return None if row is None else AuditRecord(*row)


def hash_at(session: Session, seq: int) -> str | None:
    """Return the hash of one record; None where there is none."""
    return session.scalar(select(AuditRow.hash).where(AuditRow.seq == seq))


def add_record(session: Session, record: AuditRecord) -> None:
    """Write one more record."""
    session.add(AuditRow(**asdict(record)))
    session.flush()


def all_records(session: Session, wanted: RecordFilter | None = None) -> Iterator[AuditRecord]:
    """Yield records in their order, a few at a time."""
    query = select(*_COLUMNS).where(*_conditions(wanted or RecordFilter())).order_by(AuditRow.seq)
    for row in session.execute(query.execution_options(yield_per=_ROWS_AT_ONCE)):
        yield AuditRecord(*row)


def list_records(session: Session, wanted: RecordFilter, before_seq: int | None, limit: int) -> list[AuditRecord]:
    """Return records newest first."""
    query = select(*_COLUMNS).where(*_conditions(wanted)).order_by(AuditRow.seq.desc()).limit(limit)
    if before_seq is not None:
        query = query.where(AuditRow.seq < before_seq)
    return [AuditRecord(*row) for row in session.execute(query)]


def _conditions(wanted: RecordFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.text:
        columns = (AuditRow.act, AuditRow.person, AuditRow.address, AuditRow.facts)
        found = [column.icontains(wanted.text, autoescape=True) for column in columns]
        yield or_(*found, AuditRow.act.in_(acts_called(wanted.text)))
    if wanted.act:
        yield AuditRow.act == wanted.act
    if wanted.outcome is not None:
        yield AuditRow.outcome == wanted.outcome.value
    if wanted.start is not None:
        yield AuditRow.at >= time_text(datetime.combine(wanted.start, time_of_day.min, SHANGHAI))
    if wanted.end is not None:
        yield AuditRow.at < time_text(datetime.combine(wanted.end + timedelta(days=1), time_of_day.min, SHANGHAI))

"""Statements on the jobs table.

Every change of state names the state and attempt it starts from, so two workers never hold one lease, whatever each of
them believes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from quantbox.jobs.models import FINAL_STATES, WAITING_STATES, Job, JobState, Lease, Reason
from quantbox.jobs.tables import JobRow

__all__ = [
    "add_job",
    "cancel_running",
    "cancel_waiting",
    "claim_job",
    "end_job",
    "end_lost",
    "end_unfinished",
    "find_job",
    "find_lost",
    "list_jobs",
    "list_waiting",
    "pull_back_future_heartbeats",
    "touch_lease",
]


def add_job(session: Session, job: Job) -> None:
    """Insert a new job."""
    session.add(
        JobRow(
            id=job.id,
            account_id=job.account_id,
            kind=job.kind,
            title=job.title,
            state=job.state.value,
            attempt=job.attempt,
            max_attempts=job.max_attempts,
            progress=job.progress,
            stage=job.stage,
            cancel_requested=job.cancel_requested,
            created_at=job.created_at,
        )
    )
    session.flush()


def find_job(session: Session, job_id: str, account_id: str | None = None) -> Job | None:
    """Return the job, or None when it does not exist or belongs to another account."""
    row = session.get(JobRow, job_id, populate_existing=True)
    return None if row is None or account_id not in (None, row.account_id) else _to_job(row)


def list_jobs(
    session: Session,
    account_id: str,
    *,
    kinds: Iterable[str] | None,
    states: Iterable[JobState] | None,
    before_id: str | None,
    limit: int,
) -> list[Job]:
    """Return up to `limit` jobs of the account, newest first, older than `before_id`."""
    query = select(JobRow).where(JobRow.account_id == account_id)
    if kinds is not None:
        query = query.where(JobRow.kind.in_(list(kinds)))
    if states is not None:
        query = query.where(JobRow.state.in_([state.value for state in states]))
    if before_id is not None:
        query = query.where(JobRow.id < before_id)
    return [_to_job(row) for row in session.scalars(query.order_by(JobRow.id.desc()).limit(limit))]


def list_waiting(session: Session) -> list[str]:
    """Return the ids of jobs nobody has claimed, oldest first."""
    return list(session.scalars(select(JobRow.id).where(_waits()).order_by(JobRow.id)))


def claim_job(session: Session, job_id: str, owner: str, now: datetime) -> Lease | None:
    """Start the next attempt of a waiting job; None when it does not wait."""
    attempt = session.scalar(
        update(JobRow)
        .where(JobRow.id == job_id, _waits())
        .values(
            state=JobState.RUNNING.value,
            attempt=JobRow.attempt + 1,
            owner=owner,
            progress=0.0,
            stage="",
            started_at=now,
            heartbeat_at=now,
        )
        .returning(JobRow.attempt)
    )
    return None if attempt is None else Lease(job_id, attempt, owner)


def touch_lease(session: Session, lease: Lease, now: datetime, progress: float | None, stage: str | None) -> bool | None:
    """Record a sign of life; return whether cancelling was asked for, or None when the lease is void."""
    values: dict[str, Any] = {"heartbeat_at": now}
    if progress is not None:
        values["progress"] = progress
    if stage is not None:
        values["stage"] = stage
    return session.scalar(_held(lease).values(**values).returning(JobRow.cancel_requested))


def end_job(session: Session, lease: Lease, state: JobState, reason: Reason | None, now: datetime) -> bool:
    """End a held job; False when the lease is void."""
    values: dict[str, Any] = {"state": state.value, "reason": reason.to_json() if reason else None, "finished_at": now}
    if state is JobState.SUCCEEDED:
        values["progress"] = 1.0
    return _changed(session, _held(lease).values(owner=None, **values))


def cancel_waiting(session: Session, job_id: str, account_id: str, now: datetime) -> bool:
    """End a job that nobody has claimed; False when it does not wait."""
    return _changed(
        session,
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.account_id == account_id, _waits())
        .values(state=JobState.CANCELLED.value, cancel_requested=True, finished_at=now),
    )


def cancel_running(session: Session, job_id: str, account_id: str) -> bool:
    """Ask the holder of a running job to stop; False when it does not run."""
    return _changed(
        session,
        update(JobRow)
        .where(JobRow.id == job_id, JobRow.account_id == account_id, JobRow.state == JobState.RUNNING.value)
        .values(cancel_requested=True),
    )


def pull_back_future_heartbeats(session: Session, now: datetime) -> None:
    """After the machine's clock was set back, let heartbeats from "later" age from now on, or they never would."""
    session.execute(
        update(JobRow).where(JobRow.state == JobState.RUNNING.value, JobRow.heartbeat_at > now).values(heartbeat_at=now)
    )


def find_lost(session: Session, now: datetime, older_than_seconds: float) -> Sequence[Job]:
    """Return running jobs without a sign of life for longer than that."""
    oldest = now - timedelta(seconds=older_than_seconds)
    rows = session.scalars(
        select(JobRow)
        .where(JobRow.state == JobState.RUNNING.value, JobRow.heartbeat_at < oldest)
        .order_by(JobRow.id)
        .execution_options(populate_existing=True)
    )
    return [_to_job(row) for row in rows]


def end_lost(session: Session, job: Job, state: JobState, reason: Reason | None, finished_at: datetime | None) -> bool:
    """Take a lost job from its dead holder; False when somebody else changed it meanwhile."""
    values: dict[str, Any] = {"state": state.value, "owner": None, "finished_at": finished_at}
    if reason is not None:
        values["reason"] = reason.to_json()
    return _changed(
        session,
        update(JobRow)
        .where(JobRow.id == job.id, JobRow.state == JobState.RUNNING.value, JobRow.attempt == job.attempt)
        .values(**values),
    )


def end_unfinished(session: Session, reason: Reason, now: datetime) -> int:
    """End as failed whatever has not ended; return how many jobs that were."""
    unfinished = JobRow.state.not_in(sorted(state.value for state in FINAL_STATES))
    values = {"state": JobState.FAILED.value, "reason": reason.to_json(), "owner": None, "finished_at": now}
    return len(session.scalars(update(JobRow).where(unfinished).values(**values).returning(JobRow.id)).all())


def _waits() -> Any:
    return JobRow.state.in_(sorted(state.value for state in WAITING_STATES))


def _held(lease: Lease) -> Update:
    return update(JobRow).where(
        JobRow.id == lease.job_id,
        JobRow.state == JobState.RUNNING.value,
        JobRow.attempt == lease.attempt,
        JobRow.owner == lease.owner,
    )


def _changed(session: Session, statement: Update) -> bool:
    return session.scalar(statement.returning(JobRow.id)) is not None


def _to_job(row: JobRow) -> Job:
    return Job(
        id=row.id,
        account_id=row.account_id,
        kind=row.kind,
        title=row.title,
        state=JobState(row.state),
        attempt=row.attempt,
        max_attempts=row.max_attempts,
        progress=row.progress,
        stage=row.stage,
        reason=Reason(**row.reason) if row.reason else None,
        cancel_requested=row.cancel_requested,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )

"""The life of a job: made, claimed, kept alive, ended once, taken from the dead.

The table is the truth and the queue only wakes workers, so a lost or doubled message changes nothing: a claim succeeds
once, and a sweep finds what nobody woke.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.bus import Bus
from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.core.paging import Page, decode_cursor, encode_cursor, page_limit
from quantbox.jobs import store
from quantbox.jobs.errors import JobEnded, JobNotFound, LeaseLost, WorkerLost
from quantbox.jobs.models import FINAL_STATES, Job, JobState, Lease, Reason

__all__ = ["JobService"]

_log = logging.getLogger(__name__)

#: Ends of which the owner must be told why.
_NEEDS_REASON = frozenset({JobState.FAILED, JobState.TIMED_OUT})


class JobService:
    """Every change of the jobs table goes through here.

    Parameters
    ----------
    sessions : sessionmaker
        Sessions on the database.
    clock : Clock
        Tells when things happen.
    bus : Bus
        Told ``jobs.<id>`` after every committed change.
    wake : callable
        Given the id of a job that waits; may lose it.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock, bus: Bus, wake: Callable[[str], None]) -> None:
        self._sessions = sessions
        self._clock = clock
        self._bus = bus
        self._wake = wake

    def create(
        self,
        kind: str,
        title: str,
        account_id: str,
        *,
        session: Session | None = None,
        max_attempts: int = 2,
        wake: bool = True,
    ) -> Job:
        """Make a job.

        Parameters
        ----------
        kind : str
            What is to be done ("backtest").
        title : str
            How the owner recognises it.
        account_id : str
            Whose it is.
        session : Session, optional
            The transaction to write in; the caller then calls :meth:`wake` after his commit.
        max_attempts : int
            How often it may be started when workers die.
        wake : bool
            False when the caller claims the job itself.

        Returns
        -------
        Job
            The new job, queued.
        """
        if max_attempts < 1:
            raise ValueError(f"max_attempts is {max_attempts}, not at least 1")
        job = Job(
            id=new_id(),
            account_id=account_id,
            kind=kind,
            title=title,
            state=JobState.QUEUED,
            attempt=0,
            max_attempts=max_attempts,
            progress=0.0,
            stage="",
            reason=None,
            cancel_requested=False,
            created_at=self._clock.now(),
            started_at=None,
            finished_at=None,
        )
        if session is not None:
            store.add_job(session, job)
            return job
        with self._sessions.begin() as own_session:
            store.add_job(own_session, job)
        if wake:
            self.wake(job.id)
        else:
            self._tell(job)
        return job

    def wake(self, job_id: str) -> None:
        """Tell the workers and the pages of a job that was committed."""
        try:
            self._wake(job_id)
        except Exception:  # noqa: BLE001 - an edge: the job is safe in the table, and the workers' sweep wakes it
            _log.warning("job %s could not be queued now; a worker's sweep will find it", job_id)
        with self._sessions() as session:
            job = store.find_job(session, job_id)
        if job is not None:
            self._tell(job)

    def claim(self, job_id: str, owner: str) -> Lease | None:
        """Start the next attempt of a waiting job for `owner`; None when the job does not wait."""
        with self._sessions.begin() as session:
            lease = store.claim_job(session, job_id, owner, self._clock.now())
            job = store.find_job(session, job_id)
        if lease is not None and job is not None:
            self._tell(job)
        return lease

    def heartbeat(self, lease: Lease, progress: float | None = None, stage: str | None = None) -> bool:
        """Show that the holder lives, with progress (0..1) and stage where they are known.

        Returns
        -------
        bool
            True when cancelling was asked for.

        Raises
        ------
        LeaseLost
            When the lease is void.
        """
        fraction = None if progress is None else min(max(progress, 0.0), 1.0)
        with self._sessions.begin() as session:
            cancel_requested = store.touch_lease(session, lease, self._clock.now(), fraction, stage)
            job = store.find_job(session, lease.job_id)
        if cancel_requested is None or job is None:
            raise LeaseLost(job_id=lease.job_id, attempt=lease.attempt)
        if progress is not None or stage is not None:
            self._tell(job)
        return cancel_requested

    def finish(
        self,
        lease: Lease,
        state: JobState,
        reason: Reason | None = None,
        write: Callable[[Session], None] | None = None,
    ) -> Job:
        """End the job and write its result, both in one transaction or neither.

        Parameters
        ----------
        lease : Lease
            The attempt that ends.
        state : JobState
            A final state.
        reason : Reason, optional
            Why; needed for failed and timed out.
        write : callable, optional
            Writes the result in the same transaction.

        Raises
        ------
        LeaseLost
            When the lease is void; nothing is written then.
        """
        if state not in FINAL_STATES or (state in _NEEDS_REASON and reason is None):
            raise ValueError(f"a job cannot end as {state} with reason {reason}")
        with self._sessions.begin() as session:
            if not store.end_job(session, lease, state, reason, self._clock.now()):
                raise LeaseLost(job_id=lease.job_id, attempt=lease.attempt)
            if write is not None:
                write(session)
            session.flush()
            job = self._get(session, lease.job_id)
        self._tell(job)
        return job

    def cancel(self, job_id: str, account_id: str) -> Job:
        """End a waiting job at once, or ask the holder of a running one to stop.

        Raises
        ------
        JobNotFound
            When the account has no such job.
        JobEnded
            When it has ended already.
        """
        with self._sessions.begin() as session:
            stopped = store.cancel_waiting(session, job_id, account_id, self._clock.now()) or store.cancel_running(
                session, job_id, account_id
            )
            job = self._get(session, job_id, account_id)
        if not stopped:
            raise JobEnded(job_id=job_id, state=job.state.value)
        self._tell(job)
        return job

    def get(self, job_id: str, account_id: str) -> Job:
        """Return a job of the account, or raise JobNotFound."""
        with self._sessions() as session:
            return self._get(session, job_id, account_id)

    def job_of(self, lease: Lease) -> Job:
        """Return the job a lease is for, whoever owns it."""
        with self._sessions() as session:
            return self._get(session, lease.job_id)

    def list_jobs(
        self,
        account_id: str,
        *,
        kinds: Iterable[str] | None = None,
        states: Iterable[JobState] | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[Job]:
        """Return the account's jobs, newest first, one page at a time."""
        before_id = None if cursor is None else str(decode_cursor(cursor, str)[0])
        with self._sessions() as session:
            jobs = store.list_jobs(
                session, account_id, kinds=kinds, states=states, before_id=before_id, limit=page_limit(limit) + 1
            )
        page = jobs[:limit]
        return Page(page, encode_cursor(page[-1].id) if len(jobs) > limit else None)

    def waiting(self) -> list[str]:
        """Return the ids of jobs that wait for a worker, oldest first."""
        with self._sessions() as session:
            return store.list_waiting(session)

    def recover_lost(self, older_than_seconds: float) -> list[Job]:
        """Take running jobs from holders that gave no sign of life for so long.

        Such a job ends as cancelled when that was asked for, waits for its next attempt where one is left, and fails
        otherwise.

        Returns
        -------
        list of Job
            The jobs taken, as they stand now.
        """
        now = self._clock.now()
        taken: list[Job] = []
        with self._sessions.begin() as session:
            store.pull_back_future_heartbeats(session, now)
            for job in store.find_lost(session, now, older_than_seconds):
                state, reason = _after_loss(job)
                finished_at = now if state in FINAL_STATES else None
                if store.end_lost(session, job, state, reason, finished_at):
                    taken.append(self._get(session, job.id))
        for job in taken:
            if job.state is JobState.REQUEUED:
                self.wake(job.id)
            else:
                self._tell(job)
        return taken

    def end_unfinished(self, reason: Reason) -> int:
        """End every job that waits or runs as failed; for a store whose workers are those of another time. Return how many."""
        with self._sessions.begin() as session:
            return store.end_unfinished(session, reason, self._clock.now())

    def _get(self, session: Session, job_id: str, account_id: str | None = None) -> Job:
        job = store.find_job(session, job_id, account_id)
        if job is None:
            raise JobNotFound(job_id=job_id)
        return job

    def _tell(self, job: Job) -> None:
        self._bus.publish(f"jobs.{job.id}", {"job": job.to_json(self._clock.now())})


def _after_loss(job: Job) -> tuple[JobState, Reason | None]:
    if job.cancel_requested:
        return JobState.CANCELLED, None
    if job.attempt < job.max_attempts:
        return JobState.REQUEUED, None
    return JobState.FAILED, Reason.from_error(WorkerLost(attempts=job.attempt))

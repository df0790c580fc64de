"""The life of a job, step by step."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock
from quantbox.core.paging import CursorInvalid
from quantbox.jobs.errors import JobEnded, JobNotFound, LeaseLost, WorkerLost
from quantbox.jobs.models import Job, JobState, Lease, Reason
from quantbox.jobs.service import JobService
from tests.jobs.conftest import Told

WHY = Reason("test.reason", {"zh": "原因", "en": "a reason"})


def _create(jobs: JobService, **changes: object) -> Job:
    return jobs.create(**{"kind": "backtest", "title": "双均线", "account_id": "owner", **changes})  # type: ignore[arg-type]


def _claim(jobs: JobService, job: Job, owner: str = "worker-1") -> Lease:
    lease = jobs.claim(job.id, owner)
    assert lease is not None
    return lease


def test_new_job_is_queued_stored_told_and_woken(jobs: JobService, told: Told, clock: FixedClock) -> None:
    job = _create(jobs)
    assert (job.state, job.attempt, job.progress, job.created_at) == (JobState.QUEUED, 0, 0.0, clock.now())
    assert jobs.get(job.id, "owner") == job
    assert (told.woken, told.states(), jobs.waiting()) == ([job.id], ["queued"], [job.id])


def test_job_made_in_a_transaction_that_is_undone_never_was(
    jobs: JobService, told: Told, sessions: sessionmaker[Session]
) -> None:
    with sessions() as session:
        job = _create(jobs, session=session)
        session.rollback()
    assert (told.woken, told.news, jobs.waiting()) == ([], [], [])
    with pytest.raises(JobNotFound):
        jobs.get(job.id, "owner")


def test_job_made_in_a_transaction_is_woken_by_the_caller(jobs: JobService, told: Told, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        job = _create(jobs, session=session)
    assert told.woken == []
    jobs.wake(job.id)
    assert (told.woken, told.states()) == ([job.id], ["queued"])


def test_job_for_the_caller_himself_wakes_nobody(jobs: JobService, told: Told) -> None:
    job = _create(jobs, wake=False)
    assert told.woken == []
    assert _claim(jobs, job, "command-line").attempt == 1


def test_failing_queue_does_not_lose_the_job(sessions: sessionmaker[Session], clock: FixedClock) -> None:
    def broken(_job_id: str) -> None:
        raise OSError("disk full")

    jobs = JobService(sessions, clock, LocalBus(), broken)
    job = _create(jobs)
    assert jobs.waiting() == [job.id]


def test_claim_starts_an_attempt_and_only_one_worker_gets_it(jobs: JobService, told: Told, clock: FixedClock) -> None:
    job = _create(jobs)
    clock.advance(3)
    assert _claim(jobs, job) == Lease(job.id, 1, "worker-1")
    assert jobs.claim(job.id, "worker-2") is None
    running = jobs.get(job.id, "owner")
    assert (running.state, running.attempt, running.started_at) == (JobState.RUNNING, 1, clock.now())
    assert (told.states(), jobs.waiting()) == (["queued", "running"], [])


def test_claim_of_an_unknown_job_is_none(jobs: JobService) -> None:
    assert jobs.claim("0" * 32, "worker-1") is None


def test_heartbeat_writes_progress_and_stage(jobs: JobService, told: Told) -> None:
    lease = _claim(jobs, job := _create(jobs))
    assert jobs.heartbeat(lease, 0.4, "running") is False
    assert (jobs.get(job.id, "owner").progress, told.news[-1]["stage"]) == (0.4, "running")
    jobs.heartbeat(lease)
    assert jobs.get(job.id, "owner").progress == 0.4


@pytest.mark.parametrize(("given", "stored"), [(-0.1, 0.0), (1.7, 1.0)])
def test_progress_stays_between_nothing_and_all(jobs: JobService, given: float, stored: float) -> None:
    lease = _claim(jobs, job := _create(jobs))
    jobs.heartbeat(lease, given, "running")
    assert jobs.get(job.id, "owner").progress == stored


def test_result_and_state_are_written_together(jobs: JobService, sessions: sessionmaker[Session], clock: FixedClock) -> None:
    lease = _claim(jobs, _create(jobs))
    clock.advance(5)
    with sessions.begin() as session:
        session.execute(text("CREATE TABLE results (job_id TEXT)"))
    ended = jobs.finish(lease, JobState.SUCCEEDED, write=lambda s: s.execute(text("INSERT INTO results VALUES ('r')")))
    assert (ended.state, ended.progress, ended.finished_at) == (JobState.SUCCEEDED, 1.0, clock.now())
    with sessions() as session:
        assert session.execute(text("SELECT job_id FROM results")).scalars().all() == ["r"]


def test_result_that_cannot_be_written_leaves_the_job_running(jobs: JobService, told: Told) -> None:
    lease = _claim(jobs, job := _create(jobs))

    def write(_session: Session) -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        jobs.finish(lease, JobState.SUCCEEDED, write=write)
    assert jobs.get(job.id, "owner").state is JobState.RUNNING
    assert told.states()[-1] == "running"


def test_failure_keeps_its_reason(jobs: JobService) -> None:
    lease = _claim(jobs, job := _create(jobs))
    jobs.finish(lease, JobState.FAILED, WHY)
    assert jobs.get(job.id, "owner").reason == WHY


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.TIMED_OUT, JobState.RUNNING, JobState.QUEUED, JobState.REQUEUED])
def test_end_without_reason_or_that_is_none_is_a_mistake(jobs: JobService, state: JobState) -> None:
    lease = _claim(jobs, _create(jobs))
    with pytest.raises(ValueError, match="cannot end"):
        jobs.finish(lease, state)


@pytest.mark.parametrize("act", ["heartbeat", "finish"])
def test_void_lease_changes_nothing(jobs: JobService, clock: FixedClock, act: str) -> None:
    old = _claim(jobs, job := _create(jobs))
    clock.advance(60)
    jobs.recover_lost(10)
    new = _claim(jobs, job, "worker-2")
    wrote: list[Session] = []
    with pytest.raises(LeaseLost):
        _ = jobs.heartbeat(old, 0.9, "late") if act == "heartbeat" else jobs.finish(old, JobState.SUCCEEDED, write=wrote.append)
    after = jobs.get(job.id, "owner")
    assert (after.state, after.attempt, after.progress, wrote) == (JobState.RUNNING, 2, 0.0, [])
    assert jobs.finish(new, JobState.SUCCEEDED).attempt == 2


def test_lease_of_another_owner_is_void(jobs: JobService) -> None:
    lease = _claim(jobs, _create(jobs))
    with pytest.raises(LeaseLost):
        jobs.heartbeat(Lease(lease.job_id, lease.attempt, "somebody else"))


def test_waiting_job_is_cancelled_at_once(jobs: JobService, told: Told) -> None:
    job = _create(jobs)
    cancelled = jobs.cancel(job.id, "owner")
    assert (cancelled.state, told.states()) == (JobState.CANCELLED, ["queued", "cancelled"])
    assert jobs.claim(job.id, "worker-1") is None


def test_running_job_is_asked_to_stop_and_may_be_asked_twice(jobs: JobService) -> None:
    lease = _claim(jobs, job := _create(jobs))
    for _ in range(2):
        asked = jobs.cancel(job.id, "owner")
        assert (asked.state, asked.cancel_requested) == (JobState.RUNNING, True)
    assert jobs.heartbeat(lease) is True
    assert jobs.finish(lease, JobState.CANCELLED).state is JobState.CANCELLED


def test_ended_job_cannot_be_cancelled(jobs: JobService) -> None:
    jobs.finish(_claim(jobs, job := _create(jobs)), JobState.SUCCEEDED)
    with pytest.raises(JobEnded) as refusal:
        jobs.cancel(job.id, "owner")
    assert refusal.value.facts["state"] == "succeeded"


def test_another_accounts_job_does_not_exist(jobs: JobService) -> None:
    job = _create(jobs)
    for act in (jobs.get, jobs.cancel):
        with pytest.raises(JobNotFound):
            act(job.id, "somebody")
    assert jobs.list_jobs("somebody").items == []
    assert jobs.get(job.id, "owner").state is JobState.QUEUED


def test_silent_holder_loses_the_job_once_and_it_waits_again(jobs: JobService, told: Told, clock: FixedClock) -> None:
    _claim(jobs, job := _create(jobs))
    clock.advance(10)
    assert jobs.recover_lost(10) == []  # not longer than ten seconds yet
    clock.advance(0.001)
    (taken,) = jobs.recover_lost(10)
    assert (taken.id, taken.state, jobs.waiting()) == (job.id, JobState.REQUEUED, [job.id])
    assert told.woken == [job.id, job.id]
    assert jobs.recover_lost(10) == []


def test_job_lost_in_its_last_attempt_fails_and_says_why(jobs: JobService, clock: FixedClock) -> None:
    job = _create(jobs, max_attempts=2)
    for _ in range(2):
        _claim(jobs, job)
        clock.advance(11)
        (taken,) = jobs.recover_lost(10)
    assert (taken.state, taken.finished_at, taken.attempt) == (JobState.FAILED, clock.now(), 2)
    assert taken.reason == Reason.from_error(WorkerLost(attempts=2))


def test_job_lost_while_being_cancelled_is_cancelled(jobs: JobService, clock: FixedClock) -> None:
    _claim(jobs, job := _create(jobs))
    jobs.cancel(job.id, "owner")
    clock.advance(11)
    assert [taken.state for taken in jobs.recover_lost(10)] == [JobState.CANCELLED]


def test_heartbeat_keeps_the_lease(jobs: JobService, clock: FixedClock) -> None:
    lease = _claim(jobs, _create(jobs))
    for _ in range(5):
        clock.advance(9)
        jobs.heartbeat(lease)
        assert jobs.recover_lost(10) == []


def test_clock_set_back_by_an_hour_does_not_keep_a_dead_workers_job(jobs: JobService, clock: FixedClock) -> None:
    _claim(jobs, _create(jobs))
    clock.advance(-3600)
    assert jobs.recover_lost(10) == []
    clock.advance(11)
    assert [taken.state for taken in jobs.recover_lost(10)] == [JobState.REQUEUED]


def test_jobs_are_listed_newest_first_page_by_page(jobs: JobService) -> None:
    made = [_create(jobs, kind="backtest" if number % 2 else "data_import").id for number in range(7)]
    shown: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        page = jobs.list_jobs("owner", cursor=cursor, limit=3)
        shown += [job.id for job in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert (sorted(shown, reverse=True), pages) == (shown, 3)
    assert set(shown) == set(made)


def test_full_last_page_has_no_next(jobs: JobService) -> None:
    _create(jobs)
    assert jobs.list_jobs("owner", limit=1).next_cursor is None


def test_list_is_narrowed_by_kind_and_state(jobs: JobService) -> None:
    backtest, data_import = _create(jobs), _create(jobs, kind="data_import")
    _claim(jobs, data_import)
    assert [job.id for job in jobs.list_jobs("owner", kinds=["backtest"]).items] == [backtest.id]
    assert [job.id for job in jobs.list_jobs("owner", states=[JobState.RUNNING]).items] == [data_import.id]
    assert jobs.list_jobs("owner", kinds=[]).items == []


def test_foreign_cursor_is_refused(jobs: JobService) -> None:
    with pytest.raises(CursorInvalid):
        jobs.list_jobs("owner", cursor="nonsense")


def test_waiting_jobs_come_oldest_first(jobs: JobService, clock: FixedClock) -> None:
    first, second = _create(jobs), _create(jobs)
    _claim(jobs, first)
    clock.advance(timedelta(seconds=11).total_seconds())
    jobs.recover_lost(10)
    assert jobs.waiting() == sorted([first.id, second.id])


def test_no_attempt_at_all_is_a_mistake(jobs: JobService) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        _create(jobs, max_attempts=0)


def test_words_of_a_job_are_not_readable_on_disk(jobs: JobService, data_folder: object) -> None:
    _create(jobs, title="贵州茅台加仓计划")
    root = Path(data_folder.root)  # type: ignore[attr-defined]
    assert all("贵州茅台加仓计划".encode() not in file.read_bytes() for file in root.iterdir())

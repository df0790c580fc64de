"""However a handler ends, its job ends truthfully."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock, SystemClock
from quantbox.core.errors import Invalid
from quantbox.core.text import Text
from quantbox.jobs import runner as runner_module
from quantbox.jobs.errors import LeaseLost
from quantbox.jobs.models import Job, JobState, Reason
from quantbox.jobs.runner import Handler, JobContext, JobRunner
from quantbox.jobs.service import JobService
from tests.jobs.conftest import Told

Run = Callable[[Handler], Job | None]


class BarsMissing(Invalid):
    code = "test.bars_missing"
    sentence = Text("{symbol} 没有日线", "{symbol} has no bars")
    hint = Text("请先导入 {symbol}", "Import {symbol} first")


@pytest.fixture
def run(jobs: JobService, clock: FixedClock, bus: LocalBus) -> Run:
    """Make a job and run it with the given handler."""

    def run_with(handler: Handler) -> Job | None:
        job = jobs.create("backtest", "双均线", "owner")
        return JobRunner(jobs, {"backtest": handler}, "worker-1", clock, bus).run(job.id)

    return run_with


def _only(jobs: JobService) -> Job:
    (job,) = jobs.list_jobs("owner").items
    return job


def test_finished_work_succeeds_with_its_result(run: Run, jobs: JobService, sessions: sessionmaker[Session]) -> None:
    def handler(context: JobContext) -> None:
        context.report(0.5, "running")
        context.finish(JobState.SUCCEEDED, write=lambda s: s.execute(text("CREATE TABLE results (job_id)")))

    ended = run(handler)
    assert ended == _only(jobs)
    assert ended is not None
    assert (ended.state, ended.progress, ended.attempt) == (JobState.SUCCEEDED, 1.0, 1)
    with sessions() as session:
        assert session.execute(text("SELECT count(*) FROM results")).scalar_one() == 0


def test_work_that_says_nothing_of_its_end_fails(run: Run) -> None:
    ended = run(lambda _context: None)
    assert ended is not None
    assert ended.state is JobState.FAILED
    assert ended.reason is not None
    assert ended.reason.code == "jobs.unfinished"


def test_refusal_becomes_the_reason_in_both_languages(run: Run) -> None:
    def handler(_context: JobContext) -> None:
        raise BarsMissing(symbol="600519.SH")

    ended = run(handler)
    assert ended is not None
    assert (ended.state, ended.reason) == (
        JobState.FAILED,
        Reason(
            "test.bars_missing",
            {"zh": "600519.SH 没有日线", "en": "600519.SH has no bars"},
            {"zh": "请先导入 600519.SH", "en": "Import 600519.SH first"},
            {"symbol": "600519.SH"},
        ),
    )


def test_fault_of_the_program_is_found_in_the_log_by_its_number_without_its_words(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(_context: JobContext) -> None:
        raise RuntimeError("贵州茅台 1500 股")

    caplog.set_level(logging.DEBUG)
    ended = run(handler)
    assert ended is not None
    assert ended.reason is not None
    assert (ended.state, ended.reason.code, ended.reason.facts["cause"]) == (
        JobState.FAILED,
        "jobs.internal_error",
        "RuntimeError",
    )
    assert ended.reason.facts["error_id"] in caplog.text
    assert "test_runner.py" in caplog.text
    assert "1500" not in caplog.text


def test_memory_error_fails_the_job(run: Run) -> None:
    def handler(_context: JobContext) -> None:
        raise MemoryError

    ended = run(handler)
    assert ended is not None
    assert ended.state is JobState.FAILED


def test_unknown_kind_fails(jobs: JobService, clock: FixedClock, bus: LocalBus) -> None:
    job = jobs.create("sweep", "t", "owner")
    ended = JobRunner(jobs, {}, "worker-1", clock, bus).run(job.id)
    assert ended is not None
    assert ended.reason is not None
    assert (ended.state, ended.reason.code) == (JobState.FAILED, "jobs.kind_unknown")


def test_job_that_does_not_wait_is_left_alone(jobs: JobService, clock: FixedClock, bus: LocalBus) -> None:
    job = jobs.create("backtest", "t", "owner")
    jobs.cancel(job.id, "owner")
    called: list[JobContext] = []
    assert JobRunner(jobs, {"backtest": called.append}, "worker-1", clock, bus).run(job.id) is None
    assert called == []


def test_cancelled_work_stops_at_its_next_report(run: Run, jobs: JobService) -> None:
    reports: list[float] = []

    def handler(context: JobContext) -> None:
        for number in range(10):
            if number == 3:
                jobs.cancel(context.job.id, "owner")
            context.report(number / 10, "running")
            reports.append(number)

    ended = run(handler)
    assert ended is not None
    assert (ended.state, reports) == (JobState.CANCELLED, [0, 1, 2])


def test_cancelling_is_heard_without_the_bus_at_the_next_written_report(jobs: JobService, clock: FixedClock) -> None:
    # the runner's bus is another one, as if every message was lost
    job = jobs.create("backtest", "t", "owner")

    def handler(context: JobContext) -> None:
        context.report(0.1, "running")
        jobs.cancel(context.job.id, "owner")
        context.report(0.2, "running")  # not written: too early
        clock.advance(runner_module.REPORT_SECONDS)
        context.report(0.3, "running")
        raise AssertionError("went on after it was cancelled")

    ended = JobRunner(jobs, {"backtest": handler}, "worker-1", clock, LocalBus()).run(job.id)
    assert ended is not None
    assert ended.state is JobState.CANCELLED


def test_work_done_before_the_cancelling_was_seen_succeeds(run: Run, jobs: JobService) -> None:
    def handler(context: JobContext) -> None:
        jobs.cancel(context.job.id, "owner")
        context.finish(JobState.SUCCEEDED)

    ended = run(handler)
    assert ended is not None
    assert (ended.state, ended.cancel_requested) == (JobState.SUCCEEDED, True)


def test_progress_is_written_at_most_twice_a_second(run: Run, clock: FixedClock, told: Told) -> None:
    def handler(context: JobContext) -> None:
        for number in range(100):  # one report every 0.05 s for 5 s
            context.report(number / 100, "running")
            clock.advance(0.05)
        context.finish(JobState.SUCCEEDED)

    run(handler)
    written = [job["progress"] for job in told.news if job["stage"] == "running" and job["state"] == "running"]
    # binary fractions of 0.05 s may push a beat to the next report, so nine or ten in five seconds
    assert 9 <= len(written) <= 10
    assert written == sorted(written)


def test_lost_lease_drops_the_result_and_leaves_the_new_attempt_alone(run: Run, jobs: JobService, clock: FixedClock) -> None:
    def handler(context: JobContext) -> None:
        clock.advance(60)
        jobs.recover_lost(10)
        jobs.claim(context.job.id, "worker-2")
        context.finish(JobState.SUCCEEDED)

    assert run(handler) is None
    job = _only(jobs)
    assert (job.state, job.attempt) == (JobState.RUNNING, 2)


def test_report_under_a_lost_lease_stops_the_work(run: Run, jobs: JobService, clock: FixedClock) -> None:
    stopped: list[Exception] = []

    def handler(context: JobContext) -> None:
        clock.advance(60)
        jobs.recover_lost(10)
        try:
            context.report(0.5, "running")
        except LeaseLost as error:
            stopped.append(error)
            raise

    assert run(handler) is None
    assert len(stopped) == 1
    assert _only(jobs).state is JobState.REQUEUED


def test_fault_after_the_end_changes_nothing(run: Run) -> None:
    def handler(context: JobContext) -> None:
        context.finish(JobState.SUCCEEDED)
        raise RuntimeError

    ended = run(handler)
    assert ended is not None
    assert ended.state is JobState.SUCCEEDED


def test_silent_handler_keeps_its_lease_and_hears_of_cancelling(
    sessions: sessionmaker[Session], bus: LocalBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "HEARTBEAT_SECONDS", 0.05)
    jobs = JobService(sessions, SystemClock(), bus, lambda _job_id: None)
    job = jobs.create("backtest", "t", "owner")
    beats: set[str] = set()

    def handler(context: JobContext) -> None:
        deadline = time.monotonic() + 20
        while len(beats) < 5:  # this handler says nothing: whoever writes them is the runner
            with sessions() as session:
                beats.add(session.execute(text("SELECT heartbeat_at FROM jobs")).scalar_one())
            assert time.monotonic() < deadline
            time.sleep(0.01)
        jobs.cancel(job.id, "owner")
        while not context.cancel_requested:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        context.finish(JobState.CANCELLED)

    ended = JobRunner(jobs, {"backtest": handler}, "worker-1", SystemClock(), LocalBus()).run(job.id)
    assert ended is not None
    assert ended.state is JobState.CANCELLED
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("pulse-")] == []

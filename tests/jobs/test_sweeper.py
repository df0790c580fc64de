"""The sweep finds dead workers' jobs and jobs nobody was woken for."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock, SystemClock
from quantbox.jobs import sweeper as sweeper_module
from quantbox.jobs.models import JobState
from quantbox.jobs.queue import JobQueue
from quantbox.jobs.runner import JobContext, JobRunner
from quantbox.jobs.service import JobService
from quantbox.jobs.sweeper import LOST_AFTER_SECONDS, Sweeper


def test_job_of_a_dead_worker_waits_in_the_queue_once(
    sessions: sessionmaker[Session], clock: FixedClock, bus: LocalBus, queue: JobQueue
) -> None:
    jobs = JobService(sessions, clock, bus, queue.wake)
    job = jobs.create("backtest", "t", "owner", wake=False)
    jobs.claim(job.id, "worker that dies")
    clock.advance(LOST_AFTER_SECONDS + 1)
    sweeper = Sweeper(jobs, queue)
    sweeper.sweep()
    sweeper.sweep()
    assert jobs.get(job.id, "owner").state is JobState.REQUEUED
    assert [task.args for task in queue.huey.pending()] == [(job.id,)]


def test_job_whose_wake_was_lost_is_woken(jobs: JobService, queue: JobQueue) -> None:
    job = jobs.create("backtest", "t", "owner", wake=False)
    Sweeper(jobs, queue).sweep()
    assert [task.args for task in queue.huey.pending()] == [(job.id,)]


def test_running_sweeper_brings_a_forgotten_job_to_its_end(
    engine: Engine, sessions: sessionmaker[Session], bus: LocalBus, queue: JobQueue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper_module, "SWEEP_SECONDS", 0.05)
    jobs = JobService(sessions, SystemClock(), bus, lambda _job_id: None)  # every wake is lost

    def handler(context: JobContext) -> None:
        context.finish(JobState.SUCCEEDED)

    runner = JobRunner(jobs, {"backtest": handler}, "worker-1", SystemClock(), bus)
    consumer, sweeper = queue.consumer(runner.run, workers=1), Sweeper(jobs, queue)
    consumer.start()
    sweeper.start()
    job = jobs.create("backtest", "t", "owner")
    deadline = time.monotonic() + 20
    while jobs.get(job.id, "owner").state is not JobState.SUCCEEDED:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    sweeper.stop()
    consumer.stop(graceful=True)
    assert jobs.get(job.id, "owner").attempt == 1

"""A worker killed at any moment of its work: the job ends truthfully and its result is written once."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock, SystemClock
from quantbox.core.paths import DataFolder
from quantbox.jobs.models import JobState
from quantbox.jobs.runner import JobContext, JobRunner
from quantbox.jobs.service import JobService
from quantbox.jobs.sweeper import LOST_AFTER_SECONDS

SEED = 20261121
KILLS = 6

# Works for about a tenth of a second, then writes its result and ends its job.
WORKER = """
import sys, time
from pathlib import Path
from sqlalchemy import text
from quantbox.core.bus import LocalBus
from quantbox.core.clock import SystemClock
from quantbox.core.database import open_engine, session_factory
from quantbox.jobs.models import JobState
from quantbox.jobs.runner import JobRunner
from quantbox.jobs.service import JobService

key, job_id = sys.stdin.readline().split()
engine = open_engine(Path(sys.argv[1]), bytes.fromhex(key))
jobs = JobService(session_factory(engine), SystemClock(), LocalBus(), lambda job_id: None)

def handler(context):
    for step in range(20):
        context.report(step / 20, "running")
        time.sleep(0.005)
    result = {"job": job_id, "attempt": context.lease.attempt}
    context.finish(JobState.SUCCEEDED, write=lambda s: s.execute(text("INSERT INTO results VALUES (:job, :attempt)"), result))

print("ready", flush=True)
JobRunner(jobs, {"backtest": handler}, "worker that dies", SystemClock(), LocalBus()).run(job_id)
"""


@pytest.mark.timeout(90)
def test_job_of_a_killed_worker_is_done_once_in_the_end(
    sessions: sessionmaker[Session], data_folder: DataFolder, database_key: bytes
) -> None:
    moments = random.Random(SEED)
    with sessions.begin() as session:
        session.execute(text("CREATE TABLE results (job_id TEXT, attempt INTEGER)"))
    jobs = JobService(sessions, SystemClock(), LocalBus(), lambda _job_id: None)
    # the sweep of a time when the dead worker's last heartbeat is old
    later = FixedClock(datetime.now(UTC) + timedelta(hours=1))
    sweeping = JobService(sessions, later, LocalBus(), lambda _job_id: None)

    def handler(context: JobContext) -> None:
        row = {"job": context.job.id, "attempt": context.lease.attempt}
        context.finish(JobState.SUCCEEDED, write=lambda s: s.execute(text("INSERT INTO results VALUES (:job, :attempt)"), row))

    for _ in range(KILLS):
        job = jobs.create("backtest", "t", "owner")
        command = [sys.executable, "-c", WORKER, str(data_folder.database)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
            assert worker.stdin is not None
            assert worker.stdout is not None
            worker.stdin.write(f"{database_key.hex()} {job.id}\n".encode())
            worker.stdin.flush()
            assert worker.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0.0, 0.2))
            worker.kill()
        left = jobs.get(job.id, "owner").state
        assert left in (JobState.QUEUED, JobState.RUNNING, JobState.SUCCEEDED)
        taken = [lost.state for lost in sweeping.recover_lost(LOST_AFTER_SECONDS)]
        assert taken == ([JobState.REQUEUED] if left is JobState.RUNNING else [])
        JobRunner(jobs, {"backtest": handler}, "next worker", SystemClock(), LocalBus()).run(job.id)

        ended = jobs.get(job.id, "owner")
        assert ended.state is JobState.SUCCEEDED
        with sessions() as session:
            attempts = session.execute(text("SELECT attempt FROM results WHERE job_id = :job"), {"job": job.id}).scalars().all()
        assert attempts == [ended.attempt]

"""The life of jobs under random claims, deaths and cancellings, held against a model; and real races between processes."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from quantbox.core.bus import LocalBus
from quantbox.core.clock import SHANGHAI, FixedClock
from quantbox.core.database import open_engine, session_factory, upgrade
from quantbox.core.paths import DataFolder
from quantbox.jobs.errors import JobEnded, LeaseLost
from quantbox.jobs.models import FINAL_STATES, WAITING_STATES, JobState, Lease, Reason
from quantbox.jobs.service import JobService

WHY = Reason("test.reason", {"zh": "原因", "en": "a reason"})
LOST_AFTER_SECONDS = 10


@dataclass
class Expected:
    """What the model knows of one job."""

    max_attempts: int
    state: JobState = JobState.QUEUED
    attempt: int = 0
    holder: Lease | None = None
    silent_seconds: float = 0.0
    cancel_requested: bool = False


class JobLife(RuleBasedStateMachine):
    """Workers claim, report, finish and die; the owner cancels; the sweep comes at any time."""

    jobs_made = Bundle("jobs_made")
    leases = Bundle("leases")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.engine = open_engine(Path(self.folder.name) / "quantbox.db", bytes(range(32)))
        upgrade(self.engine)
        self.clock = FixedClock(datetime(2026, 11, 20, 15, 30, tzinfo=SHANGHAI))
        bus = LocalBus()
        self.told: dict[str, str] = {}
        bus.subscribe("jobs.", lambda _topic, message: self.told.update({message["job"]["id"]: message["job"]["state"]}))
        self.woken: list[str] = []
        self.service = JobService(session_factory(self.engine), self.clock, bus, self.woken.append)
        self.expected: dict[str, Expected] = {}

    def teardown(self) -> None:
        self.engine.dispose()
        self.folder.cleanup()

    @rule(target=jobs_made, max_attempts=st.integers(1, 3))
    def create(self, max_attempts: int) -> str:
        job = self.service.create("backtest", "t", "owner", max_attempts=max_attempts)
        self.expected[job.id] = Expected(max_attempts)
        return job.id

    @rule(target=leases, job_id=jobs_made, owner=st.sampled_from(["worker-1", "worker-2"]))
    def claim(self, job_id: str, owner: str) -> Lease:
        expected = self.expected[job_id]
        lease = self.service.claim(job_id, owner)
        if expected.state in WAITING_STATES:
            assert lease == Lease(job_id, expected.attempt + 1, owner)
            expected.state, expected.attempt = JobState.RUNNING, expected.attempt + 1
            expected.holder, expected.silent_seconds = lease, 0.0
            return lease
        assert lease is None
        return Lease(job_id, expected.attempt + 1, owner)  # a lease nobody gave: must never be honoured

    @rule(lease=leases, progress=st.floats(0, 1))
    def report(self, lease: Lease, progress: float) -> None:
        expected = self.expected[lease.job_id]
        if expected.holder == lease:
            assert self.service.heartbeat(lease, progress, "running") is expected.cancel_requested
            expected.silent_seconds = 0.0
        else:
            with pytest.raises(LeaseLost):
                self.service.heartbeat(lease, progress, "running")

    @rule(lease=leases, state=st.sampled_from(sorted(FINAL_STATES)))
    def finish(self, lease: Lease, state: JobState) -> None:
        expected = self.expected[lease.job_id]
        if expected.holder == lease:
            assert self.service.finish(lease, state, WHY).state is state
            expected.state, expected.holder = state, None
        else:
            with pytest.raises(LeaseLost):
                self.service.finish(lease, state, WHY)

    @rule(lease=consumes(leases))
    def die(self, lease: Lease) -> None:
        """The holder is killed: its lease is never used again."""

    @rule(job_id=jobs_made)
    def cancel(self, job_id: str) -> None:
        expected = self.expected[job_id]
        if expected.state in FINAL_STATES:
            with pytest.raises(JobEnded):
                self.service.cancel(job_id, "owner")
            return
        self.service.cancel(job_id, "owner")
        expected.cancel_requested = True
        if expected.state in WAITING_STATES:
            expected.state = JobState.CANCELLED

    @rule(seconds=st.sampled_from([1, 6, 11]))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)
        for expected in self.expected.values():
            expected.silent_seconds += seconds

    @rule()
    def sweep(self) -> None:
        taken = {job.id for job in self.service.recover_lost(LOST_AFTER_SECONDS)}
        lost = {
            job_id
            for job_id, expected in self.expected.items()
            if expected.state is JobState.RUNNING and expected.silent_seconds > LOST_AFTER_SECONDS
        }
        assert taken == lost
        for job_id in lost:
            expected = self.expected[job_id]
            expected.holder = None
            if expected.cancel_requested:
                expected.state = JobState.CANCELLED
            elif expected.attempt < expected.max_attempts:
                expected.state = JobState.REQUEUED
                assert self.woken.count(job_id) == 1 + expected.attempt
            else:
                expected.state = JobState.FAILED

    @invariant()
    def table_and_news_say_what_the_model_says(self) -> None:
        for job_id, expected in self.expected.items():
            job = self.service.get(job_id, "owner")
            assert (job.state, job.attempt, job.cancel_requested) == (expected.state, expected.attempt, expected.cancel_requested)
            assert (job.finished_at is not None) is (expected.state in FINAL_STATES)
            assert (job.reason is not None) or expected.state not in (JobState.FAILED, JobState.TIMED_OUT)
            assert self.told[job_id] == expected.state.value
        waiting = {job_id for job_id, expected in self.expected.items() if expected.state in WAITING_STATES}
        assert set(self.service.waiting()) == waiting


TestJobLife = JobLife.TestCase
TestJobLife.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)

# Claims every job it is told of and prints those it got.
CLAIMER = """
import sys
from pathlib import Path
from quantbox.core.bus import LocalBus
from quantbox.core.clock import SystemClock
from quantbox.core.database import open_engine, session_factory
from quantbox.jobs.service import JobService

key, *ids = sys.stdin.read().split()
engine = open_engine(Path(sys.argv[1]), bytes.fromhex(key))
jobs = JobService(session_factory(engine), SystemClock(), LocalBus(), lambda job_id: None)
for job_id in ids:
    if jobs.claim(job_id, sys.argv[2]):
        print(job_id)
"""


def test_four_processes_claiming_the_same_jobs_get_each_once(
    jobs: JobService, data_folder: DataFolder, database_key: bytes
) -> None:
    ids = [jobs.create("backtest", "t", "owner").id for _ in range(60)]
    told = "\n".join([database_key.hex(), *ids]).encode()
    claimers = []
    for number in range(4):
        command = [sys.executable, "-c", CLAIMER, str(data_folder.database), f"worker-{number}"]
        claimers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
    for claimer in claimers:
        assert claimer.stdin is not None
        claimer.stdin.write(told)
        claimer.stdin.close()
    got: Counter[str] = Counter()
    for claimer in claimers:
        assert claimer.stdout is not None
        got.update(claimer.stdout.read().decode().split())
        claimer.stdout.close()
        assert claimer.wait(timeout=60) == 0
    assert got == Counter(ids)
    assert {jobs.get(job_id, "owner").attempt for job_id in ids} == {1}

"""The waker: what lies in its rows, and that every wake arrives."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, text

from quantbox.core.paths import DataFolder
from quantbox.jobs.queue import JobQueue
from quantbox.jobs.service import JobService


def _wait(until: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.01)


def _rows(engine: Engine) -> list[tuple[object, ...]]:
    with engine.connect() as connection:
        return [
            tuple(row)
            for table in ("task", "schedule", "kv", "counter")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        ]


def test_row_holds_the_jobs_id_and_nothing_of_the_job(queue: JobQueue, jobs: JobService, engine: Engine) -> None:
    job = jobs.create("backtest", "贵州茅台加仓计划", "owner")
    queue.wake(job.id)
    ((_row_id, name, data, _priority),) = _rows(engine)
    message_id, *carried = json.loads(bytes(data))  # type: ignore[arg-type]
    assert (name, carried) == ("jobs", [job.id])
    dump = repr(_rows(engine))
    for word in ("贵州茅台", "backtest", "owner", "pickle"):
        assert word not in dump
    assert len(message_id) == 36  # a random UUID


def test_pickled_row_is_never_executed(queue: JobQueue) -> None:
    import os
    import pickle

    class Harm:
        def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
            return os.system, ("exit 1",)

    queue.huey.storage.enqueue(pickle.dumps(Harm()))
    with pytest.raises(UnicodeDecodeError):
        queue.huey.dequeue()


def test_every_wake_reaches_a_worker_thread(queue: JobQueue, jobs: JobService) -> None:
    ran: list[str] = []
    ids = [jobs.create("backtest", "t", "owner").id for _ in range(50)]
    consumer = queue.consumer(ran.append, workers=2)
    consumer.start()
    for job_id in ids:
        queue.wake(job_id)
    _wait(lambda: len(ran) == 50)
    consumer.stop(graceful=True)
    assert sorted(ran) == sorted(ids)


def test_wake_from_another_process_arrives_within_a_second(
    queue: JobQueue, engine: Engine, data_folder: DataFolder, database_key: bytes
) -> None:
    arrived: list[float] = []
    consumer = queue.consumer(lambda _job_id: arrived.append(time.time()), workers=1)
    consumer.start()
    time.sleep(0.6)  # until the idle thread sleeps its longest
    program = (
        "import sys, time; from pathlib import Path; from quantbox.jobs.queue import make_queue; "
        "queue = make_queue(Path(sys.argv[1]), bytes.fromhex(sys.stdin.read())); queue.wake('job'); print(time.time())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(data_folder.database)],
        input=database_key.hex().encode(),
        stdout=subprocess.PIPE,
        check=True,
    )
    _wait(lambda: bool(arrived))
    consumer.stop(graceful=True)
    assert arrived[0] - float(done.stdout) < 1.0


def test_failing_job_leaves_no_trace_in_the_queue(queue: JobQueue, engine: Engine) -> None:
    failed = threading.Event()

    def fail(_job_id: str) -> None:
        failed.set()
        raise ValueError("private words")

    consumer = queue.consumer(fail, workers=1)
    consumer.start()
    queue.wake("job")
    assert failed.wait(20)
    consumer.stop(graceful=True)
    assert _rows(engine) == []


def test_only_forgotten_jobs_are_woken_again(queue: JobQueue, jobs: JobService) -> None:
    woken, forgotten = (jobs.create("backtest", "t", "owner").id for _ in range(2))
    queue.wake(woken)
    assert queue.wake_forgotten(jobs.waiting()) == [forgotten]
    assert queue.wake_forgotten(jobs.waiting()) == []
    assert {task.args[0] for task in queue.huey.pending()} == {woken, forgotten}


def test_queue_without_a_consumer_runs_nothing(queue: JobQueue) -> None:
    queue.wake("job")
    with pytest.raises(ValueError, match="only a consumer"):
        queue.huey.dequeue().execute()


def test_key_shows_in_no_attribute_of_the_queue(queue: JobQueue, database_key: bytes) -> None:
    shown = repr(vars(queue.huey.storage))
    assert database_key.hex() not in shown
    assert repr(database_key) not in shown

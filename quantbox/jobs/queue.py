"""The waker: a Huey queue that carries ids of jobs and nothing else.

Huey forgets a task when the process that runs it dies, and may run one twice; neither matters here, because a job is
claimed in the jobs table before anything is done. Its consumer gives worker threads that start within milliseconds of
an enqueue in another process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from huey import Huey
from huey.consumer import Consumer
from huey.registry import Message
from huey.serializer import Serializer

from quantbox.core.database import dbapi
from quantbox.core.database.queue import EncryptedStorage

__all__ = ["JobQueue", "make_queue"]

#: The single task, as Huey registers it.
_TASK = f"{__name__}.run_job"

#: How long an idle worker thread may sleep before it looks at the queue again, in seconds.
_LONGEST_SLEEP_SECONDS = 0.5


class JobQueue:
    """Wakes workers, in this process or another.

    Attributes
    ----------
    huey : huey.Huey
        The queue itself.
    """

    def __init__(self, connect: Callable[[], dbapi.Connection]) -> None:
        self.huey = Huey(
            "jobs",
            results=False,  # the jobs table has them; Huey would keep tracebacks
            serializer=_IdSerializer(),
            storage_class=EncryptedStorage,
            connect=connect,
        )
        self._run: Callable[[str], object] | None = None
        self._enqueue = self.huey.task(name="run_job")(self._run_job)

    def wake(self, job_id: str) -> None:
        """Tell a worker that the job waits."""
        self._enqueue(job_id)

    def wake_forgotten(self, job_ids: list[str]) -> list[str]:
        """Wake those of the waiting jobs that no message in the queue names; return them."""
        queued = {task.args[0] for task in self.huey.pending()}
        forgotten = [job_id for job_id in job_ids if job_id not in queued]
        for job_id in forgotten:
            self.wake(job_id)
        return forgotten

    def consumer(self, run: Callable[[str], object], *, workers: int) -> Consumer:
        """Return Huey's consumer with `workers` threads that call `run` with each id."""
        self._run = run
        return self.huey.create_consumer(
            workers=workers,
            worker_type="thread",
            periodic=False,
            initial_delay=0.05,
            max_delay=_LONGEST_SLEEP_SECONDS,
        )

    def close(self) -> None:
        """Close the queue's connection."""
        self.huey.storage.close()

    def _run_job(self, job_id: str) -> None:
        if self._run is None:
            raise ValueError("only a consumer runs jobs")
        self._run(job_id)


class _IdSerializer(Serializer):  # type: ignore[misc]  # Huey has no types
    """Writes a task as its own id and the job's id; pickle would run whatever a row says."""

    def _serialize(self, data: Any) -> bytes:
        (job_id,) = data.args
        return json.dumps([data.id, job_id]).encode()

    def _deserialize(self, data: bytes) -> Any:
        task_id, job_id = json.loads(data)
        return Message(id=task_id, name=_TASK, retries=0, retry_delay=0, args=(job_id,), kwargs={})


def make_queue(path: Path, key: bytes) -> JobQueue:
    """Return the queue inside the encrypted database at `path`, which must have been made."""

    def connect() -> dbapi.Connection:  # a closure, not a partial: that would show the key wherever it is printed
        return dbapi.connect(str(path), key, isolation_level=None)

    return JobQueue(connect)

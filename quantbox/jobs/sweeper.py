"""Finds what fell between: jobs whose worker died, and jobs nobody was woken for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from quantbox.jobs.queue import JobQueue
from quantbox.jobs.service import JobService

__all__ = ["LOST_AFTER_SECONDS", "Sweeper"]

_log = logging.getLogger(__name__)

#: A holder silent for this long is taken for dead.
LOST_AFTER_SECONDS = 10.0

#: How often the sweeper looks; with it a lost job waits again within 13 seconds.
SWEEP_SECONDS = 3.0


class Sweeper:
    """A thread of the worker that looks at the jobs table every few seconds.

    Parameters
    ----------
    jobs : JobService
        The jobs table.
    queue : JobQueue
        Told of waiting jobs it does not hold.
    also : sequence of callable
        Looked after at every sweep: what makes jobs when their time has come.
    """

    def __init__(self, jobs: JobService, queue: JobQueue, also: Sequence[Callable[[], None]] = ()) -> None:
        self._jobs = jobs
        self._queue = queue
        self._also = also
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="job-sweeper", daemon=True)

    def start(self) -> None:
        """Sweep now and then every few seconds."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the sweep at work, if any."""
        self._stopped.set()
        self._thread.join()

    def sweep(self) -> None:
        """Take jobs from dead workers and wake what waits unnoticed."""
        self._jobs.recover_lost(LOST_AFTER_SECONDS)
        self._queue.wake_forgotten(self._jobs.waiting())
        for look_after in self._also:
            look_after()

    def _loop(self) -> None:
        while True:
            try:
                self.sweep()
            except Exception:  # noqa: BLE001 - the edge of this thread: a full disk or a lock now may be gone at the next sweep
                _log.warning("the sweep of the jobs table failed and is tried again")
            if self._stopped.wait(SWEEP_SECONDS):
                return

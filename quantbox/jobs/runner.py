"""Runs one attempt of a job and sees to it that it ends truthfully, whatever its handler does."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from quantbox.core.bus import Bus
from quantbox.core.clock import Clock
from quantbox.core.disk import find_disk_error
from quantbox.core.errors import QuantBoxError
from quantbox.core.ids import new_id
from quantbox.jobs.errors import InternalFault, JobCancelled, JobUnfinished, KindUnknown, LeaseLost
from quantbox.jobs.models import Job, JobState, Lease, Reason
from quantbox.jobs.service import JobService

__all__ = ["Handler", "JobContext", "JobRunner"]

_log = logging.getLogger(__name__)

#: A long silent handler's lease is kept alive this often; a lease is taken for lost after five missed beats.
HEARTBEAT_SECONDS = 2.0

#: Progress is written at most this often.
REPORT_SECONDS = 0.5

#: Does the work of one kind of job; must call :meth:`JobContext.finish`, or raise.
Handler = Callable[["JobContext"], None]


class JobContext:
    """What a handler is given: the job, a place to report to, and the only way to end it.

    Attributes
    ----------
    job : Job
        The job as it was claimed.
    lease : Lease
        This attempt.
    ended : Job or None
        The job as it ended, once :meth:`finish` has been called.
    """

    def __init__(self, jobs: JobService, job: Job, lease: Lease, clock: Clock) -> None:
        self.job = job
        self.lease = lease
        self.ended: Job | None = None
        self._jobs = jobs
        self._clock = clock
        self._next_report = clock.monotonic()
        self._cancel = threading.Event()
        self._void = threading.Event()

    @property
    def cancel_requested(self) -> bool:
        """Whether the handler should stop; known within a heartbeat."""
        return self._cancel.is_set()

    def report(self, fraction: float, stage: str) -> None:
        """Tell how far the work is (0..1) and at which stage; cheap enough to be called for every bar.

        Raises
        ------
        JobCancelled
            When cancelling was asked for.
        LeaseLost
            When the job was given to somebody else.
        """
        now = self._clock.monotonic()
        if now >= self._next_report:
            self._next_report = now + REPORT_SECONDS
            self._beat(fraction, stage)
        if self._void.is_set():
            raise LeaseLost(job_id=self.job.id, attempt=self.lease.attempt)
        if self._cancel.is_set():
            raise JobCancelled(job_id=self.job.id)

    def finish(self, state: JobState, reason: Reason | None = None, write: Callable[[Session], None] | None = None) -> Job:
        """End the job; `write` stores its result in the same transaction (see :meth:`JobService.finish`)."""
        self.ended = self._jobs.finish(self.lease, state, reason, write)
        return self.ended

    def keep_alive(self) -> None:
        """Show a sign of life without progress."""
        self._beat(None, None)

    def ask_to_stop(self) -> None:
        """Note that cancelling was asked for."""
        self._cancel.set()

    def _beat(self, fraction: float | None, stage: str | None) -> None:
        try:
            if self._jobs.heartbeat(self.lease, fraction, stage):
                self._cancel.set()
        except LeaseLost:
            self._void.set()


class JobRunner:
    """Claims jobs and runs their handlers.

    Parameters
    ----------
    jobs : JobService
        The jobs table.
    handlers : mapping of str to callable
        The handler of each kind.
    owner : str
        Who holds the leases ("worker:<pid>").
    clock : Clock
        Measures how often progress is written.
    bus : Bus
        Brings the news of a cancelling at once, where it arrives; the heartbeat brings it anyway.
    """

    def __init__(self, jobs: JobService, handlers: Mapping[str, Handler], owner: str, clock: Clock, bus: Bus) -> None:
        self._jobs = jobs
        self._handlers = handlers
        self._owner = owner
        self._clock = clock
        self._bus = bus

    def run(self, job_id: str) -> Job | None:
        """Run the next attempt of a job to its end.

        Returns
        -------
        Job or None
            The job as it ended; None when it did not wait, or when this attempt lost it.
        """
        lease = self._jobs.claim(job_id, self._owner)
        if lease is None:
            return None
        context = JobContext(self._jobs, self._jobs.job_of(lease), lease, self._clock)
        news = self._bus.subscribe(f"jobs.{job_id}", _stop_on_request(context))
        stopped = threading.Event()
        pulse = threading.Thread(target=_keep_alive, args=(context, stopped), name=f"pulse-{job_id}", daemon=True)
        pulse.start()
        try:
            self._work(context)
        except LeaseLost:
            _log.warning("attempt %d of job %s is void; its result is dropped", lease.attempt, job_id)
        finally:
            stopped.set()
            news.close()
            pulse.join()
        return context.ended

    def _work(self, context: JobContext) -> None:
        try:
            handler = self._handlers.get(context.job.kind)
            if handler is None:
                raise KindUnknown(kind=context.job.kind)
            handler(context)
            if context.ended is None:
                raise JobUnfinished
            return
        except LeaseLost:
            raise
        except JobCancelled:
            context.finish(JobState.CANCELLED)
            return
        except QuantBoxError as error:
            reason = Reason.from_error(error)
        except Exception as error:  # noqa: BLE001 - the edge of the worker: any fault of a handler must end its job
            reason = Reason.from_error(find_disk_error(error) or _internal_fault(context.job.id, error))
        if context.ended is None:
            context.finish(JobState.FAILED, reason)
        else:
            _log.error("job %s had ended as %s when its handler failed: %s", context.job.id, context.ended.state, reason.code)


def _internal_fault(job_id: str, error: Exception) -> InternalFault:
    # places only: the message of a foreign exception, or a line of its source, may quote private content
    fault = InternalFault(cause=type(error).__name__, error_id=new_id()[-12:])
    frames = traceback.extract_tb(error.__traceback__)
    places = "\n".join(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
    _log.error("error %s in job %s: %s\n%s", fault.facts["error_id"], job_id, fault.facts["cause"], places)
    return fault


def _stop_on_request(context: JobContext) -> Callable[[str, dict[str, object]], None]:
    def hear(_topic: str, message: dict[str, object]) -> None:
        job = message.get("job")
        if isinstance(job, dict) and job.get("cancel_requested"):
            context.ask_to_stop()

    return hear


def _keep_alive(context: JobContext, stopped: threading.Event) -> None:
    while not stopped.wait(HEARTBEAT_SECONDS):
        try:
            context.keep_alive()
        except Exception:  # noqa: BLE001 - the edge of this thread: a locked database now may answer the next beat
            _log.warning("job %s could not show a sign of life", context.job.id)

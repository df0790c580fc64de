"""The answer of every route that starts work: the job, as pages, sockets and the command line read it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Protocol

from quantbox.web.api import Answer
from quantbox.web.state import get_clock

__all__ = ["JobAnswer", "job_answer"]


class ReasonAnswer(Answer):
    """Why a job ended as it did, in both languages."""

    code: str
    message: dict[str, str]
    hint: dict[str, str]
    facts: dict[str, Any]


class JobAnswer(Answer):
    """One job as it stands."""

    id: str
    kind: str
    title: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled", "timed_out", "requeued"]
    attempt: int
    progress: float
    stage: str
    reason: ReasonAnswer | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    elapsed_seconds: float | None
    eta_seconds: float | None


class Job(Protocol):
    """What the jobs capability calls a job."""

    def to_json(self, now: datetime) -> dict[str, Any]:
        """Return it as a JSON document."""
        ...


def job_answer(job: Job) -> dict[str, Any]:
    """Return the job as the API shows it now."""
    return job.to_json(get_clock().now())

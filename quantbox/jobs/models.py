"""The words of jobs: states, reasons, progress."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from quantbox.core.errors import QuantBoxError

__all__ = ["FINAL_STATES", "WAITING_STATES", "Job", "JobState", "Lease", "Reason"]


class JobState(StrEnum):
    """Where a job stands; there is no state "unknown"."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    REQUEUED = "requeued"  # the worker that held it was lost; waits for its next attempt


FINAL_STATES = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.TIMED_OUT})
WAITING_STATES = frozenset({JobState.QUEUED, JobState.REQUEUED})


@dataclass(frozen=True)
class Reason:
    """Why a job ended as it did, ready for pages and the command line.

    Attributes
    ----------
    code : str
        Stable code ("backtesting.strategy_error", "jobs.worker_lost").
    message : dict of str to str
        The sentence in "zh" and "en".
    facts : dict
        Values such as file, line, bar_date; never private content.
    """

    code: str
    message: dict[str, str]
    hint: dict[str, str] = field(default_factory=lambda: {"zh": "", "en": ""})
    facts: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_error(cls, error: QuantBoxError) -> Reason:
        """Return the reason that says what `error` says; facts JSON does not know become their text."""
        return cls(
            code=error.code,
            message={"zh": error.message("zh"), "en": error.message("en")},
            hint={"zh": error.next_step("zh"), "en": error.next_step("en")},
            facts=json.loads(json.dumps(error.facts, default=str)),
        )

    @classmethod
    def from_child(cls, told: Any) -> Reason:
        """Return the reason a job's child gave; raises ValueError for what the pages could not show."""
        match told:
            case {
                "code": str(code),
                "message": {"zh": str(), "en": str()} as message,
                "hint": {"zh": str(), "en": str()} as hint,
                "facts": dict(facts),
            }:
                both = ("zh", "en")
                return cls(code, {word: message[word] for word in both}, {word: hint[word] for word in both}, facts)
        raise ValueError("no reason")

    def to_json(self) -> dict[str, Any]:
        """Return the reason as a JSON document."""
        return asdict(self)


@dataclass(frozen=True)
class Job:
    """One row of the jobs table."""

    id: str
    account_id: str
    kind: str
    title: str
    state: JobState
    attempt: int
    max_attempts: int
    progress: float  # 0..1
    stage: str  # short code of what is being done ("bars", "running", "statistics"); translated by the page
    reason: Reason | None
    cancel_requested: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    def elapsed_seconds(self, now: datetime) -> float | None:
        """Return how long the present attempt has run, or the last one ran; None before the first."""
        if self.started_at is None:
            return None
        return max(0.0, ((self.finished_at or now) - self.started_at).total_seconds())

    def eta_seconds(self, now: datetime) -> float | None:
        """Return the seconds left if the rest goes as fast as what is done; None while that cannot be told."""
        elapsed = self.elapsed_seconds(now)
        if self.state is not JobState.RUNNING or elapsed is None or self.progress <= 0:
            return None
        return elapsed * (1 - self.progress) / self.progress

    def to_json(self, now: datetime) -> dict[str, Any]:
        """Return the job as pages, sockets and the command line read it."""
        elapsed, eta = self.elapsed_seconds(now), self.eta_seconds(now)
        return {
            "id": self.id,
            "kind": self.kind,
            "title": self.title,
            "state": self.state.value,
            "attempt": self.attempt,
            "progress": self.progress,
            "stage": self.stage,
            "reason": self.reason.to_json() if self.reason else None,
            "cancel_requested": self.cancel_requested,
            "created_at": self.created_at.isoformat(),
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "finished_at": self.finished_at.isoformat() if self.finished_at else None,
            "elapsed_seconds": None if elapsed is None else round(elapsed, 1),
            "eta_seconds": None if eta is None else round(eta, 1),
        }


@dataclass(frozen=True)
class Lease:
    """The right to work on one attempt of a job; void once another attempt was claimed or the job ended."""

    job_id: str
    attempt: int
    owner: str

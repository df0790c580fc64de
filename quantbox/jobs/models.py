"""The words of jobs: states, reasons, progress."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["FINAL_STATES", "Job", "JobState", "Lease", "Reason"]


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


@dataclass(frozen=True)
class Lease:
    """The right to work on one attempt of a job; void once another attempt was claimed or the job ended."""

    job_id: str
    attempt: int
    owner: str

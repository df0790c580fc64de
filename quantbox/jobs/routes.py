"""The jobs of the person's account: list, look, cancel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_login import current_user

from quantbox.core.roles import Role
from quantbox.jobs.models import Job, JobState
from quantbox.jobs.service import JobService
from quantbox.web.api import Answer, PageOf, PageQuery, Routes
from quantbox.web.state import get_clock, get_service

__all__ = ["JobAnswer", "job_answer", "routes"]

routes = Routes("jobs")


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
    state: JobState
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


class JobQuery(PageQuery):
    """Which jobs, newest first."""

    kind: str | None = None
    state: JobState | None = None


def job_answer(job: Job) -> dict[str, Any]:
    """Return the job as the API shows it."""
    return job.to_json(get_clock().now())


@routes.add("GET", "/jobs", role=Role.VIEWER, query=JobQuery, answer=PageOf[JobAnswer])
def list_jobs(query: JobQuery) -> dict[str, Any]:
    """List jobs, newest first."""
    page = get_service(JobService).list_jobs(
        current_user.account_id,
        kinds=[query.kind] if query.kind else None,
        states=[query.state] if query.state else None,
        cursor=query.cursor,
        limit=query.limit,
    )
    return {"items": [job_answer(job) for job in page.items], "next_cursor": page.next_cursor}


@routes.add("GET", "/jobs/<job_id>", role=Role.VIEWER, answer=JobAnswer)
def show_job(job_id: str) -> dict[str, Any]:
    """Show one job."""
    return job_answer(get_service(JobService).get(job_id, current_user.account_id))


@routes.add("POST", "/jobs/<job_id>/cancel", role=Role.TRADER, answer=JobAnswer)
def cancel_job(job_id: str) -> dict[str, Any]:
    """End a waiting job at once, or ask a running one to stop."""
    return job_answer(get_service(JobService).cancel(job_id, current_user.account_id))

"""The jobs of the person's account: list, look, cancel."""

from __future__ import annotations

from typing import Any

from flask_login import current_user

from quantbox.core.roles import Role
from quantbox.jobs.models import JobState
from quantbox.jobs.service import JobService
from quantbox.web.answers import JobAnswer, job_answer
from quantbox.web.api import PageOf, PageQuery, Routes
from quantbox.web.state import get_service

__all__ = ["routes"]

routes = Routes("jobs")


class JobQuery(PageQuery):
    """Which jobs, newest first."""

    kind: str | None = None
    state: JobState | None = None


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


@routes.add("POST", "/jobs/<job_id>/cancel", role=Role.TRADER, answer=JobAnswer, act="job.cancel")
def cancel_job(job_id: str) -> dict[str, Any]:
    """End a waiting job at once, or ask a running one to stop."""
    return job_answer(get_service(JobService).cancel(job_id, current_user.account_id))

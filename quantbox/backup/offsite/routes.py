"""Off-site backup: where to, how it goes, copies of backups, and reports brought back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_login import current_user
from pydantic import Field

from quantbox.backup.offsite.models import OffsiteKind, OffsiteSettings
from quantbox.backup.offsite.service import Offsite
from quantbox.core.roles import Role
from quantbox.web.acts import note_facts
from quantbox.web.answers import JobAnswer, job_answer
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.state import get_service

__all__ = ["routes"]

routes = Routes("offsite")


class StateAnswer(Answer):
    """What waits, what was sent, and since when sending fails."""

    waiting: int
    waiting_copies: int
    failing_since: datetime | None
    next_attempt_at: datetime | None
    error: dict[str, str] | None
    last_sent_at: datetime | None
    objects: int
    bytes: int
    archived_reports: int


class CopyAnswer(Answer):
    """A copy of a backup; `sent_at` is null while it waits, `is_here` tells of the file beside the store."""

    name: str
    created_at: datetime
    bytes: int
    is_scheduled: bool
    sent_at: datetime | None
    is_here: bool


class OffsiteAnswer(Answer):
    """Everything the page shows; never the secret."""

    kind: OffsiteKind
    options: dict[str, str]
    keep_reports: int
    copies_backups: bool
    has_secret: bool
    state: StateAnswer
    backups: list[CopyAnswer]


class OffsiteBody(Body):
    """Where to; an absent secret is the one that is kept."""

    kind: OffsiteKind
    options: dict[str, str] = Field(default_factory=dict, max_length=10)
    secret: str | None = Field(default=None, max_length=512, repr=False)
    keep_reports: int = 100
    copies_backups: bool = True


class Tested(Answer):
    """A small object was written, read back and deleted."""

    ok: bool


class BroughtBack(Answer):
    """The report that is here again."""

    id: str


@routes.add("GET", "/offsite", role=Role.OWNER, answer=OffsiteAnswer)
def show_offsite() -> dict[str, Any]:
    """Tell where pieces go, how sending fares, and which backups lie there."""
    return get_service(Offsite).overview(current_user.account_id)


@routes.add("PUT", "/offsite", role=Role.OWNER, body=OffsiteBody, answer=OffsiteAnswer, step_up=True, act="offsite.change")
def change_offsite(body: OffsiteBody) -> dict[str, Any]:
    """Choose where pieces go."""
    note_facts(kind=body.kind.value)
    settings = OffsiteSettings(body.kind, body.options, body.keep_reports, body.copies_backups)
    get_service(Offsite).change(current_user.account_id, settings, body.secret)
    # only now: an address that is refused may hold a password
    note_facts(endpoint=body.options.get("endpoint"), destination=body.options.get("path"))
    return get_service(Offsite).overview(current_user.account_id)


@routes.add("POST", "/offsite/test", role=Role.OWNER, answer=Tested, act="offsite.test", is_expensive=True)
def try_offsite() -> dict[str, bool]:
    """Write a small object there, read it back, delete it."""
    get_service(Offsite).test(current_user.account_id)
    return {"ok": True}


@routes.add("POST", "/offsite/send", role=Role.OWNER, answer=OffsiteAnswer, act="offsite.send")
def send_offsite() -> dict[str, Any]:
    """Have what waits sent at once, whatever failed before."""
    get_service(Offsite).send_now(current_user.account_id)
    return get_service(Offsite).overview(current_user.account_id)


@routes.add(
    "POST", "/offsite/bring-back", role=Role.OWNER, answer=JobAnswer, status=202, act="offsite.bring_back", is_expensive=True
)
def bring_all_back() -> dict[str, Any]:
    """Put every archived report back into the store."""
    job = get_service(Offsite).submit_bring_back(current_user.account_id)
    note_facts(job_id=job.id)
    return job_answer(job)


@routes.add(
    "POST",
    "/offsite/backups/<name>/fetch",
    role=Role.OWNER,
    answer=JobAnswer,
    status=202,
    act="offsite.fetch",
    is_expensive=True,
)
def fetch_copy(name: str) -> dict[str, Any]:
    """Bring a copy of a backup back into the folder of backups."""
    note_facts(backup=name)
    return job_answer(get_service(Offsite).submit_fetch(name, current_user.account_id))


@routes.add("DELETE", "/offsite/backups/<name>", role=Role.OWNER, answer=OffsiteAnswer, step_up=True, act="offsite.delete")
def delete_copy(name: str) -> dict[str, Any]:
    """Delete a copy of a backup there; the file beside the store stays."""
    note_facts(backup=name)
    get_service(Offsite).delete_copy(name, current_user.account_id)
    return get_service(Offsite).overview(current_user.account_id)


@routes.add(
    "POST",
    "/backtests/<backtest_id>/bring-back",
    role=Role.TRADER,
    answer=BroughtBack,
    act="backtest.bring_back",
    is_expensive=True,
)
def bring_report_back(backtest_id: str) -> dict[str, str]:
    """Put an archived report back into the store, after proving that it is the one that was sent."""
    get_service(Offsite).bring_back(backtest_id, current_user.account_id)
    return {"id": backtest_id}

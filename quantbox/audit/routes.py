"""The audit log for the owner: look, search, verify, export, anchor anew."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from flask_login import current_user
from pydantic import Field, JsonValue

from quantbox.audit.acts import ACTS
from quantbox.audit.export import export
from quantbox.audit.models import Actor, Outcome, RecordFilter
from quantbox.audit.service import Audit
from quantbox.audit.shown import record_json, verification_json
from quantbox.core.clock import market_date
from quantbox.core.roles import Role
from quantbox.web.acts import note_facts, present_caller, recorded_by_itself
from quantbox.web.api import Answer, Body, FileAnswer, PageOf, PageQuery, Routes
from quantbox.web.cookies import request_language
from quantbox.web.state import get_clock, get_service

__all__ = ["routes"]

routes = Routes("audit")

_MEDIA_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl"}


class RecordQuery(PageQuery):
    """Which records, newest first; days are those of Shanghai."""

    text: str = Field(default="", max_length=200)
    act: str = Field(default="", max_length=64)
    outcome: Outcome | None = None
    start: date | None = None
    end: date | None = None


class RecordAnswer(Answer):
    """One record."""

    seq: int
    at: datetime
    act: str
    outcome: Outcome
    actor: str
    person_id: str | None
    device: str | None
    address: str
    facts: dict[str, JsonValue]
    hash: str


class ProblemAnswer(Answer):
    """What is wrong with the log; `seq` is the first record concerned."""

    code: str
    seq: int | None
    message: str
    hint: str


class VerificationAnswer(Answer):
    """What an examination of the whole log found."""

    ok: bool
    records: int
    head: str | None
    problem: ProblemAnswer | None
    anchored_seq: int | None
    anchored_at: datetime | None
    checked_at: datetime
    places: dict[str, str]


class ActAnswer(Answer):
    """A kind of act, and what it is called."""

    act: str
    zh: str
    en: str


class ExportBody(Body):
    """Which days to export, and how."""

    format: Literal["csv", "jsonl"] = "csv"
    start: date | None = None
    end: date | None = None


@routes.add("GET", "/audit", role=Role.OWNER, query=RecordQuery, answer=PageOf[RecordAnswer])
def list_records(query: RecordQuery) -> dict[str, Any]:
    """List records, newest first; `text` is looked for in acts, persons, addresses and facts."""
    wanted = RecordFilter(query.text.strip(), query.act, query.outcome, query.start, query.end)
    page = get_service(Audit).search(wanted, cursor=query.cursor, limit=query.limit)
    return {"items": [record_json(record) for record in page.items], "next_cursor": page.next_cursor}


@routes.add("GET", "/audit/verify", role=Role.OWNER, answer=VerificationAnswer)
def verify_log() -> dict[str, Any]:
    """Examine the whole log against its anchor."""
    return verification_json(get_service(Audit).verify(), request_language())


@routes.add("GET", "/audit/acts", role=Role.OWNER, answer=list[ActAnswer])
def list_acts() -> list[dict[str, str]]:
    """List the acts that are recorded, with their names."""
    return [{"act": act, **name.to_json()} for act, name in ACTS.items()]


@routes.add(
    "POST",
    "/audit/export",
    role=Role.OWNER,
    body=ExportBody,
    answer=FileAnswer,
    step_up=True,
    act="audit.export",
    is_expensive=True,
)
def export_log(body: ExportBody) -> FileAnswer:
    """Export records, oldest first, with the hashes by which the file can be checked."""
    wanted = RecordFilter(start=body.start, end=body.end)
    exported = export(get_service(Audit).read_all(wanted), body.format)
    note_facts(format=body.format, start=body.start, end=body.end, rows=exported.records)
    name = f"quantbox-audit-{market_date(get_clock().now()):%Y%m%d}.{body.format}"
    return FileAnswer(exported.content, name, _MEDIA_TYPES[body.format])


@routes.add(
    "POST",
    "/audit/anchor",
    role=Role.OWNER,
    answer=VerificationAnswer,
    step_up=True,
    act="audit.anchor",
    is_expensive=True,
)
def anchor_log() -> dict[str, Any]:
    """Accept the log as it stands after the data was moved, and anchor it anew; the record says what is given up."""
    caller = present_caller()
    actor = Actor(current_user.account_id, caller.person_id, caller.name, caller.device_id, caller.address)
    audit = get_service(Audit)
    audit.reanchor("moved", actor=actor)
    recorded_by_itself()
    return verification_json(audit.verify(), request_language())

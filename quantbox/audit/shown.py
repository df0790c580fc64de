"""Records and findings as the API and the command line show them."""

from __future__ import annotations

from typing import Any

from quantbox.audit.models import AuditRecord, Verification
from quantbox.core.text import Language

__all__ = ["record_json", "verification_json"]


def record_json(record: AuditRecord) -> dict[str, Any]:
    """Return a record for a list."""
    return {
        "seq": record.seq,
        "at": record.at,
        "act": record.act,
        "outcome": record.outcome,
        "actor": record.person,
        "person_id": record.person_id,
        "device": record.device_id,
        "address": record.address,
        "facts": record.what,
        "hash": record.hash,
    }


def verification_json(check: Verification, language: Language) -> dict[str, Any]:
    """Return what an examination found."""
    problem = check.problem
    return {
        "ok": check.ok,
        "records": check.records,
        "head": check.head,
        "problem": None
        if problem is None
        else {
            "code": problem.code,
            "seq": problem.seq,
            "message": problem.sentence.in_language(language),
            "hint": problem.hint.in_language(language),
        },
        "anchored_seq": check.anchored_seq,
        "anchored_at": None if check.anchored_at is None else check.anchored_at.isoformat(),
        "checked_at": check.checked_at.isoformat(),
        "places": check.places,
    }

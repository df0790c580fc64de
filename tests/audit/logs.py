"""Records to write, and ways to tamper with what was written, as somebody with the database open could."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, text

from quantbox.audit.models import Actor, Outcome
from quantbox.audit.service import Audit

AUDIT_KEY = bytes(range(32))
STORE_ID = "5" * 32
WANG = Actor(account_id="owner", person_id="p-wang", name="王五", device_id="d-1", address="192.168.1.9")


def write(audit: Audit, count: int, **facts: Any) -> None:
    """Write so many records."""
    for number in range(count):
        audit.record(WANG, "data.import", Outcome.DONE, {"files": number, **facts})


def problem(audit: Audit) -> tuple[str, int | None] | None:
    """Return code and place of what is wrong with the log."""
    found = audit.verify().problem
    return None if found is None else (found.code, found.seq)


def tamper(engine: Engine, *statements: str) -> None:
    """Change the log behind the program's back; the database's own refusal is taken away first."""
    with engine.begin() as connection:
        for act in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS audit_records_refuse_{act}"))
        for statement in statements:
            connection.execute(text(statement))

"""`quantbox audit verify|list|export|anchor` on an open store."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from quantbox.app.services import Services
from quantbox.audit.errors import ExportRefused
from quantbox.audit.export import FORMATS, export
from quantbox.audit.models import COMMAND_LINE, Outcome, RecordFilter, Verification
from quantbox.audit.shown import record_json, verification_json
from quantbox.core.files import write_atomically
from quantbox.core.text import Language

__all__ = ["anchor_log", "export_log", "list_log", "verify_log"]

Progress = Any  # the commands below end at once


def verify_log(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Examine the whole log against its anchor."""
    return shown(services.audit.verify(), arguments)


def anchor_log(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Accept the log as it stands and anchor it anew."""
    record = services.audit.reanchor("moved", actor=COMMAND_LINE)
    return {**shown(services.audit.verify(), arguments), "given_up": record.what["given_up"]}


def list_log(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """List records, newest first."""
    page = services.audit.search(filter_of(arguments), cursor=arguments.get("cursor"), limit=int(arguments.get("limit") or 50))
    return {"items": [record_json(record) for record in page.items], "next_cursor": page.next_cursor}


def export_log(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Write records to a file that does not exist yet."""
    path = Path(arguments["path"])
    if path.exists() or arguments["format"] not in FORMATS:
        raise ExportRefused(path=str(path))
    content = export(services.audit.read_all(filter_of(arguments)), arguments["format"])
    try:
        write_atomically(path, content.content)
    except OSError as problem:
        raise ExportRefused(path=str(path)) from problem
    return {"path": str(path), "records": content.records, "bytes": len(content.content), "sha256": content.sha256}


def filter_of(arguments: dict[str, Any]) -> RecordFilter:
    """Return which records the words of a command ask for."""
    days = {name: date.fromisoformat(arguments[name]) for name in ("start", "end") if arguments.get(name)}
    outcome = Outcome(arguments["outcome"]) if arguments.get("outcome") else None
    return RecordFilter(text=arguments.get("text") or "", act=arguments.get("act") or "", outcome=outcome, **days)


def shown(check: Verification, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the finding as a command prints it."""
    language: Language = "en" if arguments.get("language") == "en" else "zh"
    return verification_json(check, language)

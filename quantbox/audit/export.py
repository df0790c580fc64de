"""The log as a file: a table for a spreadsheet, or JSON lines that another program can check link by link."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields

from quantbox.audit.models import AuditRecord
from quantbox.core.spreadsheet import write_csv

__all__ = ["FORMATS", "Export", "export"]

FORMATS = ("csv", "jsonl")
_COLUMNS = [one.name for one in fields(AuditRecord)]


@dataclass(frozen=True)
class Export:
    """An exported log."""

    content: bytes = field(repr=False)
    records: int

    @property
    def sha256(self) -> str:
        """Check sum of the file."""
        return hashlib.sha256(self.content).hexdigest()


def export(records: Iterable[AuditRecord], file_format: str) -> Export:
    """Return the records as "csv" (no cell is taken for a formula) or "jsonl" (every attribute as it was hashed)."""
    rows = [asdict(record) for record in records]
    if file_format == "csv":
        return Export(write_csv(_COLUMNS, ([row[name] for name in _COLUMNS] for row in rows)), len(rows))
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return Export(lines.encode(), len(rows))

"""Huey's storage inside the encrypted database.

Huey's SQLite storage opens its file with the standard library, which cannot read this one; only the opening is replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from huey.storage import SqliteStorage

from quantbox.core.database import dbapi

__all__ = ["QUEUE_TABLES", "EncryptedStorage"]

#: What Huey makes for itself, outside the migrations; ids of jobs are all that is ever in it.
QUEUE_TABLES = frozenset({"counter", "kv", "schedule", "task"})


class EncryptedStorage(SqliteStorage):  # type: ignore[misc]  # Huey has no types
    """A queue whose rows are encrypted and synced as every other row.

    Parameters
    ----------
    name : str
        The queue's name.
    connect : callable
        Opens the database in autocommit; a closure, so that the key is no attribute of the queue.
    """

    integrity_error = dbapi.IntegrityError
    operational_error = dbapi.OperationalError

    def __init__(self, name: str, connect: Callable[[], dbapi.Connection], **options: Any) -> None:
        self._connect = connect
        super().__init__(name, filename="", **options)

    def _create_connection(self) -> dbapi.Connection:
        return self._connect()

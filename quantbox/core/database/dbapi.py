"""PEP 249 over apsw-sqlite3mc: the one way into the encrypted file, for SQLAlchemy and for Huey's storage alike.

The page cipher exists only in apsw's build of SQLite, and apsw deliberately is no DB-API: this module adds what the
two callers need of it and nothing else. It behaves as the standard library's ``sqlite3`` does, with two differences
meant for a file that several processes write: a transaction begins IMMEDIATE, so a writer waits for its turn at the
start instead of failing in the middle, and a savepoint begins one too.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apsw

from quantbox.core.database.dbapi_errors import (
    DatabaseError,
    DataError,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    KeyRefused,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Warning,  # noqa: A004 - the name PEP 249 prescribes
    translate,
)
from quantbox.core.database.encrypted_file import KEY_BYTES, open_encrypted

__all__ = [
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "KeyRefused",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "Timestamp",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "sqlite_version",
    "sqlite_version_info",
    "threadsafety",
]

apilevel = "2.0"
threadsafety = 1
paramstyle = "qmark"
sqlite_version: str = apsw.sqlite_lib_version()
sqlite_version_info = tuple(int(part) for part in sqlite_version.split("."))

Binary = memoryview
Date = datetime.date
Time = datetime.time
Timestamp = datetime.datetime

Row = tuple[Any, ...]
Parameters = Sequence[Any] | Mapping[str, Any]

_BEGIN_BEFORE = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "SAVEPOINT"})
_COUNTED = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE"})
_FIRST_WORD = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w+)", re.DOTALL)


class _Probe:
    """Looks at a statement between its preparation and its first step, the only moment apsw tells all about it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.reset(repeats=False)

    def reset(self, *, repeats: bool) -> None:
        self.repeats = repeats
        self.word = ""
        self.counted = False
        self.columns: tuple[str, ...] = ()
        self.changed_rows = 0

    def __call__(self, cursor: Any, statement: str, _bindings: object) -> bool:
        if self.word:
            if not self.repeats:
                raise ProgrammingError("You can only execute one statement at a time.")
            self.add_changes()
            return True
        match = _FIRST_WORD.match(statement)
        self.word = match[1].upper() if match else ";"
        writes_with = self.word == "WITH" and not cursor.is_readonly
        self.counted = self.word in _COUNTED or writes_with
        self.columns = tuple(name for name, _type in cursor.get_description())
        if self.word in _BEGIN_BEFORE or writes_with:
            self.connection.begin_if_needed()
        return True

    def add_changes(self) -> None:
        if self.counted:
            self.changed_rows += self.connection.handle.changes()


class Cursor:
    """Runs statements and yields their rows.

    Attributes
    ----------
    description : sequence or None
        Seven values a column, the first its name; also for a SELECT without rows. None where there are no columns.
    rowcount : int
        Rows changed by the last INSERT, UPDATE, DELETE or REPLACE; else -1.
    lastrowid : int or None
        Row id of the connection's last INSERT; None before the first statement.
    """

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.description: tuple[Row, ...] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self._rows: Iterator[Row] = iter(())
        self._probe = _Probe(connection)
        try:
            self._handle = connection.handle.cursor()
        except apsw.Error as error:
            raise translate(error) from error
        self._handle.exec_trace = self._probe

    def execute(self, statement: str, parameters: Parameters = ()) -> Cursor:
        """Run one statement."""
        self._start(repeats=False)
        try:
            self._handle.execute(statement, parameters)
            # rows of RETURNING are taken at once: the change is complete only when the last of them was stepped over
            self._rows = iter(self._handle.fetchall()) if self._probe.counted else self._handle
        except (apsw.Error, TypeError, KeyError) as error:
            raise translate(error) from error
        self._finish()
        self.lastrowid = self.connection.handle.last_insert_rowid()
        return self

    def executemany(self, statement: str, rows: Iterable[Parameters]) -> Cursor:
        """Run one statement for every row of parameters; rows it returns are dropped, as ``sqlite3`` does."""
        self._start(repeats=True)
        try:
            for _ in self._handle.executemany(statement, rows):
                pass
        except (apsw.Error, TypeError, KeyError) as error:
            raise translate(error) from error
        self._finish()
        return self

    def fetchone(self) -> Row | None:
        """Return the next row, or None after the last."""
        try:
            return next(self._rows, None)
        except apsw.Error as error:
            raise translate(error) from error

    def fetchmany(self, size: int | None = None) -> list[Row]:
        """Return up to `size` rows."""
        wanted = self.arraysize if size is None else size
        rows: list[Row] = []
        while len(rows) < wanted and (row := self.fetchone()) is not None:
            rows.append(row)
        return rows

    def fetchall(self) -> list[Row]:
        """Return the rows that are left."""
        try:
            return list(self._rows)
        except apsw.Error as error:
            raise translate(error) from error

    def close(self) -> None:
        """Give up rows that were not fetched, and the cursor."""
        self._rows = iter(())
        self._handle.close(True)

    def setinputsizes(self, sizes: object) -> None:
        """Do nothing, as PEP 249 allows."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Do nothing, as PEP 249 allows."""

    def __iter__(self) -> Iterator[Row]:
        while (row := self.fetchone()) is not None:
            yield row

    def _start(self, *, repeats: bool) -> None:
        self._probe.reset(repeats=repeats)
        self._rows = iter(())
        self.description = None
        self.rowcount = -1

    def _finish(self) -> None:
        probe = self._probe
        if probe.counted:
            probe.add_changes()
            self.rowcount = probe.changed_rows
        elif probe.repeats:
            self.rowcount = 0 if not probe.word else -1
        if probe.columns and not probe.repeats:
            self.description = tuple((name, None, None, None, None, None, None) for name in probe.columns)


class Connection:
    """One open file; it may be handed from thread to thread, but not used by two at once.

    Parameters
    ----------
    handle : apsw.Connection
        Open and keyed.
    isolation_level : str or None
        None leaves BEGIN to the caller (autocommit); anything else begins a transaction before the first change.
    """

    def __init__(self, handle: Any, isolation_level: str | None = "") -> None:
        self.handle = handle
        self.isolation_level = isolation_level

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return bool(self.handle.in_transaction)

    def cursor(self) -> Cursor:
        """Return a new cursor."""
        return Cursor(self)

    def execute(self, statement: str, parameters: Parameters = ()) -> Cursor:
        """Run one statement on a new cursor, as ``sqlite3`` allows."""
        return self.cursor().execute(statement, parameters)

    def begin_if_needed(self) -> None:
        """Begin a transaction unless one is open or the caller begins his own."""
        if self.isolation_level is not None and not self.in_transaction:
            self._run("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make the changes durable."""
        if self.in_transaction:
            self._run("COMMIT")

    def rollback(self) -> None:
        """Undo the changes of the open transaction."""
        if self.in_transaction:
            self._run("ROLLBACK")

    def create_function(
        self, name: str, arguments: int, function: Callable[..., Any] | None, *, deterministic: bool = False
    ) -> None:
        """Make `function` callable from SQL."""
        self.handle.create_scalar_function(name, function, arguments, deterministic=deterministic)

    def close(self) -> None:
        """Close the file; what was not committed is undone."""
        self.handle.close(True)

    def _run(self, statement: str) -> None:
        try:
            self.handle.execute(statement)
        except apsw.Error as error:
            raise translate(error) from error


def connect(path: str, key: bytes, *, timeout_seconds: float = 30.0, isolation_level: str | None = "") -> Connection:
    """Open (or make) the encrypted database at `path`.

    Parameters
    ----------
    path : str
        The file; made when absent.
    key : bytes
        The raw key of 32 bytes.
    timeout_seconds : float
        How long a statement waits for another writer.
    isolation_level : str or None
        See :class:`Connection`.

    Raises
    ------
    KeyRefused
        When the file does not open with this key.
    """
    if len(key) != KEY_BYTES:
        raise InterfaceError(f"the key has {len(key)} bytes, not {KEY_BYTES}")
    was_empty = not Path(path).exists() or not Path(path).stat().st_size
    try:
        return Connection(open_encrypted(path, key, timeout_seconds), isolation_level)
    except apsw.NotADBError as error:
        if was_empty:  # another process made the file meanwhile, with a salt of its own in its first page: read that one
            return connect(path, key, timeout_seconds=timeout_seconds, isolation_level=isolation_level)
        raise KeyRefused("the file does not open with this key, or is no database") from error
    except apsw.Error as error:
        raise translate(error) from error

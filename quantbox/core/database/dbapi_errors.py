"""The exceptions PEP 249 prescribes, and which of apsw's belong to which."""

from __future__ import annotations

import errno

import apsw

__all__ = [
    "DataError",
    "DatabaseError",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "KeyRefused",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Warning",
    "translate",
]


class Warning(Exception):  # noqa: A001 - the name PEP 249 prescribes
    """Something to know about; never raised here."""


class Error(Exception):
    """Whatever the database refuses or fails at.

    Attributes
    ----------
    errno : int or None
        The system's number for a full or unwritable disk, as an OSError has it.
    """

    errno: int | None = None


class InterfaceError(Error):
    """The driver was used wrongly."""


class DatabaseError(Error):
    """The database itself failed."""


class DataError(DatabaseError):
    """A value is too big."""


class OperationalError(DatabaseError):
    """The file, the disk, a lock or the statement's text."""


class IntegrityError(DatabaseError):
    """A constraint does not hold."""


class InternalError(DatabaseError):
    """SQLite found its own state broken."""


class ProgrammingError(DatabaseError):
    """A closed connection, wrong parameters, or more than one statement."""


class NotSupportedError(DatabaseError):
    """A method this database lacks; never raised here."""


class KeyRefused(DatabaseError):
    """The file does not open with this key, or is no database."""


_KINDS: dict[type[Exception], type[Error]] = {
    apsw.ConstraintError: IntegrityError,
    apsw.MismatchError: IntegrityError,
    apsw.TooBigError: DataError,
    apsw.InternalError: InternalError,
    apsw.NotFoundError: InternalError,
    apsw.MisuseError: InterfaceError,
    apsw.RangeError: InterfaceError,
    apsw.CorruptError: DatabaseError,
    apsw.NotADBError: DatabaseError,
    apsw.BindingsError: ProgrammingError,
    apsw.ThreadingViolationError: ProgrammingError,
    apsw.CursorClosedError: ProgrammingError,
    apsw.ConnectionClosedError: ProgrammingError,
}


_ERRNOS: dict[type[Exception], int] = {apsw.FullError: errno.ENOSPC, apsw.ReadOnlyError: errno.EROFS}


def translate(error: Exception) -> Error:
    """Return what apsw or a wrong parameter raised as the exception PEP 249 names for it."""
    if isinstance(error, apsw.ConnectionClosedError):
        return ProgrammingError("Cannot operate on a closed database.")  # SQLAlchemy knows a lost connection by it
    if isinstance(error, apsw.Error):
        translated = _KINDS.get(type(error), OperationalError)(str(error))
        translated.errno = _ERRNOS.get(type(error))
        return translated
    return ProgrammingError(f"parameters do not fit the statement: {type(error).__name__}: {error}")

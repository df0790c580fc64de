"""The coming database: a copy under the new key, its sealed fields sealed anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Column, MetaData, Table

from quantbox.core.database import dbapi
from quantbox.core.database.queue import QUEUE_TABLES
from quantbox.core.database.rekeying import copied_under_key
from quantbox.vault.fields import FieldCipher, Place
from quantbox.vault.models import Keys

__all__ = ["CHECKED", "Progress", "encrypt_anew"]

#: Told the stage ("copying", "sealing", "checking", "switching") and the finished fraction of the whole.
Progress = Callable[[str, float], None]

#: Tables that no capability declares: the queue's and the migrations' own, without a private field.
_UNDECLARED = QUEUE_TABLES | {"alembic_version", "sqlite_sequence"}
#: Shares of the whole that have passed when a stage has ended.
_COPIED, _SEALED, CHECKED = 0.6, 0.9, 0.95


def encrypt_anew(source: Path, target: Path, keys: tuple[Keys, Keys], metadata: MetaData, progress: Progress) -> None:
    """Write what `source` holds under the first keys to `target` under the second; complete and synced when this returns.

    Raises
    ------
    FieldDamaged
        A field does not open with the first keys.
    """
    old, new = keys

    def copied(fraction: float) -> None:
        progress("copying", fraction * _COPIED)

    with copied_under_key(source, old.database, target, new.database, copied) as database:
        _check_tables(database, metadata)
        _seal_anew(database, metadata, FieldCipher(old.fields), FieldCipher(new.fields), progress)
        progress("checking", _SEALED)


def _check_tables(database: dbapi.Connection, metadata: MetaData) -> None:
    """Refuse a table nobody declares: it may hold sealed fields that would be left under the old key."""
    found = {name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()}
    unknown = found - set(metadata.tables) - _UNDECLARED
    if unknown:
        raise ValueError(f"no capability declares {', '.join(sorted(unknown))}")


def _seal_anew(database: dbapi.Connection, metadata: MetaData, old: FieldCipher, new: FieldCipher, progress: Progress) -> None:
    tables = [(table, columns) for table in metadata.sorted_tables if (columns := _sealed_columns(table))]
    rows = [(table, columns, key) for table, columns in tables for key in _keys_of_rows(database, table)]
    for number, (table, columns, key) in enumerate(rows):
        progress("sealing", _COPIED + (_SEALED - _COPIED) * number / len(rows))
        _seal_row_anew(database, table, columns, key, (old, new))


def _sealed_columns(table: Table) -> list[Column[bytes]]:
    return [column for column in table.columns if "sealed" in column.info]


def _keys_of_rows(database: dbapi.Connection, table: Table) -> Iterator[tuple[str | int, ...]]:
    names = ", ".join(f'"{column.name}"' for column in table.primary_key)
    return iter(database.execute(f'SELECT {names} FROM "{table.name}"').fetchall())  # noqa: S608 - names of our own tables  # nosec B608


def _seal_row_anew(
    database: dbapi.Connection,
    table: Table,
    columns: list[Column[bytes]],
    key: tuple[str | int, ...],
    ciphers: tuple[FieldCipher, FieldCipher],
) -> None:
    old, new = ciphers
    where = " AND ".join(f'"{column.name}" = ?' for column in table.primary_key)
    for column in columns:
        counted = column.info["sealed"]
        version = "1" if counted is True else f'"{counted}"'
        query = f'SELECT "{column.name}", {version} FROM "{table.name}" WHERE {where}'  # noqa: S608 - as above  # nosec B608
        sealed, number = database.execute(query, key).fetchall()[0]
        if sealed is None:
            continue
        place = Place(table.name, "/".join(map(str, key)), column.name, number)
        update = f'UPDATE "{table.name}" SET "{column.name}" = ? WHERE {where}'  # noqa: S608 - as above  # nosec B608
        database.execute(update, (new.seal(place, old.open(place, sealed)), *key))

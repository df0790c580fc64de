"""Brings a database to the newest schema, in-process, wherever the package is installed.

All steps run in one transaction: whatever stops them, the file holds the old schema or the new one. Before an existing
file is changed, a whole encrypted copy is laid beside it (``quantbox.db.before-0002``); only the latest copy is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from quantbox.core.database.engine import copy_encrypted
from quantbox.core.database.errors import SchemaNewer

__all__ = ["Seal", "check_known", "current_revision", "head_revision", "upgrade"]

#: Seals a field for its table, row, column and version; the vault's, which lies above this toolkit.
Seal = Callable[[str, str, str, int, bytes], bytes]

_FOLDER = Path(__file__).parent / "migrations"


def upgrade(engine: Engine, revision: str | None = None, *, seal: Seal | None = None) -> None:
    """Bring the database to the newest schema, or up to `revision`; does nothing when it is there.

    Parameters
    ----------
    engine : Engine
        On the database.
    revision : str, optional
        Where to stop.
    seal : callable, optional
        For the step that puts private fields of older rows under the second lock; it refuses to run without where
        there are such rows.

    Raises
    ------
    SchemaNewer
        When a newer program has written the file.
    """
    found, target = current_revision(engine), revision or head_revision()
    if found == target:
        return
    if found is not None:
        check_known(found)
        _keep_copy(engine, target)
    with engine.connect() as connection:
        # SQLite changes a table by copying it: with foreign keys on, dropping the old one would delete its children
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        try:
            _run_steps(connection, target, seal)
        finally:
            connection.rollback()
            connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def current_revision(engine: Engine) -> str | None:
    """Return the revision the database is at; None for a new file."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def head_revision() -> str:
    """Return the newest revision this program knows."""
    return max(_known_revisions())


def _run_steps(connection: Connection, revision: str, seal: Seal | None) -> None:
    from alembic import command  # loaded only where there is a step to take, which is seldom
    from alembic.config import Config

    connection.exec_driver_sql("BEGIN IMMEDIATE")  # a second program starting now waits here, then finds nothing to do
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    config.attributes["seal"] = seal
    command.upgrade(config, revision)
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise ValueError(f"a migration left {len(broken)} rows without their parents, first in {broken[0][0]}")
    connection.commit()


def check_known(revision: str) -> None:
    """Raise SchemaNewer for a revision this program does not know."""
    if revision not in _known_revisions():
        raise SchemaNewer(found=revision, newest=head_revision())


def _known_revisions() -> set[str]:
    """Return the steps by the names of their files, which begin with their number."""
    return {path.stem for path in (_FOLDER / "versions").glob("[0-9]*.py")}


def _keep_copy(engine: Engine, revision: str) -> None:
    file = Path(str(engine.url.database))
    target = file.with_name(f"{file.name}.before-{revision.partition('_')[0]}")
    unfinished = file.with_name(f"{file.name}.before-copying")
    unfinished.unlink(missing_ok=True)
    copy_encrypted(engine, unfinished)
    unfinished.replace(target)
    for older in file.parent.glob(f"{file.name}.before-*"):
        if older != target:
            older.unlink()

"""Opens the encrypted database for SQLAlchemy, and the base every capability's tables share."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import ClassVar, NoReturn

from sqlalchemy import URL, Engine, Float, MetaData, NullPool, QueuePool, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker

from quantbox.core.database import dbapi
from quantbox.core.database.dialect import DRIVER_NAME
from quantbox.core.database.errors import DatabaseClosed, DatabaseKeyWrong, DatabaseUnavailable

__all__ = ["Base", "checkpoint", "close_engine", "copy_encrypted", "open_engine", "session_factory"]


class Base(DeclarativeBase):
    """What every table class derives from; names of constraints follow one rule, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {float: Float()}  # 8 bytes wherever it goes, and the name the migrations use


def open_engine(path: Path, key: bytes) -> Engine:
    """Return an engine on the encrypted database at `path`, which is made when absent.

    The key stays in the engine's closure: it is in no URL, no message and no log.

    Parameters
    ----------
    path : Path
        The database file.
    key : bytes
        The raw key of 32 bytes.

    Raises
    ------
    DatabaseKeyWrong
        When the file does not open with this key.
    DatabaseUnavailable
        When the file cannot be opened.
    """

    def connect() -> dbapi.Connection:
        return dbapi.connect(str(path), key)

    try:
        connect().close()
    except dbapi.KeyRefused as error:
        raise DatabaseKeyWrong(file=path.name) from error
    except dbapi.DatabaseError as error:
        raise DatabaseUnavailable(file=path.name, cause=str(error)) from error
    return create_engine(
        URL.create(DRIVER_NAME, database=str(path)),
        creator=connect,
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=20,
        hide_parameters=True,  # values of rows are private and must not reach a traceback
        json_serializer=partial(json.dumps, ensure_ascii=False, allow_nan=False, separators=(",", ":")),
    )


def close_engine(engine: Engine) -> None:
    """Let go of the file and of its key for good: who still holds the engine gets DatabaseClosed and no new connection."""
    # what is in use at this moment comes back to a pool nobody looks at any more, and would stay open there
    event.listen(engine.pool, "checkin", lambda _connection, record: record.close())
    engine.dispose()
    engine.pool = NullPool(_refuse_connection, dialect=engine.dialect)


def _refuse_connection() -> NoReturn:
    raise DatabaseClosed


def session_factory(engine: Engine) -> sessionmaker[Session]:
    """Return what makes sessions; objects stay readable after their session committed."""
    return sessionmaker(engine, expire_on_commit=False)


def checkpoint(engine: Engine) -> bool:
    """Move the write-ahead log into the database file and empty it; False when a reader kept part of it in use."""
    with engine.connect() as connection:
        blocked, _log_pages, _moved_pages = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        return not blocked


def copy_encrypted(engine: Engine, destination: Path) -> None:
    """Write a whole, consistent copy of the database to `destination`, encrypted with the same key."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        try:
            connection.exec_driver_sql("VACUUM INTO ?", (str(destination),))
        except DBAPIError as error:
            raise DatabaseUnavailable(file=destination.name, cause=str(error.orig)) from error

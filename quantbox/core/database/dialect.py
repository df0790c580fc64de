"""SQLAlchemy's SQLite dialect on the encrypted file's driver."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import apsw
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.util import VersionInfo

from quantbox.core.database import dbapi

__all__ = ["DRIVER_NAME", "EncryptedSQLiteDialect"]

#: As SQLAlchemy names it in an URL.
DRIVER_NAME = "sqlite+sqlite3mc"


class EncryptedSQLiteDialect(SQLiteDialect_pysqlite):
    """SQLite through :mod:`quantbox.core.database.dbapi`; the key never passes through the URL."""

    driver = "sqlite3mc"
    supports_statement_cache = True

    @classmethod
    def import_dbapi(cls) -> ModuleType:
        """Return the driver."""
        return dbapi

    def retrieve_dbapi_version(self, dbapi: Any) -> VersionInfo:  # noqa: ARG002 - SQLAlchemy's signature
        """Return apsw's version."""
        return VersionInfo(tuple(int(part) for part in apsw.apsw_version().split(".")))

    def create_connect_args(self, url: URL) -> Any:
        """Return the path alone: the engine's creator holds the key."""
        return ([url.database], {})


def _register() -> None:
    # in code, not by entry point: a frozen program has no metadata to look it up in
    dialect, driver = DRIVER_NAME.split("+")
    registry.register(f"{dialect}.{driver}", __name__, EncryptedSQLiteDialect.__name__)


_register()

"""The encrypted database: everything private in one file, through one driver, one engine and one chain of migrations."""

from quantbox.core.database.columns import ExactDecimal, UtcDateTime
from quantbox.core.database.engine import Base, checkpoint, close_engine, copy_encrypted, open_engine, session_factory
from quantbox.core.database.schema import upgrade

__all__ = [
    "Base",
    "ExactDecimal",
    "UtcDateTime",
    "checkpoint",
    "close_engine",
    "copy_encrypted",
    "open_engine",
    "session_factory",
    "upgrade",
]

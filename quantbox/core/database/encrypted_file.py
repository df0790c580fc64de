"""How the encrypted file is opened: its cipher, and the settings no connection may lack."""

from __future__ import annotations

import time
from typing import Any

import apsw

__all__ = ["KEY_BYTES", "create_unshared", "open_encrypted"]

#: Length of the raw key; longer or shorter keys would be taken for a pass phrase and stretched.
KEY_BYTES = 32


def open_encrypted(path: str, key: bytes, timeout_seconds: float) -> Any:
    """Return apsw's handle on the file, keyed and set up; raises NotADBError when it does not open with the key."""
    handle = apsw.Connection(path)
    try:
        _unlock(handle, key)
        _prepare(handle, timeout_seconds)
    except BaseException:
        handle.close(True)
        raise
    return handle


def create_unshared(path: str, key: bytes) -> Any:
    """Return apsw's handle on a new file that nobody else opens until its maker has closed and synced it, or thrown it away.

    Nothing is written beside it: no journal, no log, no temporary file.
    """
    handle = apsw.Connection(path)
    try:
        _unlock(handle, key)
        handle.execute("PRAGMA locking_mode = EXCLUSIVE")
        handle.execute("PRAGMA journal_mode = OFF")
        handle.execute("PRAGMA synchronous = OFF")
        handle.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        handle.close(True)
        raise
    return handle


def _unlock(handle: Any, key: bytes) -> None:
    # SQLCipher 4 format, so that other maintained tools can open the owner's file with the owner's key
    handle.execute("PRAGMA cipher = 'sqlcipher'")
    handle.execute("PRAGMA legacy = 4")
    handle.execute(f"PRAGMA key = \"x'{key.hex()}'\"", can_cache=False)


def _prepare(handle: Any, timeout_seconds: float) -> None:
    handle.set_busy_timeout(int(timeout_seconds * 1000))
    handle.execute("SELECT count(*) FROM sqlite_schema")  # the first read proves the key
    # sorting and VACUUM would otherwise spill rows into a temporary file, which the page cipher does not cover
    handle.execute("PRAGMA temp_store = MEMORY")
    _switch_to_wal(handle, timeout_seconds)
    handle.execute("PRAGMA synchronous = FULL")
    handle.execute("PRAGMA fullfsync = ON")  # macOS: an fsync alone stops at the drive's cache
    handle.execute("PRAGMA checkpoint_fullfsync = ON")
    handle.execute("PRAGMA foreign_keys = ON")
    handle.execute("PRAGMA trusted_schema = OFF")


def _switch_to_wal(handle: Any, timeout_seconds: float) -> None:
    # several processes opening a new file at once can meet in this step, where SQLite itself does not wait
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            handle.execute("PRAGMA journal_mode = WAL")
        except apsw.BusyError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.01)
        else:
            return

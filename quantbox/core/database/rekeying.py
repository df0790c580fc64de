"""A whole copy of the encrypted database under another key, page by page: nothing lies readable in between, nor beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw

from quantbox.core.database import dbapi
from quantbox.core.database.dbapi_errors import translate
from quantbox.core.database.encrypted_file import create_unshared
from quantbox.core.files import sync_file, sync_folder

__all__ = ["copied_under_key", "database_bytes"]

#: Pages of 4 KiB between two reports of progress.
_PAGES_PER_STEP = 512


def database_bytes(path: Path) -> int:
    """Return the size of the database with what its write-ahead log still holds."""
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


@contextmanager
def copied_under_key(
    source: Path, key: bytes, target: Path, new_key: bytes, progress: Callable[[float], None]
) -> Iterator[dbapi.Connection]:
    """Copy `source` to `target` under `new_key`, and give the block the copy to change; it is checked and synced after it.

    The block works in one transaction. When it or the copying fails, `target` is gone.

    Parameters
    ----------
    source : Path
        The database; nobody writes to it meanwhile.
    key : bytes
        Opens it.
    target : Path
        The copy; what lies there is replaced.
    new_key : bytes
        The copy's raw key of 32 bytes.
    progress : callable
        Told the copied fraction.
    """
    target.unlink(missing_ok=True)
    try:
        handle = create_unshared(str(target), new_key)
        try:
            with closing(dbapi.connect(str(source), key)) as original:
                _copy(original.handle, handle, progress)
            # the copied header asks for a write-ahead log, which would lie beside the file
            handle.execute("PRAGMA journal_mode = OFF")
            handle.execute("BEGIN")
            yield dbapi.Connection(handle, isolation_level=None)
            handle.execute("COMMIT")
            found = handle.execute("PRAGMA quick_check").fetchall()
        finally:
            handle.close(True)
        if found != [("ok",)]:
            raise dbapi.DatabaseError(f"the copy is not whole: {found[0][0]}")
        sync_file(target)
        sync_folder(target.parent)
    except apsw.Error as error:
        target.unlink(missing_ok=True)
        raise translate(error) from error
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _copy(source: apsw.Connection, target: apsw.Connection, progress: Callable[[float], None]) -> None:
    with target.backup("main", source, "main") as copying:
        while not copying.done:
            copying.step(_PAGES_PER_STEP)
            progress(1 - copying.remaining / max(copying.page_count, 1))

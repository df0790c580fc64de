"""Opening a backup in full: every chunk, every hash, the database and its rows; needs no store."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from polars.exceptions import PolarsError

from quantbox.backup.container import ChunkReader, Preamble, read_preamble
from quantbox.backup.entries import DATABASE, MARKET, VAULT, EntryReader, Sink
from quantbox.backup.errors import BackupDamaged, BackupFileMissing
from quantbox.backup.locks import Header
from quantbox.backup.models import Contents, Examined, LeftOut
from quantbox.core.clock import SystemClock
from quantbox.core.database import dbapi
from quantbox.core.database.schema import check_known
from quantbox.core.disk import require_free
from quantbox.core.files import create_private
from quantbox.core.paths import DataFolder
from quantbox.core.scratch import scratch_folder
from quantbox.market_data.service import MarketData

__all__ = [
    "Extracted",
    "FindKey",
    "check_counts",
    "count_rows",
    "examine",
    "extract",
    "open_header",
    "read_header",
    "rehearse",
]

#: Returns the key of the container of this header and name, or raises Denied.
FindKey = Callable[[Header, str], bytes]
Progress = Callable[[float, str], None]

#: Not the owner's content: the queue's own tables, and the schema's revision.
_UNCOUNTED = frozenset({"alembic_version", "kv", "schedule", "task", "counter"})
_DATABASE_KEY_BYTES = 32


@dataclass(frozen=True)
class Extracted:
    """What was read out of a backup."""

    examined: Examined
    database_key: bytes = field(repr=False)


@contextmanager
def open_header(path: Path) -> Iterator[tuple[BinaryIO, Preamble, Header]]:
    """Open a backup and give out the file, at its first chunk, with what stands before."""
    try:
        file = path.open("rb")
    except OSError as problem:
        raise BackupFileMissing(file=str(path), cause=problem.strerror or type(problem).__name__) from problem
    with file:
        preamble = read_preamble(file, path.name)
        yield file, preamble, Header.from_json(preamble.header)


def read_header(path: Path) -> Header:
    """Return what stands open at the head of a backup; nothing is proven by it."""
    with open_header(path) as (_file, _preamble, header):
        return header


def examine(path: Path, find_key: FindKey, scratch: Path, progress: Progress | None = None) -> Examined:
    """Open the whole of a backup and return what it says; raises where it is not what was written.

    Parameters
    ----------
    scratch : Path
        Where a private folder for the database may be made for a while.
    """
    with scratch_folder(scratch) as folder:
        extracted = extract(path, find_key, folder, is_wanted=_needed_to_count, progress=progress)
        check_counts(folder, extracted, counts_bars=False)
    return extracted.examined


def rehearse(path: Path, find_key: FindKey, scratch: Path, progress: Progress | None = None) -> tuple[Examined, dict[str, Any]]:
    """Restore a backup into a private folder, open it, count every row and bar, and take it all away again.

    Returns
    -------
    Examined, dict
        What the backup says, and what was compared with it: `files` (every hash held), `counts` by kind, and whether
        the database is sound; anything that differs has raised.
    """
    with scratch_folder(scratch) as folder:
        require_free(folder, path.stat().st_size)
        extracted = extract(path, find_key, folder, progress=progress)
        files = sum(1 for file in folder.rglob("*") if file.is_file()) - 1  # less the scratch folder's own lock
        counts = check_counts(folder, extracted, counts_bars=True)
        _check_soundness(folder / DATABASE, extracted.database_key)
    return extracted.examined, {"files": files, "counts": counts, "hashes_match": True, "database_sound": True}


def extract(
    path: Path,
    find_key: FindKey,
    folder: Path,
    *,
    is_wanted: Callable[[str], bool] = lambda _path: True,
    progress: Progress | None = None,
) -> Extracted:
    """Write the wanted files of a backup into `folder` and return what the backup says; every file is hashed.

    What was written counts for nothing when this raises; the caller throws it away.
    """
    with open_header(path) as (file, preamble, header):
        reader = ChunkReader(file, preamble, find_key(header, path.name))
        chunks = _told(reader, path.stat().st_size, progress) if progress else iter(reader)

        def open_sink(name: str, _size: int) -> Sink:
            return _create(folder / name) if is_wanted(name) else _Nowhere()

        manifest = EntryReader(chunks, open_sink).read()
    try:
        left_out = LeftOut(**manifest["left_out"])
        contents = {str(kind): int(count) for kind, count in manifest["contents"].items()}
        database_key = bytes.fromhex(manifest["database_key"])
        without_downloads, schema = bool(manifest["without_downloads"]), str(manifest["schema"])
        names = {file["path"] for file in manifest["files"]}
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise BackupDamaged(part="manifest") from None
    if len(database_key) != _DATABASE_KEY_BYTES or not {DATABASE, VAULT} <= names:
        raise BackupDamaged(part="manifest")
    _check_market_manifest(folder / MARKET, names)
    check_known(schema)
    examined = Examined(
        created=header.created,
        program=header.program,
        store_id=header.store_id,
        epoch=header.epoch,
        bytes=reader.bytes_read,
        sha256=reader.sha256.hexdigest(),
        contents=contents,
        has_own_passphrase=header.has_own_passphrase,
        without_downloads=without_downloads,
        left_out=left_out,
    )
    return Extracted(examined, database_key)


def count_rows(database: Path, key: bytes) -> Contents:
    """Return the rows of every table that holds the owner's content."""
    try:
        with contextlib.closing(dbapi.connect(str(database), key)) as connection:
            query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            names = sorted(name for (name,) in connection.execute(query).fetchall() if name not in _UNCOUNTED)
            return {name: _one(connection, f'SELECT count(*) FROM "{name}"') for name in names}  # noqa: S608  # nosec B608 - names from the schema itself
    except dbapi.DatabaseError as error:
        raise BackupDamaged(part=DATABASE) from error


def _count_market(root: Path, *, counts_bars: bool) -> Contents:
    """Return symbols and bars of the market folder below `root`: as its table of series says, or counted one by one."""
    market = MarketData(DataFolder(root), SystemClock())
    try:
        return market.count(reads_bars=counts_bars)
    except (OSError, ValueError, KeyError, PolarsError) as problem:
        raise BackupDamaged(part=MARKET) from problem


def check_counts(folder: Path, extracted: Extracted, *, counts_bars: bool) -> Contents:
    """Open what was extracted into `folder`, count it, and return the counts, which must be those the backup names."""
    counts = count_rows(folder / DATABASE, extracted.database_key) | _count_market(folder, counts_bars=counts_bars)
    wrong = sorted(
        kind
        for kind in counts.keys() | extracted.examined.contents.keys()
        if counts.get(kind) != extracted.examined.contents.get(kind)
    )
    if wrong:
        raise BackupDamaged(part=f"contents {', '.join(wrong)}")
    return counts


def _check_soundness(database: Path, key: bytes) -> None:
    with contextlib.closing(dbapi.connect(str(database), key)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise BackupDamaged(part=DATABASE)


def _check_market_manifest(market: Path, names: set[str]) -> None:
    """Refuse a bar store whose manifest names files that did not come along, or that lie outside its folder."""
    try:
        manifest = market / "manifest.json"
        named = set(json.loads(manifest.read_bytes())["files"].values()) if manifest.exists() else set()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise BackupDamaged(part=MARKET) from None
    if not {f"{MARKET}/{name}" for name in named} <= names:
        raise BackupDamaged(part=MARKET)


def _needed_to_count(path: str) -> bool:
    return not path.startswith((f"{MARKET}/bars/", f"{MARKET}/display/"))


def _one(connection: dbapi.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return create_private(path)


class _Nowhere(io.RawIOBase):
    """Takes what is hashed and not kept."""

    def write(self, data: Any) -> int:
        return len(data)


def _told(reader: ChunkReader, total: int, progress: Progress) -> Iterator[bytes]:
    for chunk in reader:
        progress(min(1.0, reader.bytes_read / total), "reading")
        yield chunk

"""Writing the container of an open store, and taking it for made only when it was read again."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine

from quantbox.backup.container import ChunkWriter, Preamble
from quantbox.backup.entries import DATABASE, MARKET, VAULT, EntryWriter
from quantbox.backup.errors import BackupDamaged, BackupUnverified, FileExists, FolderNotWritable, KeysRotated
from quantbox.backup.examination import count_rows, examine
from quantbox.backup.locks import Locked
from quantbox.backup.models import Examined, LeftOut
from quantbox.core.database import copy_encrypted
from quantbox.core.database.schema import current_revision
from quantbox.core.disk import require_free
from quantbox.core.files import create_private, sync_folder
from quantbox.core.paths import DataFolder
from quantbox.core.scratch import scratch_folder
from quantbox.market_data.service import MarketData
from quantbox.vault.document import parse_document

__all__ = ["OpenStore", "make_backup", "read_vault"]

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class OpenStore:
    """What a backup is made of.

    Attributes
    ----------
    database_key : bytes
        Travels inside the container, so that whoever opens that can open the database; sealed fields stay sealed.
    """

    folder: DataFolder
    engine: Engine
    market_data: MarketData
    database_key: bytes


def read_vault(folder: DataFolder) -> tuple[bytes, str, int]:
    """Return the text of vault.json, the store's id and the epoch of its keys."""
    text = folder.vault_file.read_bytes()
    document = parse_document(text, str(folder.vault_file))
    return text, document.store_id, document.epoch


def make_backup(
    store: OpenStore, locked: Locked, out: Path, scratch: Path, *, with_downloads: bool, progress: Progress
) -> Examined:
    """Write a backup to `out` and return what it holds, as read again from the disk.

    The file takes its name only then; whatever fails before leaves nothing behind.

    Raises
    ------
    FileExists
        Something has that name already.
    FolderNotWritable
        There is no such folder, or it is closed to us.
    KeysRotated
        The keys that `locked` was made for are no longer the store's.
    BackupUnverified
        What was written does not read back as it was meant.
    """
    if out.exists():
        raise FileExists(file=str(out))
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(4)}.tmp")
    try:
        sha256 = _write(store, locked, temporary, scratch, with_downloads=with_downloads, progress=progress)
        try:
            examined = examine(
                temporary, lambda _header, _name: locked.key, scratch, lambda part, _stage: progress(0.6 + 0.4 * part, "checking")
            )
        except BackupDamaged as damage:
            raise BackupUnverified(part=damage.facts["part"]) from damage
        if examined.sha256 != sha256:
            raise BackupUnverified(part="sha256")
        if out.exists():
            raise FileExists(file=str(out))
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(out.parent)
    return examined


def _write(store: OpenStore, locked: Locked, path: Path, scratch: Path, *, with_downloads: bool, progress: Progress) -> str:
    """Write the container and return its SHA-256."""
    with _create(path) as file, scratch_folder(scratch) as folder:
        progress(0.0, "snapshot")
        require_free(path.parent, 2 * store.folder.database.stat().st_size)
        copy_encrypted(store.engine, folder / DATABASE)
        contents = count_rows(folder / DATABASE, store.database_key)  # closing it folds its log in: from here it does not change
        vault, store_id, epoch = read_vault(store.folder)
        if (store_id, epoch) != (locked.header.store_id, locked.header.epoch):
            raise KeysRotated
        chunks = ChunkWriter(file, Preamble.of(locked.header.to_json()), locked.key)
        entries = EntryWriter(chunks.write)
        entries.add(VAULT, len(vault), io.BytesIO(vault))
        with (folder / DATABASE).open("rb") as database:
            entries.add(DATABASE, (folder / DATABASE).stat().st_size, database)
        with store.market_data.hold_files(with_downloads=with_downloads) as held:
            total = held.size_bytes() + chunks.bytes_written
            require_free(path.parent, held.size_bytes())
            for name, size, content in held.files():
                entries.add(f"{MARKET}/{name}", size, content)
                progress(0.1 + 0.5 * min(1.0, chunks.bytes_written / total), "writing")
            entries.finish(
                {
                    "contents": {**contents, "symbols": held.symbols, "bars": held.bars},
                    "left_out": vars(LeftOut(held.left_out_symbols, held.left_out_bars)),
                    "without_downloads": not with_downloads,
                    "database_key": store.database_key.hex(),
                    "schema": current_revision(store.engine),
                }
            )
        chunks.finish()
        file.flush()
        os.fsync(file.fileno())
        return chunks.sha256.hexdigest()


def _create(path: Path) -> BinaryIO:
    try:
        return create_private(path)
    except OSError as problem:
        raise FolderNotWritable(folder=str(path.parent), cause=problem.strerror or type(problem).__name__) from problem

"""Putting a restored store in the place of the one before, so that a crash at any moment leaves the old or the new.

A restore writes everything into ``restore/`` inside the data folder. A mark there, written when all of it is durable and
proven, is the moment from which the restored store holds: whoever opens the folder next finishes what is left of the
switch; without the mark he throws the folder away. The store before lies in ``before-restore/`` until all is done.

The supervisor uses this module, so it imports nothing but files and locks.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quantbox.backup.errors import RestorePending
from quantbox.core.files import sync_file, sync_folder, write_atomically
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock, restrict_to_owner

__all__ = ["PARTS", "mark_ready", "settle", "settle_unless_in_use", "staging"]

#: What a store is made of; a restored one has all three, the folder of bars empty where there were none.
PARTS = ("quantbox.db", "market", "vault.json")
_STAGING, _BEFORE, _READY = "restore", "before-restore", "ready.json"


@contextmanager
def staging(folder: DataFolder) -> Iterator[Path]:
    """Give out an empty private folder for the store that is being restored; one restore at a time.

    It stays only when `mark_ready` was called.

    Raises
    ------
    RestorePending
        A store restored earlier is not in place yet.
    LockBusy
        Another restore into this folder is under way.
    """
    with _lock(folder):
        place = folder.root / _STAGING
        if (place / _READY).exists():
            raise RestorePending(data_dir=str(folder.root))
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        restrict_to_owner(place)
        try:
            yield place
        finally:
            if not (place / _READY).exists():
                shutil.rmtree(place, ignore_errors=True)


def mark_ready(place: Path) -> None:
    """Make the staged store durable, then say that it is whole: from here on it holds."""
    for path in sorted(place.rglob("*"), reverse=True):
        if path.is_file():
            sync_file(path)
        else:
            sync_folder(path)
    sync_folder(place)
    write_atomically(place / _READY, json.dumps({"parts": PARTS}).encode())


def settle(folder: DataFolder) -> bool:
    """Finish or undo the switch of a restore that ended early; return whether a restored store was put in place.

    The caller holds the store's lock and has nothing of the store open. A restore that is still under way is left alone.
    """
    lock = _lock(folder)
    if not _is_unsettled(folder) or not lock.acquire():
        return False
    try:
        place = folder.root / _STAGING
        is_ready = (place / _READY).exists()
        if is_ready:
            _switch(folder, place)
        for leftover in (place, folder.root / _BEFORE):
            shutil.rmtree(leftover, ignore_errors=True)
    finally:
        lock.release()
    return is_ready


def settle_unless_in_use(folder: DataFolder) -> None:
    """Do the same where nobody uses the store; who does has settled it before."""
    if _is_unsettled(folder) and (lock := FileLock(folder.lock_file)).acquire():
        try:
            settle(folder)
        finally:
            lock.release()


def _switch(folder: DataFolder, place: Path) -> None:
    """Move the parts; each step may have been done already by whoever was cut off."""
    before = folder.root / _BEFORE
    before.mkdir(exist_ok=True)
    for name in PARTS:
        if not (place / name).exists():
            continue
        for old in _to_replace(folder, name):
            if old.name == folder.vault_file.name:
                shutil.copy2(old, before / old.name)  # it is replaced in one step: the folder is never without
            else:
                old.replace(_unused(before / old.name))
        sync_folder(folder.root)
        (place / name).replace(folder.root / name)
        sync_folder(folder.root)
    (place / _READY).unlink()
    sync_folder(place)


def _to_replace(folder: DataFolder, name: str) -> list[Path]:
    """Return what stands in the place of a part: with the database its log, copies and the leftovers of a rotation.

    The log goes first: replayed into the restored file it would destroy it.
    """
    place = folder.root / name
    beside = sorted(folder.root.glob(f"{name}[-.]*")) if name == folder.database.name else []
    return [*beside, *([place] if place.exists() else [])]


def _unused(path: Path) -> Path:
    """Return a free name: a part moved away before a cut may have been made anew by somebody since."""
    number = 0
    while (free := path if not number else path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return free


def _is_unsettled(folder: DataFolder) -> bool:
    return (folder.root / _STAGING).exists() or (folder.root / _BEFORE).exists()


def _lock(folder: DataFolder) -> FileLock:
    return FileLock(folder.root / "restore.lock", wait_seconds=0.0)

"""The switch between two sets of keys, and what is left to do after a rotation that was cut off.

A rotation writes the whole database under the new keys beside the old one (``quantbox.db.epoch-<n>``), then replaces
vault.json by that of epoch n. That is the moment from which the new keys hold: the file beside then takes the
database's name. Cut off before, it is thrown away; cut off after, the switch is finished here.
"""

from __future__ import annotations

import re
from pathlib import Path

from quantbox.core.files import sync_folder
from quantbox.core.paths import DataFolder
from quantbox.vault.document import read_document
from quantbox.vault.errors import StoreMissing

__all__ = ["epoch_database", "key_set", "settle"]

_SUFFIX = ".epoch-"


def epoch_database(folder: DataFolder, epoch: int) -> Path:
    """Return where the database of a coming epoch is written."""
    return folder.database.with_name(f"{folder.database.name}{_SUFFIX}{epoch}")


def key_set(folder: DataFolder) -> tuple[str, int]:
    """Return which keys vault.json holds: they are others when this has changed."""
    try:
        document = read_document(folder.vault_file)
    except FileNotFoundError:
        raise StoreMissing(data_dir=str(folder.root)) from None
    return document.store_id, document.epoch


def settle(folder: DataFolder) -> None:
    """Finish the switch of a rotation that had reached its end, throw away what one that had not has left.

    The caller holds the store's lock. Nothing is done where nothing is left, so it is called before every opening.
    """
    left = [path for path in folder.root.glob(f"{folder.database.name}{_SUFFIX}*") if path.is_file()]
    if not left or not folder.vault_file.exists():
        return
    promoted = epoch_database(folder, key_set(folder)[1])
    for path in left:
        if path != promoted:
            path.unlink()
    if promoted in left:
        _promote(folder, promoted)


def _promote(folder: DataFolder, promoted: Path) -> None:
    # the log first and durably: replayed into the new file, its pages under the old key would destroy it
    for old in _under_old_keys(folder):
        old.unlink()
    sync_folder(folder.root)
    promoted.replace(folder.database)
    sync_folder(folder.root)


def _under_old_keys(folder: DataFolder) -> list[Path]:
    """Return every file beside the database that only the old keys open."""
    named = re.compile(re.escape(folder.database.name) + r"(-wal|-shm|-journal|\.before-.*)")
    return [path for path in folder.root.iterdir() if named.fullmatch(path.name)]

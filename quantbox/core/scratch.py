"""Private folders for work in between, which do not outlive it: what a crash leaves behind goes at the next use."""

from __future__ import annotations

import contextlib
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from quantbox.core.processes import FileLock

__all__ = ["scratch_folder"]

_PREFIX = "quantbox-scratch-"
_LOCK = "in-use.lock"
#: Between making a folder and locking it lies a moment in which it looks abandoned.
_YOUNG_SECONDS = 60.0


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Make a folder in `parent` that only its owner may enter, and take it away with all that is in it.

    Parameters
    ----------
    parent : Path
        Made when absent.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))  # mode 0700
    lock = FileLock(folder / _LOCK)
    lock.acquire()
    try:
        _clear_abandoned(parent, folder)
        yield folder
    finally:
        lock.release()  # Windows deletes no open file
        shutil.rmtree(folder, ignore_errors=True)


def _clear_abandoned(parent: Path, own: Path) -> None:
    """Delete folders of processes that died; the lock of a living one is held."""
    owner, oldest = own.lstat().st_uid, time.time() - _YOUNG_SECONDS
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # somebody else clears it away too
            state = folder.lstat()
            is_ours = folder != own and stat.S_ISDIR(state.st_mode) and state.st_uid == owner
            if is_ours and state.st_mtime < oldest and (lock := FileLock(folder / _LOCK)).acquire():
                lock.release()
                shutil.rmtree(folder)

"""Locks on files between processes, freed by the system when their holder dies."""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from pathlib import Path
from types import TracebackType

from quantbox.core.errors import Unavailable
from quantbox.core.text import Text

if sys.platform == "win32":
    import msvcrt

else:
    import fcntl

__all__ = ["FileLock", "LockBusy"]


class LockBusy(Unavailable):
    """Another process kept the lock longer than we were willing to wait."""

    code = "core.lock_busy"
    sentence = Text(
        "等待 {seconds:g} 秒后，{name} 仍被另一个程序占用", "{name} is still held by another program after {seconds:g} seconds"
    )
    hint = Text("请等它结束后再试", "Try again when it has finished")


#: Far behind any content, so that a Windows lock (which is mandatory) never hides the file's bytes.
_LOCKED_BYTE = 0x7FFFFFFE


class FileLock:
    """A lock between processes (and threads), freed by the system when its holder dies.

    The file stays where it is: deleting it would let two processes lock two files of one name.

    Parameters
    ----------
    path : Path
        The lock file; made when absent, never deleted.
    wait_seconds : float
        How long a ``with`` statement waits before it raises LockBusy.
    """

    def __init__(self, path: Path, wait_seconds: float = 60.0) -> None:
        self.path = path
        self.wait_seconds = wait_seconds
        self._between_threads = threading.Lock()
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, timeout_seconds: float = 0.0) -> bool:
        """Take the lock, polling up to `timeout_seconds`; return whether it was taken."""
        deadline = time.monotonic() + timeout_seconds
        if not self._between_threads.acquire(timeout=max(timeout_seconds, 0.001)):
            return False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)  # Python opens it not inheritable
            while not _lock_descriptor(descriptor):
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    break
                time.sleep(random.uniform(0.005, 0.04))  # noqa: S311 - jitter, so that waiters do not march in step  # nosec B311
            else:
                self._descriptor = descriptor
        finally:
            if self._descriptor is None:
                self._between_threads.release()
        return self.held

    def release(self) -> None:
        """Free the lock."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not held")
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)  # the lock belongs to the open file and ends with it
        self._between_threads.release()

    def __enter__(self) -> FileLock:
        if not self.acquire(self.wait_seconds):
            raise LockBusy(name=self.path.name, seconds=self.wait_seconds)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def _lock_descriptor(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            # flock, not lockf: a record lock is lost as soon as any descriptor of the file is closed in this process
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

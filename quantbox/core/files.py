"""Files that are either old or new, never half written."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
from pathlib import Path
from typing import BinaryIO

__all__ = ["create_private", "open_private_log", "sync_file", "sync_folder", "write_atomically"]


def create_private(path: Path, mode: int = 0o600) -> BinaryIO:
    """Make a file that is not there yet and open it for writing, readable by its owner only from the first moment."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    return os.fdopen(descriptor, "wb")


def open_private_log(path: Path) -> BinaryIO:
    """Open a file to append to, readable by its owner only, also where it was made otherwise before."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "ab")


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace `path` by `content` so that a crash or a power cut leaves the old file or the new one.

    Parameters
    ----------
    path : Path
        The file; its folder must exist.
    content : bytes
        The whole new content.
    mode : int
        Permissions of the new file where the system has them.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with create_private(temporary, mode) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Make the content of a file durable that something else has written."""
    with path.open("r+b") as file:  # Windows syncs only what is open for writing
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable; Windows has no such call and journals names by itself."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

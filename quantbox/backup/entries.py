"""What lies inside a container: files one after the other, and last the manifest that says what they must be.

An entry is the length of its path, the path, the length of its content, the content. Nothing is compressed (bars and
the database already are, or cannot be), so a backup never grows beyond its own size when it is read. A path is refused
unless it is one of those a backup has; that alone keeps out whatever means something to any system.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from quantbox.backup.errors import BackupDamaged

__all__ = ["DATABASE", "MANIFEST", "MARKET", "VAULT", "EntryReader", "EntryWriter", "ListedFile", "Sink", "check_path"]

DATABASE, VAULT, MARKET, MANIFEST = "quantbox.db", "vault.json", "market", "manifest.json"

_COPY_BYTES = 1 << 20
_HEAD = struct.Struct(">HQ")  # bytes of the path, bytes of the content
_MAX_PATH_BYTES = 255
_MAX_ENTRIES = 100_000
_MAX_MANIFEST_BYTES = 64 << 20
#: Letters, digits and inner dots; so no drive, stream, backslash, hidden file, parent, blank end or control character.
_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
#: Windows opens a device for these names, whatever follows the dot.
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(?:\.|$)")
_MAX_PARTS = 5


@dataclass(frozen=True)
class ListedFile:
    """One file as the manifest has it."""

    path: str
    bytes: int
    sha256: str


class Sink(Protocol):
    """Takes the content of one entry as it is read; the manifest is checked only after the last of them."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""
        ...

    def close(self) -> None:
        """Be told that the content is complete."""
        ...


def check_path(path: str) -> None:
    """Refuse a path that no backup has: absolute, leading elsewhere, or meaning something else on some system."""
    parts = path.split("/")
    is_known = path in (DATABASE, VAULT, MANIFEST) or (parts[0] == MARKET and 1 < len(parts) <= _MAX_PARTS)
    if not is_known or not all(_NAME.fullmatch(part) and not _RESERVED.match(part) for part in parts):
        raise BackupDamaged(part=f"path {path[:80]!r}")


class EntryWriter:
    """Writes entries to a stream and remembers what they were.

    Parameters
    ----------
    write : callable
        Takes the stream's next bytes.
    """

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._files: list[ListedFile] = []

    def add(self, path: str, size: int, content: BinaryIO) -> None:
        """Add a file of exactly `size` bytes."""
        check_path(path)
        sha256, left = hashlib.sha256(), size
        self._begin(path, size)
        while left:
            data = content.read(min(left, _COPY_BYTES))
            if not data:
                raise BackupDamaged(part=path)  # it shrank while it was read
            sha256.update(data)
            self._write(data)
            left -= len(data)
        self._files.append(ListedFile(path, size, sha256.hexdigest()))

    def finish(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Write the manifest: the files, and what is said of them besides; return it."""
        manifest = {**facts, "files": [vars(file) for file in self._files]}
        text = json.dumps(manifest, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii")
        self._begin(MANIFEST, len(text))
        self._write(text)
        return manifest

    def _begin(self, path: str, size: int) -> None:
        name = path.encode("ascii")
        self._write(_HEAD.pack(len(name), size) + name)


class EntryReader:
    """Reads entries off a stream of authenticated chunks.

    Parameters
    ----------
    chunks : iterable of bytes
        The stream.
    open_sink : callable
        Given path and size of each file, returns what takes its content.
    """

    def __init__(self, chunks: Iterable[bytes], open_sink: Callable[[str, int], Sink]) -> None:
        self._stream = _Stream(iter(chunks))
        self._open_sink = open_sink
        self._found: dict[str, ListedFile] = {}
        self._names: set[str] = set()

    def read(self) -> dict[str, Any]:
        """Read everything and return the manifest.

        Raises
        ------
        BackupDamaged
            A path no backup has, a file twice, or a file that differs from what the manifest says.
        """
        while True:
            path_bytes, size = _HEAD.unpack(self._stream.take(_HEAD.size))
            if not 0 < path_bytes <= _MAX_PATH_BYTES:
                raise BackupDamaged(part="path")
            path = self._stream.take(path_bytes).decode("ascii", "replace")
            check_path(path)
            if path == MANIFEST:
                return self._read_manifest(size)
            self._read_file(path, size)

    def _read_file(self, path: str, size: int) -> None:
        if len(self._found) >= _MAX_ENTRIES or path.lower() in self._names:  # case is no difference on every system
            raise BackupDamaged(part=f"path {path[:80]!r}")
        self._names.add(path.lower())
        sha256, sink = hashlib.sha256(), self._open_sink(path, size)
        try:
            for data in self._stream.pass_on(size):
                sha256.update(data)
                sink.write(data)
        finally:
            sink.close()
        self._found[path] = ListedFile(path, size, sha256.hexdigest())

    def _read_manifest(self, size: int) -> dict[str, Any]:
        if size > _MAX_MANIFEST_BYTES:
            raise BackupDamaged(part=MANIFEST)
        text = b"".join(self._stream.pass_on(size))
        self._stream.check_end()
        try:
            manifest = json.loads(text)
            listed = {file["path"]: ListedFile(**file) for file in manifest["files"]}
        except (ValueError, TypeError, KeyError, RecursionError):
            raise BackupDamaged(part=MANIFEST) from None
        if len(listed) != len(manifest["files"]) or listed != self._found:
            raise BackupDamaged(part=MANIFEST)
        return dict(manifest)


class _Stream:
    """Bytes by number instead of by chunk."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._chunk = memoryview(b"")

    def take(self, size: int) -> bytes:
        return b"".join(self.pass_on(size))

    def pass_on(self, size: int) -> Iterator[bytes]:
        while size:
            if not self._chunk:
                self._refill()
            piece, self._chunk = self._chunk[:size], self._chunk[size:]
            size -= len(piece)
            yield bytes(piece)

    def check_end(self) -> None:
        """Read on to the end, so that the last chunk has proven to be the last; nothing may follow."""
        if self._chunk or any(self._chunks):
            raise BackupDamaged(part="end")

    def _refill(self) -> None:
        chunk = next(self._chunks, None)
        if not chunk:
            raise BackupDamaged(part="end")
        self._chunk = memoryview(chunk)

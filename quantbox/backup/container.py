"""The backup file: what it is, an open header, and sealed chunks, of which none can be cut off, moved or exchanged.

Layout: magic, format, length and SHA-256 of the header; the header in JSON; then chunks of 256 KiB in AES-256-GCM. A
chunk's nonce is its number and whether it is the last; both stand in its associated data beside the hash of everything
before the first chunk. The key belongs to one file alone, so counting nonces never repeats. The construction is STREAM
(Hoang, Reyhanitabar, Rogaway, Vizár 2015). The header's own hash tells an accident from a wrong pass phrase before
anything is derived; it is no protection against intent, which is the chunks' associated data.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from quantbox.backup.errors import BackupDamaged, BackupTooNew, NoBackup

__all__ = ["CHUNK_BYTES", "FORMAT", "ChunkReader", "ChunkWriter", "Preamble", "read_preamble"]

FORMAT = 1
CHUNK_BYTES = 256 * 1024
_MAGIC = b"QBBACKUP"
_FIXED = struct.Struct(">8sHI32s")  # magic, format, bytes of the header, its SHA-256
_MAX_HEADER_BYTES = 1 << 20
_TAG_BYTES = 16


class Preamble:
    """Everything before the first chunk: the header, and the hash the chunks are bound to."""

    def __init__(self, header: dict[str, Any], content: bytes) -> None:
        self.header = header
        self.content = content
        self.sha256 = hashlib.sha256(content).digest()

    @classmethod
    def of(cls, header: dict[str, Any]) -> Preamble:
        """Return the preamble of a new file."""
        text = json.dumps(header, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")
        return cls(header, _FIXED.pack(_MAGIC, FORMAT, len(text), hashlib.sha256(text).digest()) + text)


def read_preamble(file: BinaryIO, name: str) -> Preamble:
    """Return what stands before the chunks, and leave `file` at the first of them.

    Raises
    ------
    NoBackup
        The file is something else.
    BackupTooNew
        A newer program wrote it.
    BackupDamaged
        The header is not what was written.
    """
    fixed = file.read(_FIXED.size)
    if not fixed.startswith(_MAGIC):
        raise NoBackup(file=name)
    if len(fixed) < _FIXED.size:
        raise BackupDamaged(part="header")
    _magic, version, length, sha256 = _FIXED.unpack(fixed)
    if version > FORMAT:
        raise BackupTooNew(version=version, supported=FORMAT)
    if version != FORMAT or length > _MAX_HEADER_BYTES:
        raise BackupDamaged(part="header")
    text = file.read(length)
    if hashlib.sha256(text).digest() != sha256:
        raise BackupDamaged(part="header")
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict):
        raise BackupDamaged(part="header")
    return Preamble(header, fixed + text)


class _Sealing:
    """The nonce and the associated data of each chunk."""

    def __init__(self, key: bytes, preamble: Preamble) -> None:
        self._cipher = AESGCM(key)
        self._bound_to = preamble.sha256
        self.number = 0

    def seal(self, chunk: bytes, *, is_last: bool) -> bytes:
        return self._cipher.encrypt(*self._next(chunk, is_last=is_last))

    def open(self, sealed: bytes, *, is_last: bool) -> bytes:
        part = f"chunk {self.number}"
        try:
            return self._cipher.decrypt(*self._next(sealed, is_last=is_last))
        except InvalidTag:
            raise BackupDamaged(part=part) from None

    def _next(self, data: bytes, *, is_last: bool) -> tuple[bytes, bytes, bytes]:
        nonce = struct.pack(">3xQ?", self.number, is_last)
        self.number += 1
        return nonce, data, self._bound_to + nonce


class ChunkWriter:
    """Seals a stream into a file, chunk by chunk.

    Attributes
    ----------
    sha256 : hashlib hash
        Of all that was written to the file so far.
    bytes_written : int
        The file's length so far.
    """

    def __init__(self, file: BinaryIO, preamble: Preamble, key: bytes) -> None:
        self._file = file
        self._sealing = _Sealing(key, preamble)
        self._waiting = bytearray()
        self.sha256 = hashlib.sha256()
        self.bytes_written = 0
        self._put(preamble.content)

    def write(self, data: bytes) -> None:
        """Add `data` to the stream."""
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:  # the last chunk is sealed as the last, so one is always held back
            self._put(self._sealing.seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False))
            del self._waiting[:CHUNK_BYTES]

    def finish(self) -> None:
        """Seal what is left as the last chunk."""
        self._put(self._sealing.seal(bytes(self._waiting), is_last=True))
        self._waiting.clear()

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self.sha256.update(data)
        self.bytes_written += len(data)


class ChunkReader:
    """Opens the chunks of a file; nothing is given out that was not authenticated.

    Attributes
    ----------
    sha256 : hashlib hash
        Of all that was read from the file so far; of the whole file after the last chunk.
    bytes_read : int
        Likewise.
    """

    def __init__(self, file: BinaryIO, preamble: Preamble, key: bytes) -> None:
        self._file = file
        self._sealing = _Sealing(key, preamble)
        self.sha256 = hashlib.sha256(preamble.content)
        self.bytes_read = len(preamble.content)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the stream, a chunk at a time; raises BackupDamaged at the first that is not as it was written."""
        sealed = self._take()
        while True:
            following = self._take()
            yield self._sealing.open(sealed, is_last=not following)
            if not following:
                return
            sealed = following

    def _take(self) -> bytes:
        data = self._file.read(CHUNK_BYTES + _TAG_BYTES)
        self.sha256.update(data)
        self.bytes_read += len(data)
        return data

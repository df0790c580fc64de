"""vault.json, version 2: reading it strictly, writing it whole.

The check sum tells an accident (bad disk, cut copy, edited text) from a wrong pass phrase before anything is
derived. It is no protection against intent: that is the authenticated encryption of each wrapped key, whose
associated data holds the purpose, the version and every derivation parameter.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantbox.core.files import write_atomically
from quantbox.vault.errors import VaultDamaged, VaultTooNew
from quantbox.vault.models import KdfParameters

__all__ = ["DATA_KEYS", "VERSION", "Sealed", "VaultDocument", "read_document", "write_document"]

VERSION = 2
#: Purposes of the random keys sealed under the key-encryption key; version 1 had the first alone.
DATA_KEYS = ("database", "fields", "audit", "archive", "backup")
_NONCE_BYTES = 12
_SEALED_KEY_BYTES = 32 + 16  # the key and the tag of AES-GCM
_MAX_FILE_BYTES = 1 << 20

#: Accepted cost: the floor keeps an edited file from making guessing cheap, the ceiling from hanging the machine.
_MEMORY_KIB = range(64 * 1024, 1024 * 1024 + 1)
_ITERATIONS = range(3, 17)
_PARALLELISM = range(1, 17)
_SALT_BYTES = range(16, 65)


@dataclass(frozen=True)
class Sealed:
    """A key encrypted with AES-256-GCM."""

    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True)
class VaultDocument:
    """The content of vault.json.

    Attributes
    ----------
    version : int
        Of the file it was read from; every sealed key is bound to it.
    kdf : KdfParameters
        How the pass phrase becomes the key that opens `passphrase_wrapper`.
    passphrase_wrapper : Sealed
        The key-encryption key.
    data_keys : dict of str to Sealed
        Keys of the data, by purpose, sealed under the key-encryption key.
    """

    version: int
    kdf: KdfParameters
    passphrase_wrapper: Sealed
    data_keys: dict[str, Sealed]


def write_document(path: Path, document: VaultDocument) -> None:
    """Write `document` so that a crash leaves the old file or the new one."""
    kdf = document.kdf
    content: dict[str, Any] = {
        "version": VERSION,
        "wrappers": [
            {
                "kind": "passphrase",
                "kdf": {
                    "algorithm": "argon2id",
                    "memory_kib": kdf.memory_kib,
                    "iterations": kdf.iterations,
                    "parallelism": kdf.parallelism,
                    "salt": _encode(kdf.salt),
                },
                **_show_sealed(document.passphrase_wrapper),
            }
        ],
        "data_keys": {purpose: _show_sealed(sealed) for purpose, sealed in document.data_keys.items()},
    }
    content["checksum"] = _checksum(content)
    write_atomically(path, json.dumps(content, indent=2).encode() + b"\n")


def read_document(path: Path) -> VaultDocument:
    """Return the content of `path`, or raise VaultDamaged naming the part that is wrong."""
    with path.open("rb") as file:
        text = file.read(_MAX_FILE_BYTES + 1)
    reader = _Reader(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):  # UnicodeDecodeError and JSONDecodeError are ValueErrors
        raise reader.damaged("json") from None
    return reader.read(content)


class _Reader:
    """Checks every field, and names the one that is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def damaged(self, part: str) -> VaultDamaged:
        return VaultDamaged(path=str(self._path), part=part)

    def read(self, content: Any) -> VaultDocument:
        version = content.get("version") if isinstance(content, dict) else None
        if type(version) is int and version > VERSION:
            raise VaultTooNew(path=str(self._path), version=version, supported=VERSION)
        self._fields(content, "document", {"version", "wrappers", "data_keys", "checksum"})
        if content["checksum"] != _checksum(content):
            raise self.damaged("checksum")
        if type(version) is not int or version not in (1, VERSION):
            raise self.damaged("version")
        if not isinstance(content["wrappers"], list) or len(content["wrappers"]) != 1:
            raise self.damaged("wrappers")
        wrapper = self._fields(content["wrappers"][0], "wrappers", {"kind", "kdf", "nonce", "ciphertext"})
        if wrapper["kind"] != "passphrase":
            raise self.damaged("wrappers.kind")
        data_keys = self._fields(content["data_keys"], "data_keys", set(DATA_KEYS[:1] if version == 1 else DATA_KEYS))
        return VaultDocument(
            version=version,
            kdf=self._kdf(wrapper["kdf"]),
            passphrase_wrapper=self._sealed(wrapper, "wrappers"),
            data_keys={purpose: self._sealed(sealed, f"data_keys.{purpose}") for purpose, sealed in data_keys.items()},
        )

    def _fields(self, value: Any, part: str, names: set[str]) -> dict[str, Any]:
        if not isinstance(value, dict) or set(value) != names:
            raise self.damaged(part)
        return value

    def _kdf(self, value: Any) -> KdfParameters:
        kdf = self._fields(value, "kdf", {"algorithm", "memory_kib", "iterations", "parallelism", "salt"})
        if kdf["algorithm"] != "argon2id":
            raise self.damaged("kdf.algorithm")
        for name, accepted in (("memory_kib", _MEMORY_KIB), ("iterations", _ITERATIONS), ("parallelism", _PARALLELISM)):
            if type(kdf[name]) is not int or kdf[name] not in accepted:
                raise self.damaged(f"kdf.{name}")
        salt = self._bytes(kdf["salt"], "kdf.salt", _SALT_BYTES)
        return KdfParameters(kdf["memory_kib"], kdf["iterations"], kdf["parallelism"], salt)

    def _sealed(self, value: Any, part: str) -> Sealed:
        if not isinstance(value, dict) or not {"nonce", "ciphertext"} <= set(value):
            raise self.damaged(part)
        return Sealed(
            nonce=self._bytes(value["nonce"], f"{part}.nonce", range(_NONCE_BYTES, _NONCE_BYTES + 1)),
            ciphertext=self._bytes(value["ciphertext"], f"{part}.ciphertext", range(_SEALED_KEY_BYTES, _SEALED_KEY_BYTES + 1)),
        )

    def _bytes(self, value: Any, part: str, lengths: range) -> bytes:
        try:
            decoded = base64.b64decode(value, validate=True)
        except (TypeError, ValueError):
            raise self.damaged(part) from None
        if len(decoded) not in lengths:
            raise self.damaged(part)
        return decoded


def _checksum(content: dict[str, Any]) -> str:
    rest = {name: value for name, value in content.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _show_sealed(sealed: Sealed) -> dict[str, str]:
    return {"nonce": _encode(sealed.nonce), "ciphertext": _encode(sealed.ciphertext)}


def _encode(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")

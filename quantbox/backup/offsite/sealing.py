"""An object at the other place: sealed under a key of its own, named so that the name tells nothing, bound to what it is.

Layout: magic, format, length of the header; the header in JSON; a nonce of 12 bytes; AES-256-GCM ciphertext with its tag.
Associated data: the SHA-256 of everything before the nonce, the object's kind and its name. The name is the HMAC-SHA256 of
kind and content under a key of the account, so that the same content has one name, and nobody without that key can tell
whether a text he knows lies there.

The header holds a copy of vault.json and the object's key sealed under the vault's key for archives: so an object opens with
pass phrase or recovery code of its time alone, when everything else is lost. The store keeps the same key as a sealed
field, which a rotation encrypts anew: so the store opens its objects whatever became of its keys.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from quantbox.backup.offsite.errors import ObjectDamaged
from quantbox.vault.wrappers.base import KEY_BYTES, Binding, Sealed, decode, encode, open_sealed, seal

__all__ = ["ArchiveLock", "SealedObject", "new_key", "object_name", "seal_object"]

FORMAT = 1
_MAGIC = b"QBOBJECT"
_FIXED = struct.Struct(">8sHI")
_NONCE_BYTES = 12
_MAX_HEADER_BYTES = 1 << 20


@dataclass(frozen=True)
class ArchiveLock:
    """What object keys are wrapped with: the vault as it is now, and its key for archives."""

    vault: bytes
    store_id: str
    epoch: int
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class SealedObject:
    """An object as it was read, its header understood and nothing of it trusted yet."""

    name: str
    header: dict[str, Any]
    preamble: bytes
    sealed: bytes

    @classmethod
    def parse(cls, content: bytes, name: str) -> SealedObject:
        """Return the parts of an object; raises ObjectDamaged where it is none."""
        try:
            magic, version, length = _FIXED.unpack_from(content)
            if (magic, version) != (_MAGIC, FORMAT) or length > _MAX_HEADER_BYTES:
                raise ObjectDamaged(name=name)
            end = _FIXED.size + length
            header = json.loads(content[_FIXED.size : end])
            Binding(FORMAT, str(header["store_id"]), int(header["epoch"]))
            str(header["vault"]), decode(header["nonce"]), decode(header["ciphertext"])
        except (struct.error, ValueError, KeyError, TypeError):
            raise ObjectDamaged(name=name) from None
        return cls(name, header, content[:end], content[end:])

    @property
    def vault(self) -> bytes:
        """The copy of vault.json."""
        return str(self.header["vault"]).encode()

    def key_by(self, archive_key: bytes) -> bytes:
        """Return the object's key by the key for archives of its time."""
        wrapped = Sealed(decode(self.header["nonce"]), decode(self.header["ciphertext"]))
        key = open_sealed(archive_key, wrapped, _holds_key(self.header["store_id"], int(self.header["epoch"]), self.name))
        if key is None:
            raise ObjectDamaged(name=self.name)
        return key

    def open(self, kind: str, key: bytes) -> bytes:
        """Return the content, if it is of this kind and was sealed under this name with this key."""
        nonce, ciphertext = self.sealed[:_NONCE_BYTES], self.sealed[_NONCE_BYTES:]
        try:
            return AESGCM(key).decrypt(nonce, ciphertext, _associated(self.preamble, kind, self.name))
        except (InvalidTag, ValueError):
            raise ObjectDamaged(name=self.name) from None


def new_key() -> bytes:
    """Return the key of a new object."""
    return secrets.token_bytes(KEY_BYTES)


def object_name(naming_key: bytes, kind: str, content: bytes) -> str:
    """Return the name of a content: the same under the same key, and nothing to anybody else."""
    return hmac.digest(naming_key, kind.encode() + b"\0" + content, hashlib.sha256).hex()


def seal_object(kind: str, name: str, content: bytes, key: bytes, lock: ArchiveLock) -> bytes:
    """Return the object as it leaves."""
    wrapped = seal(lock.key, key, _holds_key(lock.store_id, lock.epoch, name))
    header = {
        "store_id": lock.store_id,
        "epoch": lock.epoch,
        "vault": lock.vault.decode(),
        "nonce": encode(wrapped.nonce),
        "ciphertext": encode(wrapped.ciphertext),
    }
    text = json.dumps(header, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode("ascii")
    preamble = _FIXED.pack(_MAGIC, FORMAT, len(text)) + text
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return preamble + nonce + AESGCM(key).encrypt(nonce, content, _associated(preamble, kind, name))


def _associated(preamble: bytes, kind: str, name: str) -> bytes:
    return json.dumps([hashlib.sha256(preamble).hexdigest(), kind, name]).encode()


def _holds_key(store_id: str, epoch: int, name: str) -> bytes:
    return Binding(FORMAT, store_id, epoch).associated_data("off-site object key", name=name)

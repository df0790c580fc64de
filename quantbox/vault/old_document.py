"""vault.json of version 1 (part 1): read once more, to become a document of today at the next unlocking.

It had the pass phrase and the database's key alone; both were bound to purpose and derivation parameters, not to store
and epoch. No program that wrote version 2 was ever given out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from quantbox.vault.wrappers.base import Sealed, Wrapper, open_sealed
from quantbox.vault.wrappers.passphrase import derive, kdf_of

__all__ = ["OLD_VERSION", "OldDocument", "open_database_key", "open_kek"]

OLD_VERSION = 1


@dataclass(frozen=True)
class OldDocument:
    """What part 1 wrote."""

    wrapper: Wrapper
    database: Sealed

    @property
    def epoch(self) -> int:
        """Return the first epoch: rotation came with version 3."""
        return 1

    @property
    def store_id(self) -> str:
        """Return the id the store keeps when it is brought over: whoever does it, and until then."""
        return hashlib.sha256(b"quantbox store id 1" + self.wrapper.parameter_bytes("salt")).hexdigest()[:32]


def open_kek(document: OldDocument, passphrase: str) -> bytes | None:
    """Return the key-encryption key; None when the pass phrase is wrong."""
    kdf = kdf_of(document.wrapper)
    associated_data = _associated_data(
        "key-encryption key",
        wrapper="passphrase",
        algorithm="argon2id",
        memory_kib=kdf.memory_kib,
        iterations=kdf.iterations,
        parallelism=kdf.parallelism,
        salt=kdf.salt.hex(),
    )
    return open_sealed(derive(passphrase, kdf), document.wrapper.sealed, associated_data)


def open_database_key(document: OldDocument, kek: bytes) -> bytes | None:
    """Return the database's key; None when it was changed."""
    return open_sealed(kek, document.database, _associated_data("data key", name="database"))


def _associated_data(holds: str, **details: str | int) -> bytes:
    return json.dumps({"vault": OLD_VERSION, "holds": holds, **details}, sort_keys=True, separators=(",", ":")).encode()

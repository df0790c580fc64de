"""vault.json of versions 1 (part 1) and 2: read once more, to become a document of today at the next unlocking.

They had the pass phrase alone, and sealed keys were bound to purpose and derivation parameters, not to store and epoch.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from quantbox.vault.wrappers.base import Sealed, Wrapper, open_sealed
from quantbox.vault.wrappers.passphrase import derive, kdf_of

__all__ = ["OldDocument", "open_data_key", "open_kek"]


@dataclass(frozen=True)
class OldDocument:
    """What an older version wrote."""

    version: int
    wrapper: Wrapper
    data_keys: dict[str, Sealed]

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
        document.version,
        "key-encryption key",
        wrapper="passphrase",
        algorithm="argon2id",
        memory_kib=kdf.memory_kib,
        iterations=kdf.iterations,
        parallelism=kdf.parallelism,
        salt=kdf.salt.hex(),
    )
    return open_sealed(derive(passphrase, kdf), document.wrapper.sealed, associated_data)


def open_data_key(document: OldDocument, kek: bytes, purpose: str) -> bytes | None:
    """Return a data key; None when it was changed."""
    return open_sealed(kek, document.data_keys[purpose], _associated_data(document.version, "data key", name=purpose))


def _associated_data(version: int, holds: str, **details: str | int) -> bytes:
    return json.dumps({"vault": version, "holds": holds, **details}, sort_keys=True, separators=(",", ":")).encode()

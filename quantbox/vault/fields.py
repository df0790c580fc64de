"""The second lock: single fields encrypted inside the encrypted database, each bound to its very place.

A sealed field is one byte of format, a nonce of 12 bytes, and AES-256-GCM ciphertext with tag. Table, row, column and
version are its associated data: moved to another row, column or version it does not open.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from quantbox.vault.errors import FieldDamaged

__all__ = ["FieldCipher", "Place"]

_FORMAT = b"\x01"
_NONCE_BYTES = 12


@dataclass(frozen=True)
class Place:
    """Where a sealed field stands; `version` counts the changes of a field that changes."""

    table: str
    row: str
    column: str
    version: int = 1

    def to_bytes(self) -> bytes:
        """Return the associated data."""
        return json.dumps([self.table, self.row, self.column, self.version], ensure_ascii=True).encode()


class FieldCipher:
    """Seals and opens fields.

    Parameters
    ----------
    key : bytes
        `Keys.fields` of the unlocked vault.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def seal(self, place: Place, plaintext: bytes) -> bytes:
        """Return `plaintext` encrypted for `place` alone."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, plaintext, place.to_bytes())

    def seal_field(self, table: str, row: str, column: str, version: int, plaintext: bytes) -> bytes:
        """Seal as :meth:`seal`, for a toolkit that knows no Place."""
        return self.seal(Place(table, row, column, version), plaintext)

    def open(self, place: Place, sealed: bytes) -> bytes:
        """Return what was sealed for `place`.

        Raises
        ------
        FieldDamaged
            It was changed, or stood in another place.
        """
        body = sealed[1 + _NONCE_BYTES :]
        try:
            if sealed[:1] != _FORMAT:
                raise InvalidTag
            return self._cipher.decrypt(sealed[1 : 1 + _NONCE_BYTES], body, place.to_bytes())
        except (InvalidTag, ValueError):
            raise FieldDamaged(table=place.table, row=place.row, column=place.column) from None

"""What people type in: codes read as they were meant, and the hashes that are kept instead of them."""

from __future__ import annotations

import hashlib
import unicodedata

__all__ = ["code_key", "read_code"]


def read_code(typed: str) -> str:
    """Return a code without the spaces and dashes people group it by, in capitals; full-width digits become plain ones."""
    plain = unicodedata.normalize("NFKC", typed).upper()
    return "".join(character for character in plain if not character.isspace() and character not in "-–—")


def code_key(owner_id: str, code: str) -> str:
    """Return the hash under which the code of a person or of one message is kept."""
    return hashlib.sha256(f"{owner_id}:{code}".encode()).hexdigest()

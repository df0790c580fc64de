"""Random tokens that browsers, tablets and scripts hold, and the hash under which they are kept here."""

from __future__ import annotations

import hashlib
import secrets

__all__ = ["hash_of", "new_token"]


def new_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """Return the hash under which a random token is kept; a fast one hides it, for nobody guesses 256 bits."""
    return hashlib.sha256(token.encode()).hexdigest()

"""The six words: computed by both sides from what only they know, compared by eye.

256 words of everyday things, in Chinese with English beside, so that a child can read them aloud: six are 48 bits. That
is enough because nobody can search for a match: the QR code commits to the program's nonce, which is told only after the
tablet's is known, so whoever stands between has one guess. static/js/pairing/words.js is the tablet's side.
"""

from __future__ import annotations

import hashlib
from functools import cache

from quantbox.core.paths import resource_folder

__all__ = ["NONCE_BYTES", "commitment_to", "six_words", "word_list"]

NONCE_BYTES = 16
WORDS = 6
_PURPOSE = b"quantbox pairing words 1"


@cache
def word_list() -> tuple[str, ...]:
    """Return the 256 words, each in Chinese and English."""
    lines = (resource_folder() / "static" / "locales" / "pairing_words.txt").read_text(encoding="utf-8").split("\n")
    return tuple(line for line in lines if line)


def commitment_to(nonce: bytes) -> bytes:
    """Return what the QR code tells of the program's nonce before the nonce itself is told."""
    return hashlib.sha256(nonce).digest()


def six_words(code: bytes, fingerprint: bytes, program_nonce: bytes, tablet_nonce: bytes) -> tuple[str, ...]:
    """Return the words of one pairing; every part has a fixed length, so no two pairings share their bytes."""
    digest = hashlib.sha256(_PURPOSE + code + fingerprint + program_nonce + tablet_nonce).digest()
    return tuple(word_list()[number] for number in digest[:WORDS])

"""Passwords: which are taken, how they are kept, and how one is compared.

A verifier is an Argon2id string (RFC 9106) that names its own cost, so that the cost can rise: who signs in with an older
one is given a new one.
"""

from __future__ import annotations

import base64
import threading
import unicodedata
from functools import cache
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from quantbox.core.paths import DataFolder, resource_folder
from quantbox.user_auth.errors import PasswordCommon, PasswordShort
from quantbox.vault.errors import PassphraseWrong, StoreMissing
from quantbox.vault.service import unlock

__all__ = ["MIN_PASSWORD_CHARACTERS", "is_outdated", "is_passphrase", "is_right", "make_verifier", "refuse_weak"]

MIN_PASSWORD_CHARACTERS = 12
#: What is left of a password without its common parts has to have so many different characters.
MIN_OWN_CHARACTERS = 5

_MEMORY_KIB, _ITERATIONS, _LANES, _HASH_BYTES, _SALT_BYTES = 64 * 1024, 3, 4, 32, 16
_hasher = PasswordHasher(_ITERATIONS, _MEMORY_KIB, _LANES, _HASH_BYTES, _SALT_BYTES)
#: Each comparison takes 64 MiB: however many ask at once, so many are made at a time.
_room = threading.BoundedSemaphore(4)


def make_verifier(password: str) -> str:
    """Return what is kept of a password."""
    with _room:
        verifier: str = _hasher.hash(spelt(password))
    return verifier


def is_right(verifier: str | None, password: str) -> bool:
    """Return whether `password` is the one; takes as long where there is no verifier to compare with."""
    with _room:
        try:
            _hasher.verify(verifier or nobodys_verifier(), spelt(password))
        except (VerificationError, InvalidHashError):
            return False
    return verifier is not None


def is_outdated(verifier: str) -> bool:
    """Return whether the standard has risen since the verifier was made."""
    return bool(_hasher.check_needs_rehash(verifier))


def refuse_weak(password: str, name: str) -> None:
    """Raise PasswordShort or PasswordCommon for a password that may not be used by somebody of this name."""
    characters = len(spelt(password).decode("utf-8", "surrogatepass"))
    if characters < MIN_PASSWORD_CHARACTERS:
        raise PasswordShort(characters=characters, minimum=MIN_PASSWORD_CHARACTERS)
    left = password.casefold()
    for part in sorted({*common_parts(), name.casefold()}, key=len, reverse=True):
        left = left.replace(part, "")
    if own_characters(left) < MIN_OWN_CHARACTERS:
        raise PasswordCommon


def is_passphrase(folder: DataFolder, password: str) -> bool:
    """Return whether the password is the pass phrase of the store in `folder`."""
    try:
        unlock(folder, password)
    except (PassphraseWrong, StoreMissing):
        return False
    return True


def own_characters(text: str) -> int:
    """Return how many different characters there are that do not just follow their neighbour ("456", "fed", "aaa")."""
    chosen = [later for earlier, later in pairwise(" " + text) if abs(ord(later) - ord(earlier)) > 1]
    return len(set(chosen))


@cache
def common_parts() -> tuple[str, ...]:
    """Return the parts that common passwords are made of."""
    file = resource_folder() / "static" / "locales" / "common_phrases.txt"
    return tuple(part.casefold() for part in file.read_text(encoding="utf-8").split())


def spelt(password: str) -> bytes:
    """Return the one form of a text that keyboards of different systems spell differently."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def nobodys_verifier() -> str:
    """Return a verifier of today's cost that no password fits but by a chance of 1 in 2**256."""
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"

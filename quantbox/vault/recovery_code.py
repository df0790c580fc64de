"""How 128 random bits are written for paper: seven groups of five characters, each with a check of its own.

A group is four characters of Crockford's base 32 (20 bits) and a check character. The seven groups hold 140 bits: the
secret and the first 12 bits of its SHA-256. The check is the sum of value times 2**position in the field of 32 elements
(x**5 + x**2 + 1), and the number of the group: one wrong character, two exchanged ones, or a group in another's place
is found, and its group named. A group with several wrong characters passes once in 32 times; the hash then finds it.
"""

from __future__ import annotations

import hashlib
import unicodedata

from quantbox.vault.errors import RecoveryCodeMistyped

__all__ = ["GROUPS", "SECRET_BYTES", "normalise_group", "read_code", "split_code", "write_code"]

SECRET_BYTES = 16
GROUPS = 7
_GROUP_CHARACTERS = 5
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_HASH_BITS = 12
_ANY_GROUP = f"1–{GROUPS}"
#: What people read for what is printed.
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})


def write_code(secret: bytes) -> str:
    """Return the code of `secret`, its groups joined by hyphens."""
    bits = int.from_bytes(secret) << _HASH_BITS | _hash_bits(secret)
    groups = []
    for number in range(1, GROUPS + 1):
        twenty = bits >> 20 * (GROUPS - number) & 0xFFFFF
        values = [twenty >> shift & 31 for shift in (15, 10, 5, 0)]
        groups.append("".join(_ALPHABET[value] for value in [*values, _check(values, number)]))
    return "-".join(groups)


def read_code(code: str) -> bytes:
    """Return the secret a typed code stands for; case, blanks, hyphens and look-alikes do not matter.

    Raises
    ------
    RecoveryCodeMistyped
        It is no code; names the groups whose check does not fit.
    """
    groups = split_code(code)
    if len(groups) != GROUPS:
        raise RecoveryCodeMistyped(groups=_ANY_GROUP, characters=len("".join(groups)), expected=GROUPS * _GROUP_CHARACTERS)
    bits, wrong = 0, []
    for number, group in enumerate(groups, start=1):
        values = [_ALPHABET.find(character) for character in group]
        if len(values) != _GROUP_CHARACTERS or -1 in values or _check(values[:-1], number) != values[-1]:
            wrong.append(number)
        for value in values[:-1]:
            bits = bits << 5 | value & 31
    secret = (bits >> _HASH_BITS & (1 << 8 * SECRET_BYTES) - 1).to_bytes(SECRET_BYTES)
    if wrong or bits & (1 << _HASH_BITS) - 1 != _hash_bits(secret):
        named = ", ".join(map(str, wrong)) or _ANY_GROUP
        characters = len("".join(groups))
        raise RecoveryCodeMistyped(groups=named, characters=characters, expected=GROUPS * _GROUP_CHARACTERS)
    return secret


def split_code(code: str) -> list[str]:
    """Return the groups of a typed code, as they would have been printed."""
    plain = normalise_group(code)
    return [plain[start : start + _GROUP_CHARACTERS] for start in range(0, len(plain), _GROUP_CHARACTERS)]


def normalise_group(typed: str) -> str:
    """Return typed characters as they would have been printed."""
    upper = unicodedata.normalize("NFKC", typed).upper().translate(_MISREAD)
    return "".join(character for character in upper if character.isalnum())


def _check(values: list[int], number: int) -> int:
    """Return the check of a group's four values."""
    total = number
    for position, value in enumerate(values):
        shifted = value << position
        for bit in (8, 7, 6, 5):  # back into five bits, modulo x**5 + x**2 + 1
            if shifted >> bit & 1:
                shifted ^= 0b100101 << bit - 5
        total ^= shifted
    return total


def _hash_bits(secret: bytes) -> int:
    return int.from_bytes(hashlib.sha256(secret).digest()[:2]) >> 16 - _HASH_BITS

"""The pass phrase: Argon2id turns it into the key that unseals the KEK.

Cost is raised, never lowered: a vault made when the standard was lower is wrapped anew at its next unlocking.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata
from datetime import datetime

from argon2.low_level import Type, hash_secret_raw

from quantbox.vault.errors import PassphraseShort
from quantbox.vault.models import KdfParameters
from quantbox.vault.wrappers.base import (
    KEY_BYTES,
    Binding,
    Parameters,
    Wrapper,
    WrapperKind,
    binary,
    encode,
    unwrap,
    whole,
    wrap,
)

__all__ = [
    "KIND",
    "MIN_PASSPHRASE_CHARACTERS",
    "check_length",
    "derive",
    "is_below_standard",
    "kdf_of",
    "make_wrapper",
    "open_wrapper",
]

#: A pass phrase this long is always accepted, a shorter one never.
MIN_PASSPHRASE_CHARACTERS = 12

#: Today's cost: above RFC 9106's second recommended option (64 MiB, 3 passes), so that one guess takes at least a
#: quarter of a second on a machine of 2026.
STANDARD_MEMORY_KIB, STANDARD_ITERATIONS, STANDARD_PARALLELISM, SALT_BYTES = 256 * 1024, 3, 4, 16

#: A derivation takes 256 MiB: however many requests ask for one at once, a process makes one at a time.
_room = threading.Lock()

#: Accepted cost: the floor keeps an edited file from making guessing cheap, the ceiling from hanging the machine.
KIND = WrapperKind(
    "passphrase",
    {
        "algorithm": lambda value: value == "argon2id",
        "memory_kib": whole(range(64 * 1024, 1024 * 1024 + 1)),
        "iterations": whole(range(3, 17)),
        "parallelism": whole(range(1, 17)),
        "salt": binary(range(16, 65)),
    },
)


def check_length(passphrase: str) -> None:
    """Refuse a new pass phrase that is too short."""
    characters = len(_normalise(passphrase))
    if characters < MIN_PASSPHRASE_CHARACTERS:
        raise PassphraseShort(characters=characters, minimum=MIN_PASSPHRASE_CHARACTERS)


def make_wrapper(kek: bytes, passphrase: str, now: datetime, binding: Binding) -> Wrapper:
    """Return `kek` under `passphrase`, at today's cost and with a salt of its own."""
    kdf = KdfParameters(STANDARD_MEMORY_KIB, STANDARD_ITERATIONS, STANDARD_PARALLELISM, secrets.token_bytes(SALT_BYTES))
    parameters: Parameters = {
        "algorithm": "argon2id",
        "memory_kib": kdf.memory_kib,
        "iterations": kdf.iterations,
        "parallelism": kdf.parallelism,
        "salt": encode(kdf.salt),
    }
    return wrap(kek, derive(passphrase, kdf), binding, kind=KIND.name, parameters=parameters, now=now)


def open_wrapper(wrapper: Wrapper, passphrase: str, binding: Binding) -> bytes | None:
    """Return the key-encryption key; None when the pass phrase is wrong."""
    return unwrap(wrapper, derive(passphrase, kdf_of(wrapper)), binding)


def kdf_of(wrapper: Wrapper) -> KdfParameters:
    """Return the cost a wrapper was made with."""
    given = wrapper.parameters
    return KdfParameters(
        int(given["memory_kib"]), int(given["iterations"]), int(given["parallelism"]), wrapper.parameter_bytes("salt")
    )


def is_below_standard(kdf: KdfParameters) -> bool:
    """Return whether guessing is cheaper than today's cost."""
    return kdf.memory_kib < STANDARD_MEMORY_KIB or kdf.iterations < STANDARD_ITERATIONS


def derive(passphrase: str, kdf: KdfParameters) -> bytes:
    """Return the 32 bytes a pass phrase stands for."""
    with _room:
        key: bytes = hash_secret_raw(
            secret=_normalise(passphrase).encode("utf-8", "surrogatepass"),
            salt=kdf.salt,
            time_cost=kdf.iterations,
            memory_cost=kdf.memory_kib,
            parallelism=kdf.parallelism,
            hash_len=KEY_BYTES,
            type=Type.ID,
        )
    return key


def _normalise(passphrase: str) -> str:
    """Return the one form of a text that keyboards of different systems spell differently."""
    return unicodedata.normalize("NFC", passphrase)

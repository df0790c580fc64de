"""The recovery kit: 128 random bits on paper. They are as strong as a key, so HKDF suffices to derive one."""

from __future__ import annotations

import secrets
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from quantbox.vault.recovery_code import SECRET_BYTES
from quantbox.vault.wrappers.base import KEY_BYTES, Binding, Wrapper, WrapperKind, binary, encode, unwrap, wrap

__all__ = ["KIND", "kit_id", "make_wrapper", "open_wrapper"]

_SALT_BYTES = 16
_ID_BYTES = 8

KIND = WrapperKind(
    "recovery",
    {
        "kit_id": binary(range(_ID_BYTES, _ID_BYTES + 1)),
        "salt": binary(range(_SALT_BYTES, _SALT_BYTES + 1)),
    },
)


def make_wrapper(kek: bytes, now: datetime, binding: Binding) -> tuple[bytes, Wrapper]:
    """Return a new kit's secret, and `kek` under it."""
    secret, salt = secrets.token_bytes(SECRET_BYTES), secrets.token_bytes(_SALT_BYTES)
    parameters = {"kit_id": kit_id(secret), "salt": encode(salt)}
    return secret, wrap(kek, _derive(secret, salt), binding, kind=KIND.name, parameters=parameters, now=now)


def open_wrapper(wrapper: Wrapper, secret: bytes, binding: Binding) -> bytes | None:
    """Return the key-encryption key; None when this is another kit's secret."""
    return unwrap(wrapper, _derive(secret, wrapper.parameter_bytes("salt")), binding)


def kit_id(secret: bytes) -> str:
    """Return the name of the kit with this secret: tells a void kit from a wrong code, and helps nobody to guess."""
    return encode(HKDF(SHA256(), length=_ID_BYTES, salt=None, info=b"quantbox recovery kit id 1").derive(secret))


def _derive(secret: bytes, salt: bytes) -> bytes:
    return HKDF(SHA256(), length=KEY_BYTES, salt=salt, info=b"quantbox recovery kit 1").derive(secret)

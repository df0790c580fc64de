"""What every wrapper has: the key-encryption key sealed under 32 proven bytes, bound to all that stands beside it."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = [
    "KEY_BYTES",
    "Binding",
    "Check",
    "Parameters",
    "Sealed",
    "Wrapper",
    "WrapperKind",
    "binary",
    "decode",
    "encode",
    "open_sealed",
    "seal",
    "text",
    "unwrap",
    "whole",
    "wrap",
]

KEY_BYTES = 32
_NONCE_BYTES = 12

#: Whether a JSON value is what a parameter may be.
Check = Callable[[Any], bool]
Parameters = Mapping[str, int | str]


@dataclass(frozen=True)
class Sealed:
    """A key encrypted with AES-256-GCM."""

    nonce: bytes
    ciphertext: bytes


@dataclass(frozen=True)
class Binding:
    """What every sealed key of a vault is bound to, besides its purpose.

    Attributes
    ----------
    version : int
        Of the document.
    store_id : str
        Of the store; never changes.
    epoch : int
        Grows with every rotation.
    """

    version: int
    store_id: str
    epoch: int

    def associated_data(self, holds: str, **details: Any) -> bytes:
        """Return the text that is authenticated with a sealed key."""
        bound = {"vault": self.version, "store_id": self.store_id, "epoch": self.epoch, "holds": holds, **details}
        return json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Wrapper:
    """The key-encryption key under one way of proving oneself.

    Attributes
    ----------
    kind : str
        Name of the way.
    created_at : str
        When it was made, ISO 8601 with zone, as written.
    parameters : mapping of str to int or str
        What the way needs besides the proof, as written; no secret.
    sealed : Sealed
        The key-encryption key.
    """

    kind: str
    created_at: str
    parameters: Parameters
    sealed: Sealed

    def parameter_bytes(self, name: str) -> bytes:
        """Return a parameter written in base64."""
        return decode(self.parameters[name])


@dataclass(frozen=True)
class WrapperKind:
    """One way of proving oneself, and what its parameters may be."""

    name: str
    parameters: Mapping[str, Check]


def wrap(kek: bytes, proof: bytes, binding: Binding, *, kind: str, parameters: Parameters, now: datetime) -> Wrapper:
    """Return `kek` sealed under `proof`, bound to kind, parameters, time of making and vault."""
    created_at = now.isoformat()
    return Wrapper(kind, created_at, parameters, seal(proof, kek, _holds_kek(binding, kind, created_at, parameters)))


def unwrap(wrapper: Wrapper, proof: bytes, binding: Binding) -> bytes | None:
    """Return the key-encryption key; None when the proof is wrong or anything it is bound to was changed."""
    return open_sealed(proof, wrapper.sealed, _holds_kek(binding, wrapper.kind, wrapper.created_at, wrapper.parameters))


def _holds_kek(binding: Binding, kind: str, created_at: str, parameters: Parameters) -> bytes:
    return binding.associated_data("key-encryption key", wrapper=kind, created_at=created_at, parameters=dict(parameters))


def seal(key: bytes, secret: bytes, associated_data: bytes) -> Sealed:
    """Encrypt `secret` under `key`."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return Sealed(nonce, AESGCM(key).encrypt(nonce, secret, associated_data))


def open_sealed(key: bytes, sealed: Sealed, associated_data: bytes) -> bytes | None:
    """Return what was sealed; None when key, content or associated data differ."""
    try:
        return AESGCM(key).decrypt(sealed.nonce, sealed.ciphertext, associated_data)
    except InvalidTag:
        return None


def whole(accepted: range) -> Check:
    """Accept a whole number within bounds; True is none."""
    return lambda value: type(value) is int and value in accepted


def binary(lengths: range) -> Check:
    """Accept bytes written in base64."""

    def check(value: Any) -> bool:
        try:
            return len(decode(value)) in lengths
        except (TypeError, ValueError):
            return False

    return check


def text(most_characters: int) -> Check:
    """Accept a text that is neither empty nor long."""
    return lambda value: isinstance(value, str) and 0 < len(value) <= most_characters


def encode(value: bytes) -> str:
    """Write bytes in base64."""
    return base64.b64encode(value).decode("ascii")


def decode(value: Any) -> bytes:
    """Read bytes written in base64; raises TypeError or ValueError for anything else."""
    return base64.b64decode(value, validate=True)

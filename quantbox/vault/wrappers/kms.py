"""A cloud key service: a random key, wrapped by a key that never leaves the service, opens the vault.

Whoever revokes the access key or disables the service's key ends this way of opening from afar.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from quantbox.vault.models import AccessKey, KmsAddress
from quantbox.vault.wrappers import keychain
from quantbox.vault.wrappers.base import KEY_BYTES, Binding, Wrapper, WrapperKind, text, unwrap, wrap

__all__ = [
    "KIND",
    "Connect",
    "KeyProvider",
    "address_of",
    "forget_access_key",
    "keep_access_key",
    "kept_access_key",
    "make_wrapper",
    "open_wrapper",
]

KIND = WrapperKind(
    "kms", {"provider": lambda value: value == "aliyun", "endpoint": text(253), "key_id": text(256), "wrapped_key": text(4096)}
)


class KeyProvider(Protocol):
    """A service that wraps small keys under a key of its own."""

    def wrap(self, key: bytes, context: dict[str, str]) -> str:
        """Return `key` wrapped; only with the same context does it open again."""
        ...

    def unwrap(self, wrapped: str, context: dict[str, str]) -> bytes:
        """Return the key.

        Raises
        ------
        KmsRefused
            The service does not open it.
        KmsUnreachable
            It did not answer.
        """
        ...


#: Makes the provider for an address and an access key.
Connect = Callable[[KmsAddress, AccessKey], KeyProvider]


def make_wrapper(kek: bytes, address: KmsAddress, provider: KeyProvider, now: datetime, binding: Binding) -> Wrapper:
    """Return `kek` under a new random key that `provider` wrapped."""
    proof = secrets.token_bytes(KEY_BYTES)
    parameters = {
        "provider": "aliyun",
        "endpoint": address.endpoint,
        "key_id": address.key_id,
        "wrapped_key": provider.wrap(proof, _context(binding)),
    }
    return wrap(kek, proof, binding, kind=KIND.name, parameters=parameters, now=now)


def open_wrapper(wrapper: Wrapper, provider: KeyProvider, binding: Binding) -> bytes | None:
    """Return the key-encryption key; None when what the service gave does not open it."""
    proof = provider.unwrap(str(wrapper.parameters["wrapped_key"]), _context(binding))
    return unwrap(wrapper, proof, binding) if len(proof) == KEY_BYTES else None


def address_of(wrapper: Wrapper) -> KmsAddress:
    """Return which key of which service a wrapper needs."""
    return KmsAddress(str(wrapper.parameters["endpoint"]), str(wrapper.parameters["key_id"]))


def keep_access_key(store_id: str, access_key: AccessKey) -> None:
    """Put the access key into the operating system's keychain."""
    keychain.write_entry(_entry(store_id), json.dumps([access_key.access_key_id, access_key.access_key_secret]))


def kept_access_key(store_id: str) -> AccessKey | None:
    """Return the access key the keychain keeps; None when it has none."""
    kept = keychain.read_entry(_entry(store_id))
    try:
        access_key_id, access_key_secret = json.loads(kept or "null")
    except (TypeError, ValueError):
        return None
    return AccessKey(access_key_id, access_key_secret)


def forget_access_key(store_id: str) -> None:
    """Take the access key out of the keychain."""
    keychain.delete_entry(_entry(store_id))


def _entry(store_id: str) -> str:
    return f"{store_id}/kms"


def _context(binding: Binding) -> dict[str, str]:
    return {"application": "QuantBox", "store_id": binding.store_id, "epoch": str(binding.epoch)}

"""The operating system's keychain: a random key kept there for this user opens the vault without a pass phrase.

keyring chooses the system's own service (Credential Locker, Keychain, Secret Service). Headless Linux has none.
"""

from __future__ import annotations

import contextlib
import secrets
from datetime import datetime

from quantbox.core.text import Text
from quantbox.vault.errors import KeychainUnavailable
from quantbox.vault.wrappers.base import KEY_BYTES, Binding, Wrapper, WrapperKind, decode, encode, text, unwrap, wrap

__all__ = ["KIND", "delete_entry", "make_wrapper", "open_wrapper", "read_entry", "unavailable_because", "write_entry"]

KIND = WrapperKind("keychain", {"entry": text(200)})

_SERVICE = "QuantBox"
_NONE = Text(
    "本机没有系统钥匙串服务（无桌面会话的 Linux 通常如此）",
    "This machine has no keychain service (usual on Linux without a desktop session)",
)
_PLAIN = Text(
    "本机的钥匙串后端以明文保存，不能使用", "This machine's keychain backend keeps secrets in a plain file and is not used"
)


def unavailable_because() -> Text | None:
    """Return why there is no keychain to use; None where there is one."""
    import keyring
    from keyring.backends import fail, null

    backend = keyring.get_keyring()
    if isinstance(backend, fail.Keyring | null.Keyring):
        return _NONE
    if type(backend).__module__.startswith("keyrings.alt"):
        return _PLAIN
    return None


def make_wrapper(kek: bytes, now: datetime, binding: Binding) -> Wrapper:
    """Put a new random key into the keychain and return `kek` under it."""
    proof = secrets.token_bytes(KEY_BYTES)
    entry = f"{binding.store_id}/{secrets.token_hex(8)}"  # a name of its own, so that the one before still opens until replaced
    write_entry(entry, encode(proof))
    return wrap(kek, proof, binding, kind=KIND.name, parameters={"entry": entry}, now=now)


def open_wrapper(wrapper: Wrapper, binding: Binding) -> bytes | None:
    """Return the key-encryption key; None where this user's keychain has not the key."""
    kept = read_entry(str(wrapper.parameters["entry"]))
    try:
        proof = decode(kept)
    except (TypeError, ValueError):
        return None
    return unwrap(wrapper, proof, binding) if len(proof) == KEY_BYTES else None


def write_entry(entry: str, secret: str) -> None:
    """Keep `secret` in this user's keychain."""
    import keyring
    from keyring.errors import KeyringError

    reason = unavailable_because()
    if reason is not None:
        raise KeychainUnavailable(reason)
    try:
        keyring.set_password(_SERVICE, entry, secret)
    except KeyringError as problem:
        raise KeychainUnavailable(_refused(problem)) from problem


def read_entry(entry: str) -> str | None:
    """Return what is kept under `entry`; None when nothing is, or the keychain cannot be asked."""
    import keyring
    from keyring.errors import KeyringError

    if unavailable_because() is not None:
        return None
    try:
        return keyring.get_password(_SERVICE, entry)
    except KeyringError:
        return None


def delete_entry(entry: str) -> None:
    """Forget what is kept under `entry`; what is not there, or cannot be reached, is no fault."""
    import keyring
    from keyring.errors import KeyringError

    if unavailable_because() is None:
        with contextlib.suppress(KeyringError):
            keyring.delete_password(_SERVICE, entry)


def _refused(problem: Exception) -> Text:
    name = type(problem).__name__
    return Text(f"系统钥匙串拒绝了请求（{name}）", f"The keychain refused ({name})")

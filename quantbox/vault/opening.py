"""From a proof to the key-encryption key, and from there to the keys of the data: on a document, wherever it lies."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from quantbox.vault.document import DATA_KEYS, VERSION, VaultDocument
from quantbox.vault.errors import PassphraseWrong, RecoveryCodeWrong, RecoveryKitVoid, VaultDamaged
from quantbox.vault.models import Keys
from quantbox.vault.old_document import OldDocument, open_database_key, open_kek
from quantbox.vault.recovery_code import read_code
from quantbox.vault.wrappers import passphrase as passphrase_way
from quantbox.vault.wrappers import recovery
from quantbox.vault.wrappers.base import KEY_BYTES, Binding, Sealed, open_sealed, seal

__all__ = [
    "kek_by_passphrase",
    "kek_by_recovery_code",
    "keys_of",
    "new_data_keys",
    "seal_data_keys",
    "todays_document",
]


def kek_by_passphrase(document: VaultDocument | OldDocument, passphrase: str) -> bytes:
    """Return the key-encryption key, or raise PassphraseWrong."""
    if isinstance(document, OldDocument):
        kek = open_kek(document, passphrase)
    else:
        wrapper = document.find(passphrase_way.KIND.name)
        kek = None if wrapper is None else passphrase_way.open_wrapper(wrapper, passphrase, document.binding)
    if kek is None:
        raise PassphraseWrong
    return kek


def kek_by_recovery_code(document: VaultDocument | OldDocument, code: str) -> bytes:
    """Return the key-encryption key.

    Raises
    ------
    RecoveryCodeMistyped
        It is no code at all; names the groups to look at.
    RecoveryKitVoid
        It is the code of a kit that was replaced.
    RecoveryCodeWrong
        It does not open this vault, whether or not the vault has a kit.
    """
    secret = read_code(code)
    if isinstance(document, VaultDocument):
        wrapper = document.find(recovery.KIND.name)
        kek = None if wrapper is None else recovery.open_wrapper(wrapper, secret, document.binding)
        if kek is not None:
            return kek
        for kit in document.void_kits:
            if kit.kit_id == recovery.kit_id(secret):
                raise RecoveryKitVoid(created=kit.created_at[:10], voided=kit.voided_at[:10])
    raise RecoveryCodeWrong


def keys_of(document: VaultDocument, kek: bytes, path: str) -> Keys:
    """Return every key, or raise VaultDamaged naming the one that was changed."""
    data_keys = {}
    for purpose, sealed in document.data_keys.items():
        key = open_sealed(kek, sealed, _holds_data_key(document.binding, purpose))
        if key is None:
            raise VaultDamaged(path=path, part=f"data_keys.{purpose}")
        data_keys[purpose] = key
    return Keys(**data_keys, handover=_derived(kek, b"quantbox handover 1"), tokens=_derived(kek, b"quantbox tokens 1"))


def new_data_keys() -> dict[str, bytes]:
    """Return a random key for every purpose."""
    return {purpose: secrets.token_bytes(KEY_BYTES) for purpose in DATA_KEYS}


def seal_data_keys(kek: bytes, data_keys: Mapping[str, bytes], binding: Binding) -> dict[str, Sealed]:
    """Return each data key under the key-encryption key, bound to its purpose and the vault."""
    return {purpose: seal(kek, key, _holds_data_key(binding, purpose)) for purpose, key in data_keys.items()}


def todays_document(old: OldDocument, kek: bytes, passphrase: str, now: datetime, path: str) -> VaultDocument:
    """Return what an older document becomes: the same key and those it lacked, under today's binding and cost."""
    database = open_database_key(old, kek)
    if database is None:
        raise VaultDamaged(path=path, part="data_keys.database")
    data_keys = {**new_data_keys(), "database": database}
    binding = Binding(VERSION, old.store_id, 1)
    wrapper = passphrase_way.make_wrapper(kek, passphrase, now, binding)
    return VaultDocument(old.store_id, 1, None, (wrapper,), seal_data_keys(kek, data_keys, binding))


def _holds_data_key(binding: Binding, purpose: str) -> bytes:
    return binding.associated_data("data key", name=purpose)


def _derived(kek: bytes, what_for: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=what_for).derive(kek)

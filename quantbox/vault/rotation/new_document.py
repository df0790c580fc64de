"""The coming vault.json: a new key-encryption key under every way that is open, and new data keys under it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime

from quantbox.vault.changes import Prepare, applied, pending_kit, voiding_kit, with_keychain, with_kms
from quantbox.vault.document import VaultDocument
from quantbox.vault.errors import KmsAccessKeyNeeded
from quantbox.vault.models import Keys, NewKit
from quantbox.vault.opening import keys_of, new_data_keys, seal_data_keys
from quantbox.vault.wrappers import keychain, kms, recovery
from quantbox.vault.wrappers import passphrase as passphrase_way
from quantbox.vault.wrappers.base import KEY_BYTES, Wrapper

__all__ = ["Renewal", "forget_keychain_entry", "renew"]


@dataclass(frozen=True)
class Renewal:
    """What vault.json becomes, what it then opens to, and the recovery kit made in the place of one that is void."""

    document: VaultDocument
    keys: Keys = field(repr=False)
    kit: NewKit | None


def renew(old: VaultDocument, passphrase: str, now: datetime, connect: kms.Connect) -> Renewal:
    """Return the vault of the next epoch, opened by `passphrase` and by every other way `old` has.

    Raises
    ------
    KmsAccessKeyNeeded, KmsRefused, KmsUnreachable, KeychainUnavailable
        A way could not be made anew.
    """
    kek, binding = secrets.token_bytes(KEY_BYTES), replace(old.binding, epoch=old.epoch + 1)
    document = replace(
        voiding_kit(old, now),
        epoch=binding.epoch,
        rotated_at=now.isoformat(),
        wrappers=(passphrase_way.make_wrapper(kek, passphrase, now, binding),),
        data_keys=seal_data_keys(kek, new_data_keys(), binding),
        pending_kit=None,
    )
    keys, kit = keys_of(document, kek, "vault.json"), None
    if old.find(recovery.KIND.name) is not None:
        kit, change = pending_kit(document, kek, keys, now)
        document = applied(document, change, now)
    if (wrapper := old.find(kms.KIND.name)) is not None:
        document = applied(document, _with_kept_kms(wrapper, old.store_id, connect)(document, kek, now), now)
    if old.find(keychain.KIND.name) is not None:  # last: it writes into the keychain
        document = applied(document, with_keychain(document, kek, now), now)
    return Renewal(document, keys, kit)


def forget_keychain_entry(document: VaultDocument) -> None:
    """Take out of the keychain what opened, or would have opened, this document."""
    wrapper = document.find(keychain.KIND.name)
    if wrapper is not None:
        keychain.delete_entry(str(wrapper.parameters["entry"]))


def _with_kept_kms(wrapper: Wrapper, store_id: str, connect: kms.Connect) -> Prepare:
    access_key = kms.kept_access_key(store_id)
    if access_key is None:
        raise KmsAccessKeyNeeded
    return with_kms(kms.address_of(wrapper), access_key, connect)

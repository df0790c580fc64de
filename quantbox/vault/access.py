"""The ways into an open vault: which there are, and adding, changing and closing them."""

from __future__ import annotations

import contextlib
import hmac
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from quantbox.core.clock import Clock
from quantbox.core.paths import DataFolder
from quantbox.vault import changes
from quantbox.vault.changes import Change
from quantbox.vault.document import PendingKit, VaultDocument, write_document
from quantbox.vault.errors import KeychainUnavailable, RecoveryKitMissing, RecoveryKitNotConfirmed, VaultChanged
from quantbox.vault.models import AccessKey, Keys, KmsAddress, NewKit, SignIns
from quantbox.vault.service import vault_lock
from quantbox.vault.wrappers import aliyun_kms, keychain, kms, recovery
from quantbox.vault.wrappers import passphrase as passphrase_way
from quantbox.vault.wrappers.base import Wrapper

__all__ = ["VaultAccess", "describe"]

#: A kit that was not confirmed by then is thrown away.
CONFIRM_WITHIN = timedelta(days=1)


def describe(folder: DataFolder, now: datetime) -> dict[str, Any]:
    """Return what a page shows of the vault: store, epoch, ways in, kits and keychain; no secret, so it needs no proof."""
    document = changes.document_of(folder)
    kdf = passphrase_way.kdf_of(next(wrapper for wrapper in document.wrappers if wrapper.kind == passphrase_way.KIND.name))
    kit, pending = document.find(recovery.KIND.name), _pending(document, now)
    shown = kit or (pending and pending.wrapper)
    reason = keychain.unavailable_because()
    return {
        "store_id": document.store_id,
        "epoch": document.epoch,
        "rotated_at": document.rotated_at,
        "kdf": {"algorithm": "argon2id", "memory_kib": kdf.memory_kib, "iterations": kdf.iterations},
        "wrappers": [
            {"kind": wrapper.kind, "created_at": wrapper.created_at, "detail": _detail(wrapper)} for wrapper in document.wrappers
        ],
        "keychain": {"is_available": reason is None, "reason": reason},
        "recovery_kit": shown and {"created_at": shown.created_at, "is_confirmed": kit is not None},
        "pending_kit": pending and {"created_at": pending.wrapper.created_at, "confirm": list(pending.confirm)},
        "void_kits": [{"created_at": void.created_at, "voided_at": void.voided_at} for void in document.void_kits],
    }


class VaultAccess:
    """Describes and changes how the vault of an open store is opened.

    Parameters
    ----------
    folder : DataFolder
        Of the store.
    keys : Keys
        Of the store.
    clock : Clock
        Tells when something was made.
    sign_ins : SignIns
        Is told that the pass phrase changed.
    connect : callable
        Reaches a cloud key service.
    """

    def __init__(
        self, folder: DataFolder, keys: Keys, clock: Clock, sign_ins: SignIns, connect: kms.Connect = aliyun_kms.connect
    ) -> None:
        self._folder, self._keys, self._clock = folder, keys, clock
        self._sign_ins, self._connect = sign_ins, connect

    def describe(self) -> dict[str, Any]:
        """Return what :func:`describe` says of this vault now."""
        return describe(self._folder, self._clock.now())

    # --- the pass phrase ---

    def change_passphrase(self, passphrase: str, new_passphrase: str, *, keep_session: str | None = None) -> None:
        """Let a new pass phrase open the vault and end every session but the one given.

        Raises
        ------
        PassphraseWrong, PassphraseShort
            Nothing was changed.
        """
        self.refuse_passphrase(new_passphrase)
        self._apply(passphrase, changes.with_passphrase(new_passphrase), keep_session=keep_session)

    def replace_passphrase(self, code: str, new_passphrase: str, *, keep_session: str | None = None) -> None:
        """Let a new pass phrase take the place of a forgotten one, by the recovery kit's code; the kit goes on.

        Raises
        ------
        RecoveryCodeMistyped, RecoveryKitVoid, RecoveryCodeWrong, PassphraseShort
            Nothing was changed.
        """
        self.refuse_passphrase(new_passphrase)
        change = changes.prepared_by_kit(self._folder, code, self._clock.now(), changes.with_passphrase(new_passphrase))
        self.apply(change, keep_session=keep_session)

    def refuse_passphrase(self, new_passphrase: str) -> None:
        """Raise where a coming pass phrase is too short, or the owner's sign-in password as well."""
        passphrase_way.check_length(new_passphrase)
        self._sign_ins.refuse_owners_password(new_passphrase)

    def passphrase_changed(self, *, keep_session: str | None = None) -> None:
        """End every session but the one given, after a rotation that brought a new pass phrase."""
        self._sign_ins.end_everybodys_but(keep_session)

    # --- the recovery kit ---

    def make_recovery_kit(self, passphrase: str) -> NewKit:
        """Make a kit, which counts once it is confirmed and replaces one that was not."""
        kit, change = changes.with_kit(self._folder, passphrase, self._clock.now())
        self.apply(change)
        return kit

    def confirm_recovery_kit(self, groups: list[str]) -> None:
        """Let the kit count, and name the one before void: the groups asked for were typed from paper."""
        self.confirm_by_check(changes.check_of_groups(self._keys, groups))

    def confirm_by_check(self, check: bytes) -> None:
        """Confirm as `confirm_recovery_kit`, by what :func:`changes.check_of_groups` made of the groups.

        Raises
        ------
        RecoveryKitMissing
            None waits, or it waited for more than a day.
        RecoveryKitNotConfirmed
            The groups are others; the kit goes on waiting.
        """
        now = self._clock.now()
        with vault_lock(self._folder):
            document = self._read()
            pending = _pending(document, now)
            if pending is None:
                raise RecoveryKitMissing
            if not hmac.compare_digest(pending.check, check):
                raise RecoveryKitNotConfirmed
            confirmed = changes.voiding_kit(document, now).with_wrapper(pending.wrapper)
            write_document(self._folder.vault_file, replace(confirmed, pending_kit=None))

    def remove_recovery_kit(self, passphrase: str) -> None:
        """Name the kit void, and throw away one that waits."""
        self._apply(passphrase, changes.closing(recovery.KIND.name))

    # --- the system's keychain and the cloud key service ---

    def enable_keychain(self, passphrase: str) -> None:
        """Let this user's keychain open the vault at the start, or raise KeychainUnavailable."""
        self._apply(passphrase, changes.with_keychain)

    def disable_keychain(self, passphrase: str) -> None:
        """Take the key out of the keychain."""
        self._apply(passphrase, changes.closing(keychain.KIND.name))

    def enable_kms(self, passphrase: str, address: KmsAddress, access_key: AccessKey) -> None:
        """Let a key of a cloud key service open the vault; the access key is kept in the keychain where there is one.

        Raises
        ------
        KmsRefused, KmsUnreachable
            The service did not wrap and unwrap; nothing was changed.
        """
        self._apply(passphrase, changes.with_kms(address, access_key, self._connect))
        with contextlib.suppress(KeychainUnavailable):  # then it is asked for at every unlocking
            kms.keep_access_key(self._read().store_id, access_key)

    def disable_kms(self, passphrase: str) -> None:
        """Close this way and forget the access key."""
        self._apply(passphrase, changes.closing(kms.KIND.name))

    # --- putting a change in place ---

    def apply(self, change: Change, *, keep_session: str | None = None) -> None:
        """Write a prepared change; of a new pass phrase those who sign people in are told.

        Raises
        ------
        VaultChanged
            Another change came first.
        """
        with vault_lock(self._folder):
            document = self._read()
            try:
                changed = changes.applied(document, change, self._clock.now())
            except VaultChanged:
                if change.wrapper is not None and change.wrapper.kind == keychain.KIND.name:
                    keychain.delete_entry(str(change.wrapper.parameters["entry"]))
                raise
            write_document(self._folder.vault_file, changed)
        for wrapper in document.wrappers:
            if wrapper not in changed.wrappers:
                _forget_in_keychain(wrapper, document.store_id)
        if change.wrapper is not None and change.wrapper.kind == passphrase_way.KIND.name:
            self._sign_ins.end_everybodys_but(keep_session)

    def _apply(self, passphrase: str, prepare: changes.Prepare, *, keep_session: str | None = None) -> None:
        self.apply(changes.prepared(self._folder, passphrase, self._clock.now(), prepare), keep_session=keep_session)

    def _read(self) -> VaultDocument:
        return changes.document_of(self._folder)


def _pending(document: VaultDocument, now: datetime) -> PendingKit | None:
    pending = document.pending_kit
    if pending is None or now - datetime.fromisoformat(pending.wrapper.created_at) > CONFIRM_WITHIN:
        return None
    return pending


def _detail(wrapper: Wrapper) -> str | None:
    if wrapper.kind != kms.KIND.name:
        return None
    address = kms.address_of(wrapper)
    return f"{address.endpoint} · {address.key_id}"


def _forget_in_keychain(wrapper: Wrapper, store_id: str) -> None:
    """Take out of the system's keychain what a wrapper that is no longer used had there."""
    if wrapper.kind == keychain.KIND.name:
        keychain.delete_entry(str(wrapper.parameters["entry"]))
    elif wrapper.kind == kms.KIND.name:
        kms.forget_access_key(store_id)

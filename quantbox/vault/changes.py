"""What an act makes of vault.json: prepared where the pass phrase is typed, put in place where the program runs.

A change holds no secret, so a command hands it over as it is and the pass phrase never leaves the process it was typed in.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from quantbox.core.paths import DataFolder
from quantbox.vault.document import (
    MAX_VOID_KITS,
    PendingKit,
    VaultDocument,
    VoidKit,
    parse_wrapper,
    read_document,
    show_wrapper,
)
from quantbox.vault.errors import VaultChanged, VaultDamaged
from quantbox.vault.models import AccessKey, Keys, KmsAddress, NewKit
from quantbox.vault.old_document import OldDocument
from quantbox.vault.opening import kek_by_passphrase, kek_by_recovery_code, keys_of
from quantbox.vault.recovery_code import GROUPS, normalise_group, split_code, write_code
from quantbox.vault.wrappers import keychain, kms, recovery
from quantbox.vault.wrappers import passphrase as passphrase_way
from quantbox.vault.wrappers.base import Wrapper, decode, encode

__all__ = [
    "Change",
    "Prepare",
    "applied",
    "check_of_groups",
    "closing",
    "document_of",
    "pending_kit",
    "prepared",
    "prepared_by_kit",
    "voiding_kit",
    "with_keychain",
    "with_kit",
    "with_kms",
    "with_passphrase",
]

_CONFIRMED_GROUPS = 2


@dataclass(frozen=True)
class Change:
    """One act on vault.json.

    Attributes
    ----------
    proven_by : bytes
        The nonce of the pass phrase wrapper there was when the act was proven: it is void once that wrapper was replaced.
    wrapper : Wrapper or None
        Comes in the place of the one of its kind.
    pending_kit : PendingKit or None
        Comes in the place of the one that waits.
    close : str or None
        The way that is closed.
    """

    proven_by: bytes
    wrapper: Wrapper | None = None
    pending_kit: PendingKit | None = None
    close: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the change as a command hands it over."""
        pending = self.pending_kit
        return {
            "proven_by": encode(self.proven_by),
            "wrapper": self.wrapper and show_wrapper(self.wrapper),
            "pending_kit": pending and [show_wrapper(pending.wrapper), list(pending.confirm), encode(pending.check)],
            "close": self.close,
        }

    @classmethod
    def from_json(cls, sent: dict[str, Any]) -> Change:
        """Return the change a command handed over."""
        pending = sent["pending_kit"]
        return cls(
            proven_by=decode(sent["proven_by"]),
            wrapper=sent["wrapper"] and parse_wrapper(sent["wrapper"]),
            pending_kit=pending and PendingKit(parse_wrapper(pending[0]), tuple(pending[1]), decode(pending[2])),
            close=sent["close"],
        )


#: Prepares a change to a document from its key-encryption key, at a moment.
Prepare = Callable[[VaultDocument, bytes, datetime], Change]


def prepared(folder: DataFolder, passphrase: str, now: datetime, prepare: Prepare) -> Change:
    """Return the change `prepare` makes of the vault in `folder`, which `passphrase` opens."""
    document = document_of(folder)
    return prepare(document, kek_by_passphrase(document, passphrase), now)


def prepared_by_kit(folder: DataFolder, code: str, now: datetime, prepare: Prepare) -> Change:
    """Return the change as `prepared` does, where the recovery kit's code opens the vault."""
    document = document_of(folder)
    return prepare(document, kek_by_recovery_code(document, code), now)


def with_passphrase(new_passphrase: str) -> Prepare:
    """Open by a new pass phrase, under a new salt; the old one opens nothing any more."""
    passphrase_way.check_length(new_passphrase)

    def prepare(document: VaultDocument, kek: bytes, now: datetime) -> Change:
        return Change(_proof(document), passphrase_way.make_wrapper(kek, new_passphrase, now, document.binding))

    return prepare


def with_kit(folder: DataFolder, passphrase: str, now: datetime) -> tuple[NewKit, Change]:
    """Make a recovery kit that waits to be confirmed; until then an older one goes on opening the vault."""
    document = document_of(folder)
    kek = kek_by_passphrase(document, passphrase)
    return pending_kit(document, kek, keys_of(document, kek, str(folder.vault_file)), now)


def pending_kit(document: VaultDocument, kek: bytes, keys: Keys, now: datetime) -> tuple[NewKit, Change]:
    """Return a new kit and the change that lets it wait."""
    secret, wrapper = recovery.make_wrapper(kek, now, document.binding)
    code = write_code(secret)
    confirm = tuple(sorted(secrets.SystemRandom().sample(range(1, GROUPS + 1), _CONFIRMED_GROUPS)))
    groups = split_code(code)
    check = check_of_groups(keys, [groups[number - 1] for number in confirm])
    kit = NewKit(code, document.store_id, now, confirm)
    return kit, Change(_proof(document), pending_kit=PendingKit(wrapper, confirm, check))


def check_of_groups(keys: Keys, groups: list[str]) -> bytes:
    """Return what proves that groups of a code were typed; only who has the vault open can make it."""
    typed = "-".join(normalise_group(group) for group in groups)
    return hmac.digest(keys.handover, b"quantbox recovery kit confirmation 1\n" + typed.encode(), "sha256")


def with_keychain(document: VaultDocument, kek: bytes, now: datetime) -> Change:
    """Open by a key in the operating system's keychain."""
    return Change(_proof(document), keychain.make_wrapper(kek, now, document.binding))


def with_kms(address: KmsAddress, access_key: AccessKey, connect: kms.Connect) -> Prepare:
    """Open by a key of a cloud key service, which is asked here to wrap and to unwrap."""

    def prepare(document: VaultDocument, kek: bytes, now: datetime) -> Change:
        provider = connect(address, access_key)
        wrapper = kms.make_wrapper(kek, address, provider, now, document.binding)
        if kms.open_wrapper(wrapper, provider, document.binding) != kek:
            raise VaultDamaged(path=address.endpoint, part="kms")
        return Change(_proof(document), wrapper)

    return prepare


def closing(kind: str) -> Prepare:
    """Close one way to open the vault."""
    return lambda document, _kek, _now: Change(_proof(document), close=kind)


def applied(document: VaultDocument, change: Change, now: datetime) -> VaultDocument:
    """Return the document with the change.

    Raises
    ------
    VaultChanged
        The pass phrase was changed, or the keys rotated, since the change was prepared.
    """
    if not hmac.compare_digest(_proof(document), change.proven_by):
        raise VaultChanged
    if change.wrapper is not None:
        document = document.with_wrapper(change.wrapper)
    if change.pending_kit is not None:
        document = replace(document, pending_kit=change.pending_kit)
    if change.close == recovery.KIND.name:
        document = replace(voiding_kit(document, now), pending_kit=None)
    return document if change.close is None else document.without(change.close)


def voiding_kit(document: VaultDocument, now: datetime) -> VaultDocument:
    """Return the document with its recovery kit named void."""
    kit = document.find(recovery.KIND.name)
    if kit is None:
        return document
    void = VoidKit(str(kit.parameters["kit_id"]), kit.created_at, now.isoformat())
    return replace(document.without(kit.kind), void_kits=(*document.void_kits, void)[-MAX_VOID_KITS:])


def document_of(folder: DataFolder) -> VaultDocument:
    """Return the vault of an open store."""
    document = read_document(folder.vault_file)
    if isinstance(document, OldDocument):  # whoever changes the vault has unlocked it, which brings it up to date
        raise VaultDamaged(path=str(folder.vault_file), part="version")
    return document


def _proof(document: VaultDocument) -> bytes:
    wrapper = document.find(passphrase_way.KIND.name)
    return b"" if wrapper is None else wrapper.sealed.nonce

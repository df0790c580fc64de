"""What opens a container: its random key, sealed under the vault's key for backups or under a pass phrase of its own."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from quantbox import __version__
from quantbox.backup.container import FORMAT
from quantbox.backup.errors import (
    BackupDamaged,
    BackupKeyMissing,
    BackupPassphraseWrong,
    KeysRotated,
    OwnPassphraseNeeded,
    StoreBehindPassphrase,
)
from quantbox.backup.models import OpensWith, Proof
from quantbox.vault.document import parse_document
from quantbox.vault.models import Keys
from quantbox.vault.service import unlock_document
from quantbox.vault.wrappers import passphrase as passphrase_way
from quantbox.vault.wrappers.base import KEY_BYTES, Binding, Sealed, Wrapper, binary, decode, encode, open_sealed, seal

__all__ = ["Header", "Locked", "Opened", "lock_by_passphrase", "lock_by_vault", "opens_with"]

_SEALED = {"nonce": binary(range(12, 13)), "ciphertext": binary(range(48, 49))}  # the key and GCM's tag
_MAX_STORE_ID = 64
_MESSAGE = b"quantbox backup key handed over 1"


@dataclass(frozen=True)
class Opened:
    """What a proof gave: the container's key, and the keys of its copy of vault.json where it proved those."""

    key: bytes = field(repr=False)
    keys: Keys | None = field(default=None, repr=False)
    vault: bytes | None = None


@dataclass(frozen=True)
class Header:
    """What stands open at the head of a container.

    Attributes
    ----------
    created : datetime
        When the backup was begun.
    program : str
        Version of the program that made it.
    store_id, epoch
        Of the store, and of its keys at that moment.
    lock : dict
        The sealed key, and beside it either a copy of vault.json or the parameters of the backup's own pass phrase.
    """

    created: datetime
    program: str
    store_id: str
    epoch: int
    lock: dict[str, Any]

    @property
    def has_own_passphrase(self) -> bool:
        """Whether it opens with a pass phrase of its own instead of the vault's."""
        return bool(self.lock["kind"] == "passphrase")

    @property
    def vault(self) -> bytes | None:
        """The copy of vault.json; None where the backup has its own pass phrase."""
        return None if self.has_own_passphrase else str(self.lock["vault"]).encode()

    def to_json(self) -> dict[str, Any]:
        """Return it as it stands in the file."""
        return {**vars(self), "created": self.created.isoformat()}

    @classmethod
    def from_json(cls, header: dict[str, Any]) -> Header:
        """Return the header of a file, or raise BackupDamaged naming what is wrong with it."""
        try:
            created = datetime.fromisoformat(header["created"])
            found = cls(created, str(header["program"]), str(header["store_id"]), int(header["epoch"]), dict(header["lock"]))
        except (KeyError, TypeError, ValueError, OverflowError):  # JSON knows 1e999
            raise BackupDamaged(part="header") from None
        if created.tzinfo is None or len(found.store_id) > _MAX_STORE_ID or not _is_lock(found.lock):
            raise BackupDamaged(part="header")
        return found

    def open(self, proof: Proof, name: str) -> Opened:
        """Return the key of the container `name`, and the keys of its store where the proof gives them.

        Raises
        ------
        Denied
            The proof is wrong, or of the other kind.
        """
        if self.has_own_passphrase:
            return Opened(self._open_by_passphrase(proof))
        if proof.passphrase is None and proof.recovery_code is None:
            raise StoreBehindPassphrase
        vault = str(self.lock["vault"]).encode()
        if proof.recovery_code is not None:
            keys = unlock_document(vault, recovery_code=proof.recovery_code, path=name)
        else:
            keys = unlock_document(vault, passphrase=proof.passphrase, path=name)
        return Opened(self.open_with(keys.backup, name), keys, vault)

    def open_with(self, backup_key: bytes, name: str) -> bytes:
        """Return the key of the container `name` by the key of a vault that is open; refused where it is another's."""
        sealed = Sealed(decode(self.lock["nonce"]), decode(self.lock["ciphertext"]))
        key = None if self.has_own_passphrase else open_sealed(backup_key, sealed, _holds_key(self.store_id, self.epoch))
        if key is None:
            raise BackupKeyMissing(name=name)
        return key

    def _open_by_passphrase(self, proof: Proof) -> bytes:
        if proof.backup_passphrase is None:
            raise OwnPassphraseNeeded
        sealed = Sealed(decode(self.lock["nonce"]), decode(self.lock["ciphertext"]))
        wrapper = Wrapper(passphrase_way.KIND.name, str(self.lock["created_at"]), self.lock["parameters"], sealed)
        key = passphrase_way.open_wrapper(wrapper, proof.backup_passphrase, _binding(self.store_id, self.epoch))
        if key is None:
            raise BackupPassphraseWrong
        return key


@dataclass(frozen=True)
class Locked:
    """A key for a container that is to be made, and the header that gives it back to whoever proves himself."""

    header: Header
    key: bytes = field(repr=False)

    def to_message(self, backup_key: bytes) -> dict[str, Any]:
        """Return it as a command hands it to the running program of the same vault: the key sealed under the vault's."""
        sealed = seal(backup_key, self.key, _MESSAGE)
        return {"header": self.header.to_json(), "nonce": encode(sealed.nonce), "ciphertext": encode(sealed.ciphertext)}

    @classmethod
    def from_message(cls, message: dict[str, Any], backup_key: bytes) -> Locked:
        """Return what was handed over."""
        key = open_sealed(backup_key, Sealed(decode(message["nonce"]), decode(message["ciphertext"])), _MESSAGE)
        if key is None:
            raise KeysRotated
        return cls(Header.from_json(message["header"]), key)


def lock_by_vault(vault: bytes, store_id: str, epoch: int, backup_key: bytes, now: datetime) -> Locked:
    """Return a new key that opens with what opens `vault` (the text of vault.json)."""
    key = secrets.token_bytes(KEY_BYTES)
    sealed = seal(backup_key, key, _holds_key(store_id, epoch))
    lock = {
        "kind": "vault",
        "vault": vault.decode(),
        "nonce": encode(sealed.nonce),
        "ciphertext": encode(sealed.ciphertext),
    }
    return Locked(Header(now, __version__, store_id, epoch, lock), key)


def lock_by_passphrase(passphrase: str, store_id: str, epoch: int, now: datetime) -> Locked:
    """Return a new key that opens with `passphrase` alone; refused when that is too short."""
    passphrase_way.check_length(passphrase)
    key = secrets.token_bytes(KEY_BYTES)
    wrapper = passphrase_way.make_wrapper(key, passphrase, now, _binding(store_id, epoch))
    lock = {
        "kind": "passphrase",
        "created_at": wrapper.created_at,
        "parameters": dict(wrapper.parameters),
        "nonce": encode(wrapper.sealed.nonce),
        "ciphertext": encode(wrapper.sealed.ciphertext),
    }
    return Locked(Header(now, __version__, store_id, epoch, lock), key)


def opens_with(header: Header, vault: bytes) -> OpensWith:
    """Return what opens a container, seen from the store whose vault.json has the text `vault`."""
    present = parse_document(vault, "vault.json")
    if header.has_own_passphrase:
        return OpensWith.OWN_PASSPHRASE
    if header.store_id != present.store_id:
        return OpensWith.ANOTHER_STORE
    if header.epoch != present.epoch:
        return OpensWith.EARLIER_KEYS
    return OpensWith.CURRENT if _passphrase_of(header.vault or b"") == _passphrase_of(vault) else OpensWith.EARLIER_PASSPHRASE


def _passphrase_of(vault: bytes) -> object:
    """Return what changes in vault.json when the pass phrase does."""
    wrappers = getattr(parse_document(vault, "vault.json"), "wrappers", ())
    return [wrapper for wrapper in wrappers if wrapper.kind == passphrase_way.KIND.name]


def _is_lock(lock: dict[str, Any]) -> bool:
    """Return whether a lock is one of the two kinds, its derivation within the bounds of the vault's own."""
    if not all(accepts(lock.get(name)) for name, accepts in _SEALED.items()):
        return False
    if lock.get("kind") == "vault":
        return isinstance(lock.get("vault"), str)
    parameters, checks = lock.get("parameters"), passphrase_way.KIND.parameters
    return (
        lock.get("kind") == "passphrase"
        and isinstance(lock.get("created_at"), str)
        and isinstance(parameters, dict)
        and set(parameters) == set(checks)
        and all(accepts(parameters[name]) for name, accepts in checks.items())
    )


def _binding(store_id: str, epoch: int) -> Binding:
    return Binding(FORMAT, store_id, epoch)


def _holds_key(store_id: str, epoch: int) -> bytes:
    return _binding(store_id, epoch).associated_data("backup key")

"""Keys in memory, and what the ways to open a vault are described by."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Protocol

__all__ = ["AccessKey", "KdfParameters", "Keys", "KmsAddress", "NewKit", "SignIns"]


@dataclass(frozen=True)
class Keys:
    """What an unlocked program holds, 32 bytes each; never written down, never shown.

    Attributes
    ----------
    database : bytes
        Raw key of quantbox.db.
    fields : bytes
        Second lock of single fields inside the database (:mod:`quantbox.vault.fields`).
    audit : bytes
        Authenticates the anchor of the audit chain.
    archive : bytes
        Seals strategy versions and reports that leave the store.
    backup : bytes
        Seals the keys of backup files.
    handover : bytes
        Proves to a running program of the same vault that the caller knows the pass phrase.
    tokens : bytes
        Signs API tokens.
    """

    database: bytes = field(repr=False)
    fields: bytes = field(repr=False)
    audit: bytes = field(repr=False)
    archive: bytes = field(repr=False)
    backup: bytes = field(repr=False)
    handover: bytes = field(repr=False)
    tokens: bytes = field(repr=False)

    def to_pipe(self) -> dict[str, str]:
        """Return the keys as they travel through an inherited pipe."""
        return {one.name: getattr(self, one.name).hex() for one in fields(self)}

    @classmethod
    def from_pipe(cls, sent: dict[str, str]) -> Keys:
        """Return the keys that came through an inherited pipe."""
        return cls(**{one.name: bytes.fromhex(sent[one.name]) for one in fields(cls)})


@dataclass(frozen=True)
class KdfParameters:
    """Cost of Argon2id (RFC 9106): kibibytes, passes, lanes, and the vault's own salt."""

    memory_kib: int
    iterations: int
    parallelism: int
    salt: bytes


@dataclass(frozen=True)
class KmsAddress:
    """Which key of which service."""

    endpoint: str
    key_id: str


@dataclass(frozen=True)
class AccessKey:
    """What the service knows this program by; never written into a file."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)


@dataclass(frozen=True)
class NewKit:
    """A recovery kit that was just made.

    Attributes
    ----------
    code : str
        What is printed; shown once and kept nowhere.
    store_id : str
        Of the store it is to open.
    created_at : datetime
        When it was made.
    confirm : tuple of int
        Numbers of the groups to be typed, from 1, before the kit counts.
    """

    code: str = field(repr=False)
    store_id: str
    created_at: datetime
    confirm: tuple[int, ...]


class SignIns(Protocol):
    """What the vault asks of those who sign people in; they stand above it and are given to it by `app`."""

    def refuse_owners_password(self, passphrase: str) -> None:
        """Refuse a pass phrase that is the owner's sign-in password as well."""
        ...

    def end_everybodys_but(self, session_key: str | None) -> None:
        """End every session but this one: the pass phrase has changed."""
        ...

"""The words of backups: what one holds, what opens it, what a rehearsal found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

__all__ = ["Contents", "Examined", "LeftOut", "OpensWith", "Proof", "Standing", "compare_counts"]

#: Counts by kind: rows of every table of the database, symbols, bars.
Contents = dict[str, int]

#: Rows of running work and of present sessions: a store that goes on changes them from moment to moment.
_PASSING = frozenset(
    {
        "jobs",
        "backups",
        "backup_requests",
        "offsite_copies",
        "offsite_senders",
        "restores",
        "web_sessions",
        "pending_sign_ins",
        "passkey_challenges",
        "sms_codes",
        "api_refresh_tokens",
    }
)


class OpensWith(StrEnum):
    """What opens a backup, seen from the store that is open."""

    CURRENT = "current"  # today's pass phrase or recovery code
    EARLIER_PASSPHRASE = "earlier_passphrase"  # noqa: S105 - the pass phrase was changed since
    EARLIER_KEYS = "earlier_keys"  # the keys were rotated since
    OWN_PASSPHRASE = "own_passphrase"  # noqa: S105 - a word, no secret
    ANOTHER_STORE = "another_store"


@dataclass(frozen=True)
class Proof:
    """What a person gives to open a backup; one of them suffices.

    Attributes
    ----------
    passphrase : str or None
        The vault's, when the backup was made.
    recovery_code : str or None
        The vault's, when the backup was made.
    backup_passphrase : str or None
        The backup's own, where it has one.
    """

    passphrase: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    backup_passphrase: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class LeftOut:
    """Bars that a backup does not hold because a source can give them again."""

    symbols: int = 0
    bars: int = 0


@dataclass(frozen=True)
class Examined:
    """What opening the whole of a backup told.

    Attributes
    ----------
    bytes, sha256
        Of the file.
    without_downloads : bool
        Bars a source can give again were left out; `left_out` says how many there were.
    """

    created: datetime
    program: str
    store_id: str
    epoch: int
    bytes: int
    sha256: str
    contents: Contents
    has_own_passphrase: bool
    without_downloads: bool
    left_out: LeftOut

    def to_json(self) -> dict[str, Any]:
        """Return the document of ``quantbox backup verify``."""
        return {
            "ok": True,
            "created": self.created.isoformat(),
            "contents": self.contents,
            "program": self.program,
            "store_id": self.store_id,
            "epoch": self.epoch,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "has_own_passphrase": self.has_own_passphrase,
            "without_downloads": self.without_downloads,
            "left_out": vars(self.left_out),
        }


@dataclass(frozen=True)
class Standing:
    """How well a store is saved.

    Attributes
    ----------
    newest_at : datetime or None
        When the newest backup was made.
    last_succeeded : bool
        False when the last attempt failed.
    is_late : bool
        Backups are scheduled, and for two days none was made.
    """

    newest_at: datetime | None
    last_succeeded: bool
    is_late: bool


def compare_counts(examined: Examined, store_id: str, now: Contents) -> dict[str, Any] | None:
    """Return what a backup holds beside what a store holds now, by kind; None where it is another store's.

    Returns
    -------
    dict or None
        `same`, and `differences` by kind: `backup` and `now`. A store that went on has more than its backup.
    """
    if examined.store_id != store_id:
        return None
    kinds = sorted(kind for kind in examined.contents.keys() | now.keys() if kind not in _PASSING)
    differences = {
        kind: {"backup": examined.contents.get(kind, 0), "now": now.get(kind, 0)}
        for kind in kinds
        if examined.contents.get(kind, 0) != now.get(kind, 0)
    }
    return {"same": not differences, "differences": differences}

"""The words of the audit log."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from quantbox.core.text import Text

__all__ = [
    "COMMAND_LINE",
    "PROGRAM",
    "SCHEDULE",
    "Actor",
    "AuditRecord",
    "Outcome",
    "Problem",
    "RecordFilter",
    "Verification",
]


class Outcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where.

    Attributes
    ----------
    account_id : str
        The account acted on.
    person_id : str or None
        None for the command line, for the program itself, and for somebody who is not signed in.
    name : str
        The person's name, "command line", or the part of the program ("schedule"); empty for somebody not signed in.
    device_id : str or None
        The known device, where there is one.
    address : str
        Network address, or "" for acts on this machine outside a browser.
    """

    account_id: str
    person_id: str | None
    name: str
    device_id: str | None = None
    address: str = ""


#: The command line acts as the owner, by the pass phrase alone.
COMMAND_LINE = Actor(account_id="owner", person_id=None, name="command line")
#: Work the program starts by the clock.
SCHEDULE = Actor(account_id="owner", person_id=None, name="schedule")
#: What the program does of itself, such as anchoring anew after a restore.
PROGRAM = Actor(account_id="owner", person_id=None, name="program")


@dataclass(frozen=True)
class AuditRecord:
    """One record as it is stored; every attribute but the last goes into its hash.

    Attributes
    ----------
    seq : int
        1, 2, 3 … without gaps.
    at : str
        UTC with microseconds: ``2026-11-20T07:30:00.000000Z``.
    facts : str
        A JSON object, kept as the very text that was hashed.
    previous_hash, hash : str
        Of the record before and of this one.
    """

    seq: int
    at: str
    account_id: str
    person_id: str | None
    person: str
    device_id: str | None
    address: str
    act: str
    outcome: str
    facts: str
    previous_hash: str
    hash: str

    @property
    def moment(self) -> datetime:
        """When it was written."""
        return datetime.fromisoformat(self.at)

    @property
    def what(self) -> dict[str, Any]:
        """The facts."""
        facts: dict[str, Any] = json.loads(self.facts)
        return facts


@dataclass(frozen=True)
class RecordFilter:
    """Which records to show.

    Attributes
    ----------
    text : str
        Part of an act or its name in either language, a person, an address or a fact, in any case of letters.
    start, end : date or None
        First and last day in Shanghai.
    """

    text: str = ""
    act: str = ""
    outcome: Outcome | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True)
class Problem:
    """What is wrong with the log.

    Attributes
    ----------
    code : str
        "edited", "missing", "unlinked", "unreadable", "truncated", "replaced", "not_anchored" or "anchor_forged".
    seq : int or None
        The first record concerned; None where it is the anchor.
    sentence, hint : Text
        For the reader.
    """

    code: str
    seq: int | None
    sentence: Text
    hint: Text


@dataclass(frozen=True)
class Verification:
    """What an examination of the whole log found.

    Attributes
    ----------
    records : int
        How many were read before the first bad one, or all.
    head : str or None
        Hash of the last of them.
    problem : Problem or None
        None for a log that is whole and anchored.
    anchored_seq, anchored_at : int or None, datetime or None
        The furthest anchor that is the program's own.
    places : dict of str to str
        Every place an anchor is kept, with "valid", "missing", "forged" or "unreachable".
    """

    checked_at: datetime
    records: int
    head: str | None
    problem: Problem | None
    anchored_seq: int | None
    anchored_at: datetime | None
    places: dict[str, str]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.problem is None

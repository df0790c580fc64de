"""Sensitive acts refused while the audit log is closed: counted in a small file, and recorded when the store opens.

While the store is locked nothing can be written to the log: wrong pass phrases above all, of pages and of commands. They
are counted in ``run/unrecorded.json`` by act, code and address (no secret in it). The same file takes what somebody who is
not signed in is refused beyond a few times a minute, so that a flood of guesses makes one record and not thousands.
Whoever can write the data folder can delete the file before the store is opened again; SECURITY.md says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from quantbox.audit.models import Actor, Outcome
from quantbox.core.files import write_atomically
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock, restrict_to_owner

if TYPE_CHECKING:
    from quantbox.audit.service import Audit  # a command that only notes a wrong pass phrase starts without a database

__all__ = ["UnrecordedActs"]

#: More kinds than this are counted as one, so that the file stays small whatever is thrown at the program.
_MOST_KINDS = 100
_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class _Kind:
    """Acts that differ in their time only."""

    account_id: str
    name: str
    address: str
    act: str
    outcome: str
    code: str


@dataclass(frozen=True)
class _Count:
    times: int
    first_at: str
    last_at: str


class UnrecordedActs:
    """The acts of one data folder that its audit log has not taken yet.

    Parameters
    ----------
    folder : DataFolder
        The data folder; the store may be locked.
    """

    def __init__(self, folder: DataFolder) -> None:
        self._folder, self._file = folder, folder.unrecorded_file
        self._lock = FileLock(self._file.with_suffix(".lock"))

    def note(self, actor: Actor, act: str, outcome: str, code: str, moment: datetime) -> None:
        """Count one act; without a store there is no log to take it."""
        if not self._folder.vault_file.exists() and not self._folder.database.exists():
            return
        if not self._file.parent.exists():
            self._file.parent.mkdir(exist_ok=True)
            restrict_to_owner(self._file.parent)
        kind = _Kind(actor.account_id, actor.name, actor.address, act, outcome, code)
        at = moment.isoformat(timespec="seconds")
        with self._lock:
            counts = dict(self._read())
            if kind not in counts and len(counts) >= _MOST_KINDS:
                kind = replace(kind, name="", address="", code="")
            before = counts.get(kind, _Count(0, at, at))
            counts[kind] = _Count(before.times + 1, before.first_at, at)
            content = [{**asdict(one), **asdict(count)} for one, count in counts.items()]
            write_atomically(self._file, json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))

    def hand_over(self, audit: Audit, *, quiet_until: datetime | None = None) -> None:
        """Record what was counted, one record for each kind, and forget it.

        Parameters
        ----------
        quiet_until : datetime, optional
            Leave alone what was counted after this moment: a flood may be going on.
        """
        if not self._file.exists():
            return
        with self._lock:
            counts = dict(self._read())
            if quiet_until is not None and any(datetime.fromisoformat(one.last_at) > quiet_until for one in counts.values()):
                return
            for kind, count in counts.items():
                actor = Actor(kind.account_id, None, kind.name, address=kind.address)
                audit.record(actor, kind.act, Outcome(kind.outcome), {"code": kind.code, **asdict(count)})
            self._file.unlink(missing_ok=True)  # last: a crash before it makes a record twice, never none

    def _read(self) -> Iterator[tuple[_Kind, _Count]]:
        try:
            with self._file.open("rb") as file:
                content = json.loads(file.read(_MOST_BYTES))
            for one in content:
                kind = _Kind(*(str(one[name]) for name in _Kind.__dataclass_fields__))
                Outcome(kind.outcome)
                yield kind, _Count(int(one["times"]), _moment(one["first_at"]), _moment(one["last_at"]))
        except (OSError, ValueError, KeyError, TypeError):  # absent, or not what was written
            return


def _moment(text: object) -> str:
    """Return the text of a moment with a zone; anything else is no moment."""
    moment = datetime.fromisoformat(str(text))
    if moment.utcoffset() is None:
        raise ValueError(text)
    return moment.isoformat(timespec="seconds")

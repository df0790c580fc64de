"""Writing down who did what, looking it up, and telling whether anybody has tampered with it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from quantbox.audit import store
from quantbox.audit.anchors import Anchor, Anchorage, Found
from quantbox.audit.chain import GENESIS, ChainReading, hash_of, read_chain
from quantbox.audit.facts import facts_text
from quantbox.audit.models import PROGRAM, Actor, AuditRecord, Outcome, Problem, RecordFilter, Verification
from quantbox.core.clock import Clock
from quantbox.core.errors import QuantBoxError
from quantbox.core.paging import Page, decode_cursor, encode_cursor, page_limit
from quantbox.core.text import Text

__all__ = ["ANCHOR_ACT", "Audit"]

_log = logging.getLogger(__name__)

ANCHOR_ACT = "audit.anchor"
_MOST_NAME, _MOST_ADDRESS = 200, 64


class Audit:
    """The audit log of one store; several processes may write to it at once.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    clock : Clock
        Tells when.
    anchorage : Anchorage
        Where the last link is kept outside.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock, anchorage: Anchorage) -> None:
        self._sessions, self._clock, self._anchorage = sessions, clock, anchorage
        self._last_check: Verification | None = None

    @property
    def last_check(self) -> Verification | None:
        """What the latest examination by this process found; None before the first has ended, and after anchoring anew."""
        return self._last_check

    def begin(self) -> None:
        """Anchor a log that holds nothing yet, so that from now on a missing anchor was taken away."""
        if not self._anchorage.is_missing():
            return
        with self._sessions() as session:
            is_empty = store.last_record(session) is None
        if is_empty:  # a record written meanwhile only puts the log ahead of this anchor
            self._anchorage.replace(Anchor(0, GENESIS, self._now()))

    def record(self, actor: Actor, act: str, outcome: Outcome, facts: Mapping[str, Any] | None = None) -> AuditRecord:
        """Write one record and move the anchor on to it; facts not known by name are left out.

        The record is durable when this returns. The next record's number and hash are found and written in one
        transaction that no other writer can enter.
        """
        with self._sessions.begin() as session:
            store.begin_immediate(session)
            last = store.last_record(session)
            record = self._next(last, actor, act, outcome, facts or {})
            store.add_record(session, record)
        self._anchorage.advance(Anchor(record.seq, record.hash, record.at), self._holds)
        return record

    def reanchor(self, reason: str, *, actor: Actor = PROGRAM, **facts: Any) -> AuditRecord:
        """Accept the log as it stands, in a record that names what is given up by it, and anchor it anew.

        For what lawfully puts an older log in the place of a newer one (restoring a backup), or takes the anchor away
        (another machine, another audit key). A break inside the chain is not healed by it and goes on being reported.

        Parameters
        ----------
        reason : str
            "restore", "rotation", "moved" …
        """
        before = self.verify()
        given_up = 0 if before.anchored_seq is None else max(0, before.anchored_seq - before.records)
        record = self.record(
            actor,
            ANCHOR_ACT,
            Outcome.DONE,
            {
                **facts,
                "reason": reason,
                "problem": None if before.problem is None else before.problem.code,
                "anchored_seq": before.anchored_seq,
                "head_seq": before.records,
                "given_up": given_up,
            },
        )
        self._anchorage.replace(Anchor(record.seq, record.hash, record.at))
        self._last_check = None  # what was found before holds no longer
        return record

    def countersign(self, next_key: bytes) -> None:
        """Prepare for a rotation: the present anchor is valid under the new audit key, too."""
        self._anchorage.countersign(next_key)

    def verify(self) -> Verification:
        """Read the whole log, hold it against its anchor, and keep the finding as the last check."""
        # The anchor first: the log may go beyond what was anchored then, never fall behind it.
        found = self._anchorage.read()
        anchors = [one.anchor for one in found if one.anchor is not None]
        reading = self._read({anchor.seq for anchor in anchors})
        furthest = max(anchors, key=lambda anchor: anchor.seq, default=None)
        check = Verification(
            checked_at=self._clock.now(),
            records=reading.count,
            head=reading.head if reading.count else None,
            problem=reading.problem or _anchor_problem(found, reading),
            anchored_seq=None if furthest is None else furthest.seq,
            anchored_at=None if furthest is None else datetime.fromisoformat(furthest.at),
            places={one.place.name: one.state for one in found},
        )
        if check.problem is not None:
            _log.error("the audit log is not whole: %s at record %s", check.problem.code, check.problem.seq)
        self._last_check = check
        return check

    def verify_in_background(self) -> None:
        """Examine the log without keeping anybody waiting."""
        threading.Thread(target=self._verify_quietly, name="audit-check", daemon=True).start()

    def search(self, wanted: RecordFilter, *, cursor: str | None = None, limit: int = 50) -> Page[AuditRecord]:
        """Return records newest first, one page at a time."""
        before = None if cursor is None else int(decode_cursor(cursor, int)[0])
        with self._sessions() as session:
            records = store.list_records(session, wanted, before, page_limit(limit) + 1)
        page = records[:limit]
        return Page(page, encode_cursor(page[-1].seq) if len(records) > limit else None)

    def read_all(self, wanted: RecordFilter) -> Iterator[AuditRecord]:
        """Yield records in their order."""
        with self._sessions() as session:
            yield from store.all_records(session, wanted)

    def close(self) -> None:
        """Let the anchor come to rest before the store is closed."""
        self._anchorage.close()

    def _holds(self, anchor: Anchor) -> bool:
        """Return whether the database holds the anchored link."""
        if anchor.seq == 0:
            return anchor.hash == GENESIS
        with self._sessions() as session:
            return store.hash_at(session, anchor.seq) == anchor.hash

    def _now(self) -> str:
        return store.time_text(self._clock.now())

    def _next(self, last: AuditRecord | None, actor: Actor, act: str, outcome: Outcome, facts: Mapping[str, Any]) -> AuditRecord:
        record = AuditRecord(
            seq=1 if last is None else last.seq + 1,
            at=self._now(),
            account_id=actor.account_id,
            person_id=actor.person_id,
            person=_storable(actor.name, _MOST_NAME),
            device_id=actor.device_id,
            address=_storable(actor.address, _MOST_ADDRESS),
            act=act,
            outcome=outcome.value,
            facts=facts_text(facts),
            previous_hash=GENESIS if last is None else last.hash,
            hash="",
        )
        return replace(record, hash=hash_of(record))

    def _read(self, wanted: set[int]) -> ChainReading:
        """Read the chain; a page that cannot be read ends it as a bad record does."""
        count = 0

        def counted(session: Session) -> Iterator[AuditRecord]:
            nonlocal count
            for record in store.all_records(session):
                yield record
                count += 1

        try:
            with self._sessions() as session:
                return read_chain(counted(session), wanted)
        except (DBAPIError, ValueError, TypeError):  # a damaged page, or a value of another type than was written
            sentence = Text("第 {seq} 条记录无法读取", "Record {seq} cannot be read", {"seq": count + 1})
            hint = Text("数据库已损坏，请从备份恢复", "The database is damaged: restore a backup")
            return ChainReading(count=count, problem=Problem("unreadable", count + 1, sentence, hint))

    def _verify_quietly(self) -> None:
        try:
            self.verify()
        except QuantBoxError:  # the store was locked meanwhile; the next opening looks again
            return
        except Exception as fault:  # noqa: BLE001 - the edge of this thread: a log that cannot be examined is no clean one
            _log.error("the audit log could not be examined: %s", type(fault).__name__)


def _storable(text: str, letters: int) -> str:
    return text.encode("utf-8", "replace").decode()[:letters]


def _anchor_problem(found: list[Found], reading: ChainReading) -> Problem | None:
    problems = [_problem_at(one, reading) for one in found]
    return next((one for one in problems if one is not None), None)


def _problem_at(found: Found, reading: ChainReading) -> Problem | None:
    place = {"place": found.place.name}
    if found.state == "forged":
        return Problem(
            "anchor_forged",
            None,
            Text("锚点（{place}）不是用此数据的密钥写下的", "The anchor ({place}) was not written with this store's key", place),
            Text("数据文件夹可能被换成了旧的，或锚点被改动", "An older data folder was put back, or the anchor was edited"),
        )
    if found.anchor is None:
        if not found.place.is_required:
            return None
        return Problem(
            "not_anchored",
            None,
            Text("审计日志没有锚点：无法看出末尾是否被截去", "The audit log is not anchored: a cut end cannot be seen"),
            Text(
                "若数据刚移到这台电脑，请重新锚定；否则有人删除了锚点",
                "Anchor it anew if the data was just moved to this machine; else somebody deleted the anchor",
            ),
        )
    facts = {"seq": found.anchor.seq, "first": reading.count + 1, "count": reading.count}
    hint = Text(
        "数据库文件被换成了旧的：请保留现有文件，并从最新的备份恢复",
        "The database file was put back to an older one: keep these files and restore the newest backup",
    )
    if found.anchor.seq > reading.count:
        sentence = Text(
            "日志只到第 {count} 条，锚点在第 {seq} 条：第 {first} 条起的记录不见了",
            "The log ends at record {count}, its anchor is at {seq}: records from {first} on are gone",
            facts,
        )
        return Problem("truncated", reading.count + 1, sentence, hint)
    if reading.hashes[found.anchor.seq] != found.anchor.hash:
        sentence = Text(
            "第 {seq} 条记录不是锚定的那一条：日志被另一份替换",
            "Record {seq} is not the one that was anchored: another log was put in its place",
            facts,
        )
        return Problem("replaced", found.anchor.seq, sentence, hint)
    return None

"""The chain: how a record is hashed, and what reading the records from the first to the last shows.

Canonical encoding: a JSON array in UTF-8, without blanks, letters beyond ASCII as themselves, of

    "quantbox audit 1", seq, at, account_id, person_id, person, device_id, address, act, outcome, facts, previous_hash

where `facts` is the stored JSON text as a string, and `person_id` and `device_id` may be null. A record's hash is the
SHA-256 of that, in lower-case hexadecimal; the first record's `previous_hash` is 64 zeros. So anybody can check an
export without this program; that the chain is the one this store wrote is what the anchor outside shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from quantbox.audit.models import AuditRecord, Problem
from quantbox.core.text import Text

__all__ = ["GENESIS", "ChainReading", "hash_of", "read_chain"]

#: What the first record stands on.
GENESIS = "0" * 64

_KEEP = Text(
    "日志曾被改动：请保留现有文件，从备份恢复，并检查谁能接触这台电脑",
    "The log was tampered with: keep these files, restore a backup, and find out who had access to this machine",
)


def hash_of(record: AuditRecord) -> str:
    """Return the hash a record must have."""
    content = [
        "quantbox audit 1",
        record.seq,
        record.at,
        record.account_id,
        record.person_id,
        record.person,
        record.device_id,
        record.address,
        record.act,
        record.outcome,
        record.facts,
        record.previous_hash,
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


@dataclass
class ChainReading:
    """What was read up to the end or to the first bad record.

    Attributes
    ----------
    hashes : dict of int to str
        Hashes of the records that were asked for; 0 is what the first one stands on.
    """

    count: int = 0
    head: str = GENESIS
    problem: Problem | None = None
    hashes: dict[int, str] = field(default_factory=lambda: {0: GENESIS})


def read_chain(records: Iterable[AuditRecord], wanted: Collection[int] = ()) -> ChainReading:
    """Read records in their order and stop at the first that is not what was written."""
    reading = ChainReading()
    for record in records:
        expected = reading.count + 1
        reading.problem = _problem_of(record, expected, reading.head)
        if reading.problem is not None:
            return reading
        reading.count, reading.head = expected, record.hash
        if expected in wanted:
            reading.hashes[expected] = record.hash
    return reading


def _problem_of(record: AuditRecord, expected: int, previous_hash: str) -> Problem | None:
    if record.seq != expected:
        sentence = Text("第 {seq} 条记录缺失", "Record {seq} is missing", {"seq": expected})
        return Problem("missing", expected, sentence, _KEEP)
    if record.hash != hash_of(record):
        sentence = Text("第 {seq} 条记录的内容被改动", "Record {seq} was edited", {"seq": expected})
        return Problem("edited", expected, sentence, _KEEP)
    if record.previous_hash != previous_hash:
        sentence = Text(
            "第 {seq} 条记录与前一条不相连：记录被插入、替换或调换了顺序",
            "Record {seq} does not continue the one before it: records were inserted, replaced or reordered",
            {"seq": expected},
        )
        return Problem("unlinked", expected, sentence, _KEEP)
    return None

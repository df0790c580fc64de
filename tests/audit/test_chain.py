"""The canonical encoding and its hash, held against bytes written out by hand."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from quantbox.audit.chain import GENESIS, hash_of, read_chain
from quantbox.audit.models import AuditRecord

FIRST = AuditRecord(
    seq=1,
    at="2026-11-20T07:30:00.000000Z",
    account_id="owner",
    person_id=None,
    person="command line",
    device_id=None,
    address="",
    act="data.import",
    outcome="done",
    facts='{"files":2,"symbol":"浦发"}',
    previous_hash="0" * 64,
    hash="",
)
#: The bytes the module documents, typed out.
FIRST_BYTES = (
    '["quantbox audit 1",1,"2026-11-20T07:30:00.000000Z","owner",null,"command line",null,"","data.import","done",'
    '"{\\"files\\":2,\\"symbol\\":\\"浦发\\"}","0000000000000000000000000000000000000000000000000000000000000000"]'
).encode()


def sealed(record: AuditRecord) -> AuditRecord:
    return replace(record, hash=hash_of(record))


def chain_of(count: int) -> list[AuditRecord]:
    records, previous = [], GENESIS
    for seq in range(1, count + 1):
        record = sealed(replace(FIRST, seq=seq, previous_hash=previous))
        records.append(record)
        previous = record.hash
    return records


def found(records: list[AuditRecord]) -> tuple[str, int | None] | None:
    problem = read_chain(records).problem
    return None if problem is None else (problem.code, problem.seq)


def test_a_hash_is_the_sha256_of_the_documented_bytes() -> None:
    assert hash_of(FIRST) == hashlib.sha256(FIRST_BYTES).hexdigest()


def test_every_attribute_of_a_record_changes_its_hash() -> None:
    changes = {
        "seq": 2,
        "at": "2026-11-20T07:30:00.000001Z",
        "account_id": "other",
        "person_id": "p1",
        "person": "owner",
        "device_id": "d1",
        "address": "192.168.1.9",
        "act": "data.update",
        "outcome": "refused",
        "facts": "{}",
        "previous_hash": "1" * 64,
    }
    hashes = {hash_of(replace(FIRST, **{name: value})) for name, value in changes.items()}  # type: ignore[arg-type]
    assert len(hashes | {hash_of(FIRST)}) == len(changes) + 1


def test_a_whole_chain_has_no_problem_and_gives_the_hashes_asked_for() -> None:
    records = chain_of(5)
    reading = read_chain(records, {2, 5})
    assert (reading.count, reading.head, reading.problem) == (5, records[4].hash, None)
    assert reading.hashes == {0: GENESIS, 2: records[1].hash, 5: records[4].hash}


def test_what_was_done_to_a_chain_is_named_with_its_first_record() -> None:
    whole = chain_of(6)
    edited = [*whole[:2], replace(whole[2], outcome="refused"), *whole[3:]]
    resealed = [*whole[:2], sealed(replace(whole[2], outcome="refused")), *whole[3:]]
    deleted = whole[:2] + whole[3:]
    first_deleted = whole[1:]
    swapped = [*whole[:1], whole[2], whole[1], *whole[3:]]
    renumbered = [*whole[:1], replace(whole[2], seq=2), replace(whole[1], seq=3), *whole[3:]]
    inserted = [*whole[:3], sealed(replace(FIRST, seq=4, previous_hash="f" * 64)), *whole[3:]]
    doubled = [*whole[:3], whole[2], *whole[3:]]
    assert found(edited) == ("edited", 3)
    assert found(resealed) == ("unlinked", 4)
    assert found(deleted) == ("missing", 3)
    assert found(first_deleted) == ("missing", 1)
    assert found(swapped) == ("missing", 2)
    assert found(renumbered) == ("edited", 2)
    assert found(inserted) == ("unlinked", 4)
    assert found(doubled) == ("missing", 4)

"""Writing records, and finding every way of tampering with them; the database is the real encrypted one."""

from __future__ import annotations

import shutil
import threading
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from quantbox.audit.anchors import Anchorage, FilePlace
from quantbox.audit.chain import GENESIS
from quantbox.audit.models import COMMAND_LINE, Outcome, RecordFilter
from quantbox.audit.service import Audit
from quantbox.core.clock import FixedClock
from quantbox.core.database import checkpoint, open_engine, session_factory
from quantbox.core.paths import DataFolder
from tests.audit.logs import AUDIT_KEY, STORE_ID, WANG, problem, tamper, write


def test_a_record_says_who_did_what_when_from_where_with_what_result(audit: Audit, clock: FixedClock) -> None:
    record = audit.record(WANG, "backtest.delete", Outcome.REFUSED, {"code": "web.role_missing", "backtest_id": "b1"})
    (stored,) = audit.search(RecordFilter()).items
    assert stored == record
    assert (stored.seq, stored.at, stored.previous_hash) == (1, "2026-11-20T07:30:00.000000Z", GENESIS)
    assert (stored.person_id, stored.person, stored.device_id, stored.address) == ("p-wang", "王五", "d-1", "192.168.1.9")
    assert (stored.act, stored.outcome) == ("backtest.delete", "refused")
    assert stored.what == {"backtest_id": "b1", "code": "web.role_missing"}
    assert stored.moment == clock.now()


def test_facts_not_known_by_name_stay_out_and_long_ones_are_cut(audit: Audit) -> None:
    record = audit.record(
        WANG, "settings.change", Outcome.DONE, {"passphrase": "secret", "source": "x" * 999, "symbols": ["a"] * 50}
    )
    assert "secret" not in record.facts
    assert record.what == {"source": "x" * 199 + "…", "symbols": ["a"] * 20 + ["…"]}
    odd = audit.record(WANG, "settings.change", Outcome.DONE, {"name": "half \ud800 pair\r\nsecond line"})
    assert odd.what == {"name": "half ? pair\r\nsecond line"}
    assert "\n" not in odd.facts, "a line end in a fact makes no second line"
    assert problem(audit) is None


def test_a_log_that_nobody_touched_is_whole(audit: Audit) -> None:
    write(audit, 5)
    check = audit.verify()
    assert (check.ok, check.records, check.anchored_seq, check.places) == (True, 5, 5, {"file": "valid"})
    assert check.head == audit.search(RecordFilter()).items[0].hash
    assert audit.last_check == check


def test_an_edit_is_found(audit: Audit, engine: Engine) -> None:
    write(audit, 6)
    tamper(engine, "UPDATE audit_records SET outcome = 'refused' WHERE seq = 4")
    assert problem(audit) == ("edited", 4)


def test_a_deletion_is_found(audit: Audit, engine: Engine) -> None:
    write(audit, 6)
    tamper(engine, "DELETE FROM audit_records WHERE seq = 3")
    assert problem(audit) == ("missing", 3)


def test_a_deletion_with_the_rest_renumbered_is_found(audit: Audit, engine: Engine) -> None:
    write(audit, 6)
    renumber = [f"UPDATE audit_records SET seq = {seq - 1} WHERE seq = {seq}" for seq in (4, 5, 6)]
    tamper(engine, "DELETE FROM audit_records WHERE seq = 3", *renumber)
    assert problem(audit) == ("edited", 3)


def test_two_records_in_each_others_place_are_found(audit: Audit, engine: Engine) -> None:
    write(audit, 6)
    swap = ((2, 90), (5, 2), (90, 5))
    tamper(engine, *[f"UPDATE audit_records SET seq = {new} WHERE seq = {old}" for old, new in swap])
    assert problem(audit) == ("edited", 2)


def test_a_record_put_in_is_found(audit: Audit, engine: Engine) -> None:
    write(audit, 4)
    shift = [f"UPDATE audit_records SET seq = {seq + 1} WHERE seq = {seq}" for seq in (4, 3)]
    columns = "at, account_id, person_id, person, device_id, address, act, outcome, facts, previous_hash, hash"
    tamper(engine, *shift, f"INSERT INTO audit_records (seq, {columns}) SELECT 3, {columns} FROM audit_records WHERE seq = 2")
    assert problem(audit) == ("edited", 3)


def test_a_cut_end_is_found_by_the_anchor(audit: Audit, engine: Engine) -> None:
    write(audit, 6)
    tamper(engine, "DELETE FROM audit_records WHERE seq > 4")
    check = audit.verify()
    assert check.problem is not None
    assert (check.problem.code, check.problem.seq, check.records, check.anchored_seq) == ("truncated", 5, 4, 6)
    assert "第 5 条起" in check.problem.sentence.in_language("zh")


def test_everything_deleted_is_found(audit: Audit, engine: Engine) -> None:
    write(audit, 3)
    tamper(engine, "DELETE FROM audit_records")
    assert problem(audit) == ("truncated", 1)


def test_a_chain_forged_whole_to_its_end_is_found_by_the_anchor(
    audit: Audit, engine: Engine, sessions: sessionmaker[Session], clock: FixedClock, tmp_path: Path
) -> None:
    write(audit, 5)
    tamper(engine, "DELETE FROM audit_records")
    forger = Audit(sessions, clock, Anchorage(STORE_ID, b"another key" * 3, [FilePlace(tmp_path / "forged.json")]))
    forger.begin()
    write(forger, 5, name="forged")
    assert problem(forger) is None
    assert problem(audit) == ("replaced", 5)


def test_an_old_file_put_back_is_found_also_after_more_was_written(
    audit: Audit, engine: Engine, data_folder: DataFolder, database_key: bytes, clock: FixedClock, anchor_file: Path
) -> None:
    write(audit, 4)
    assert checkpoint(engine)
    old = data_folder.database.read_bytes()
    write(audit, 4)
    engine.dispose()
    for name in ("quantbox.db-wal", "quantbox.db-shm"):
        (data_folder.root / name).unlink(missing_ok=True)
    data_folder.database.write_bytes(old)

    engine = open_engine(data_folder.database, database_key)
    back = Audit(session_factory(engine), clock, Anchorage(STORE_ID, AUDIT_KEY, [FilePlace(anchor_file)]))
    back.begin()
    assert problem(back) == ("truncated", 5)
    write(back, 2)
    assert problem(back) == ("truncated", 7), "writing on does not heal it"
    write(back, 6)
    assert problem(back) == ("replaced", 8), "nor does writing past the anchor"
    engine.dispose()


def test_an_old_page_spliced_into_the_encrypted_file_is_found_though_sqlite_accepts_it(
    audit: Audit, engine: Engine, data_folder: DataFolder, database_key: bytes, clock: FixedClock, anchor_file: Path
) -> None:
    page_bytes, file = 4096, data_folder.database
    write(audit, 40)  # several leaf pages
    assert checkpoint(engine)
    engine.dispose()
    old = file.read_bytes()
    engine = open_engine(file, database_key)
    tamper(engine, "UPDATE audit_records SET person = '李四' WHERE seq = 12")  # same length: the page keeps its shape
    assert checkpoint(engine)
    engine.dispose()
    new = file.read_bytes()
    differing = [
        n for n in range(len(old) // page_bytes) if old[n * page_bytes :][:page_bytes] != new[n * page_bytes :][:page_bytes]
    ]
    honest = Audit(
        session_factory(open_engine(file, database_key)), clock, Anchorage(STORE_ID, AUDIT_KEY, [FilePlace(anchor_file)])
    )
    assert problem(honest) == ("edited", 12)

    found = []
    for number in differing:
        spliced = bytearray(old)
        spliced[number * page_bytes : (number + 1) * page_bytes] = new[number * page_bytes : (number + 1) * page_bytes]
        folder = DataFolder(data_folder.root / f"spliced-{number}")
        folder.root.mkdir()
        folder.database.write_bytes(spliced)
        engine = open_engine(folder.database, database_key)
        with engine.connect() as connection:
            assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok", "SQLite accepts the page"
        audit = Audit(session_factory(engine), clock, Anchorage(STORE_ID, AUDIT_KEY, [FilePlace(anchor_file)]))
        found.append(problem(audit))
        engine.dispose()
        shutil.rmtree(folder.root)
    assert ("edited", 12) in found


def test_the_last_leaf_page_rolled_back_alone_is_found(
    audit: Audit, engine: Engine, data_folder: DataFolder, database_key: bytes, clock: FixedClock, anchor_file: Path
) -> None:
    """Only the page that new records went to is put back: an attack without any key, which needs no tree to change."""
    page_bytes, file = 4096, data_folder.database
    write(audit, 21)
    assert checkpoint(engine)
    old = file.read_bytes()
    write(audit, 1)
    assert checkpoint(engine)
    engine.dispose()
    new = file.read_bytes()
    assert len(old) == len(new), "the record fitted into the page"
    differing = [
        n for n in range(1, len(old) // page_bytes) if old[n * page_bytes :][:page_bytes] != new[n * page_bytes :][:page_bytes]
    ]
    assert len(differing) == 1
    spliced = bytearray(new)
    (number,) = differing
    spliced[number * page_bytes : (number + 1) * page_bytes] = old[number * page_bytes : (number + 1) * page_bytes]
    file.write_bytes(spliced)
    engine = open_engine(file, database_key)
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok", "SQLite accepts the page"
    back = Audit(session_factory(engine), clock, Anchorage(STORE_ID, AUDIT_KEY, [FilePlace(anchor_file)]))
    assert problem(back) == ("truncated", 22)
    engine.dispose()


def test_a_damaged_page_is_named_not_raised(
    audit: Audit, engine: Engine, data_folder: DataFolder, database_key: bytes, clock: FixedClock, anchor_file: Path
) -> None:
    write(audit, 40)
    assert checkpoint(engine)
    engine.dispose()
    content = bytearray(data_folder.database.read_bytes())
    content[-2000] ^= 1
    data_folder.database.write_bytes(content)
    engine = open_engine(data_folder.database, database_key)
    found = problem(Audit(session_factory(engine), clock, Anchorage(STORE_ID, AUDIT_KEY, [FilePlace(anchor_file)])))
    assert found is not None
    assert found[0] == "unreadable"
    engine.dispose()


# --- several writers, and no way to take a record back ---


def test_many_writers_make_one_chain_without_gaps(
    audit: Audit, data_folder: DataFolder, database_key: bytes, clock: FixedClock, anchor_file: Path
) -> None:
    engines = [open_engine(data_folder.database, database_key) for _ in range(4)]  # as four processes would

    def work(number: int) -> None:
        own = Audit(session_factory(engines[number]), clock, Anchorage(STORE_ID, AUDIT_KEY, [FilePlace(anchor_file)]))
        write(own, 10, name=f"writer {number}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check = audit.verify()
    assert (check.ok, check.records, check.anchored_seq) == (True, 40, 40)
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("statement", ["DELETE FROM audit_records", "UPDATE audit_records SET person = 'x'"])
def test_the_database_itself_refuses_to_change_or_delete_a_record(audit: Audit, engine: Engine, statement: str) -> None:
    write(audit, 2)
    with pytest.raises(IntegrityError, match="only ever added"), engine.begin() as connection:
        connection.execute(text(statement))
    assert audit.verify().records == 2


def test_five_years_later_every_record_is_still_there(audit: Audit, clock: FixedClock) -> None:
    write(audit, 2)
    clock.advance(6 * 366 * 86400)
    write(audit, 1)
    audit.begin()
    assert audit.verify().records == 3
    assert audit.search(RecordFilter(end=date(2026, 12, 31))).items[-1].seq == 1


# --- looking things up ---


def test_search_finds_acts_by_name_persons_addresses_and_facts(audit: Audit, clock: FixedClock) -> None:
    audit.record(WANG, "vault.unlock", Outcome.DONE)
    audit.record(COMMAND_LINE, "data.import", Outcome.REFUSED, {"code": "market_data.file_unknown", "symbols": ["600519.SH"]})
    clock.advance(86400)
    audit.record(WANG, "settings.change", Outcome.FAILED, {"changed": ["100%_sure"]})

    def found(**wanted: object) -> list[int]:
        return [one.seq for one in audit.search(RecordFilter(**wanted)).items]  # type: ignore[arg-type]

    assert found() == [3, 2, 1]
    assert found(text="解锁") == found(text="UNLOCK the") == found(text="vault.u") == [1]
    assert found(text="王五") == found(text="192.168.1.9") == [3, 1]
    assert found(text="600519.sh") == [2]
    assert found(text="100%_") == [3]
    assert found(text="100%_s_re") == [], "wildcards of SQL are letters here"
    assert found(text="' OR 1=1 --") == []
    assert found(act="data.import") == [2]
    assert found(outcome=Outcome.FAILED) == [3]
    assert found(start=date(2026, 11, 21)) == [3]
    assert found(end=date(2026, 11, 20)) == [2, 1]


def test_pages_follow_one_another_while_records_are_added(audit: Audit) -> None:
    write(audit, 5)
    first = audit.search(RecordFilter(), limit=2)
    write(audit, 1)
    second = audit.search(RecordFilter(), cursor=first.next_cursor, limit=2)
    third = audit.search(RecordFilter(), cursor=second.next_cursor, limit=2)
    assert [[one.seq for one in page.items] for page in (first, second, third)] == [[5, 4], [3, 2], [1]]
    assert third.next_cursor is None

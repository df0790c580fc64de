"""The anchor: what the last link kept outside shows, what is refused as one, and how it is lawfully set anew."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from quantbox.audit.anchors import Anchorage, FilePlace
from quantbox.audit.models import COMMAND_LINE
from quantbox.audit.service import Audit
from quantbox.core.clock import FixedClock
from tests.audit.logs import AUDIT_KEY, STORE_ID, problem, tamper, write


def test_a_crash_between_commit_and_anchor_is_no_alarm(audit: Audit, anchor_file: Path) -> None:
    write(audit, 3)
    before = anchor_file.read_bytes()
    write(audit, 1)
    anchor_file.write_bytes(before)  # as if the process had died before it wrote the anchor
    assert problem(audit) is None
    write(audit, 1)
    assert json.loads(anchor_file.read_text())["seq"] == 5
    assert problem(audit) is None


def test_a_deleted_anchor_is_reported_and_writing_on_does_not_hide_it(audit: Audit, anchor_file: Path) -> None:
    write(audit, 3)
    anchor_file.unlink()
    assert problem(audit) == ("not_anchored", None)
    write(audit, 2)
    audit.begin()
    assert not anchor_file.exists()
    assert problem(audit) == ("not_anchored", None)


class Drawer:
    """A keychain: keeps one text."""

    name, is_required = "keychain", False

    def __init__(self) -> None:
        self.text: str | None = None

    def read(self) -> str | None:
        return self.text

    def write(self, text: str) -> None:
        self.text = text


def test_an_empty_log_put_back_without_its_anchor_file_is_no_new_one_while_the_keychain_remembers(
    sessions: sessionmaker[Session], engine: Engine, clock: FixedClock, anchor_file: Path
) -> None:
    """Copies of a part 1 database lie beside it; its log is empty, as that of a new store is."""
    drawer = Drawer()

    def opened() -> Audit:
        log = Audit(sessions, clock, Anchorage(STORE_ID, AUDIT_KEY, [FilePlace(anchor_file), drawer]))
        log.begin()
        return log

    log = opened()
    write(log, 3)
    log.close()
    evidence = drawer.text
    tamper(engine, "DELETE FROM audit_records")
    anchor_file.unlink()
    back = opened()
    back.close()
    assert drawer.text == evidence, "the last trace of the log is not written over"
    assert problem(back) is not None


def test_an_anchor_not_written_with_the_key_is_refused(audit: Audit, anchor_file: Path) -> None:
    write(audit, 3)
    anchor = json.loads(anchor_file.read_text())
    for change in ({"seq": 2}, {"hash": "0" * 64}, {"at": "2020-01-01T00:00:00.000000Z"}, {"macs": ["0" * 64]}, {"macs": []}):
        anchor_file.write_text(json.dumps({**anchor, **change}))
        assert problem(audit) == ("anchor_forged", None), change
    for nonsense in ("", "[]", "{", "\x00" * 50000):
        anchor_file.write_text(nonsense)
        assert problem(audit) == ("anchor_forged", None)


def test_an_anchor_of_another_store_does_not_fit(
    audit: Audit, sessions: sessionmaker[Session], clock: FixedClock, anchor_file: Path
) -> None:
    write(audit, 3)
    other = Audit(sessions, clock, Anchorage("6" * 32, AUDIT_KEY, [FilePlace(anchor_file)]))
    assert problem(other) == ("anchor_forged", None)


def test_anchoring_anew_names_what_is_given_up(audit: Audit, engine: Engine, anchor_file: Path) -> None:
    write(audit, 6)
    tamper(engine, "DELETE FROM audit_records WHERE seq > 4")  # what restoring an older backup looks like
    record = audit.reanchor("restore", backup="2026-11-01.qbk")
    assert record.what == {
        "anchored_seq": 6,
        "backup": "2026-11-01.qbk",
        "given_up": 2,
        "head_seq": 4,
        "problem": "truncated",
        "reason": "restore",
    }
    assert (record.seq, record.act, record.person) == (5, "audit.anchor", "program")
    assert problem(audit) is None
    anchor_file.unlink()
    assert audit.reanchor("moved", actor=COMMAND_LINE).what["problem"] == "not_anchored"
    assert problem(audit) is None


def test_anchoring_anew_does_not_heal_a_break_inside_the_chain(audit: Audit, engine: Engine) -> None:
    write(audit, 6)
    tamper(engine, "UPDATE audit_records SET person = 'x' WHERE seq = 2")
    audit.reanchor("restore")
    assert problem(audit) == ("edited", 2)


def test_a_rotation_may_end_on_either_side_of_its_commit(
    audit: Audit, sessions: sessionmaker[Session], clock: FixedClock, anchor_file: Path
) -> None:
    write(audit, 3)
    audit.countersign(b"n" * 32)
    after = Audit(sessions, clock, Anchorage(STORE_ID, b"n" * 32, [FilePlace(anchor_file)]))
    assert problem(audit) is None
    assert problem(after) is None
    assert after.reanchor("rotation").what["given_up"] == 0
    assert problem(after) is None
    assert problem(audit) == ("anchor_forged", None), "the old key no longer speaks for the log"

"""Acts of the pages and of commands on their way into the log: done, refused, failed, and while the log was closed."""

from __future__ import annotations

import json

import pytest

from quantbox.app.commands import run_recorded
from quantbox.app.unrecorded import UnrecordedActs
from quantbox.audit.models import COMMAND_LINE, Actor
from quantbox.core.clock import FixedClock
from quantbox.core.database.errors import DatabaseClosed
from quantbox.core.errors import QuantBoxError
from tests.audit.program import log_of
from tests.web.program import Browser, Program

STRATEGY = "import backtrader as bt\n\n\nclass Empty(bt.Strategy):\n    pass\n"
BACKTEST = {
    "source": STRATEGY,
    "file_name": "empty.py",
    "symbols": ["610903.SH"],
    "start": "2024-01-02",
    "end": "2024-03-01",
    "cash": "100000",
}


def last(program: Program) -> tuple[str, str]:
    record = log_of(program)[-1]
    return record.act, record.outcome


def test_what_a_person_does_is_recorded_with_person_address_and_result(browser: Browser, program: Program) -> None:
    browser.post("/data/demo")
    job = browser.post("/backtests", BACKTEST).get_json()
    record = log_of(program)[-1]
    assert (record.act, record.outcome, record.address) == ("backtest.submit", "done", "127.0.0.1")
    assert record.person_id == browser_person(program)
    assert record.what == {
        "end": "2024-03-01",
        "file_name": "empty.py",
        "job_id": job["id"],
        "start": "2024-01-02",
        "symbols": ["610903.SH"],
    }
    assert STRATEGY not in record.facts
    browser.post(f"/jobs/{job['id']}/cancel")
    assert last(program) == ("job.cancel", "done")
    assert log_of(program)[-1].what == {"job_id": job["id"]}


def browser_person(program: Program) -> str:
    from sqlalchemy import text

    with program.open_services.engine.connect() as connection:
        return str(connection.execute(text("SELECT id FROM people")).scalar_one())


def test_what_is_refused_is_recorded_with_the_code_of_the_refusal(browser: Browser, program: Program) -> None:
    assert browser.send("DELETE", "/backtests/none").status_code == 404
    record = log_of(program)[-1]
    assert (record.act, record.outcome) == ("backtest.delete", "refused")
    assert record.what == {"backtest_id": "none", "code": "backtesting.not_found"}
    assert browser.post("/audit/export", {"format": "csv"}).status_code == 403
    assert (last(program), log_of(program)[-1].what["code"]) == (("audit.export", "refused"), "web.step_up_needed")


def test_somebody_not_signed_in_is_recorded_as_nobody(stranger: Browser, program: Program) -> None:
    assert stranger.post("/backtests", BACKTEST).status_code == 401
    record = log_of(program)[-1]
    assert (record.person_id, record.person, record.address) == (None, "", "127.0.0.1")
    assert record.what == {"code": "web.sign_in_needed"}


def test_a_fault_of_the_program_is_recorded_as_failed(
    browser: Browser, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program.open_services.market_data, "load_demo", lambda: 1 / 0)
    assert browser.post("/data/demo").status_code == 500
    assert last(program) == ("data.demo", "failed")


def test_an_act_that_cannot_be_recorded_is_not_answered_as_done(
    browser: Browser, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(program.open_services.audit, "record", fail)
    assert browser.send("PUT", "/settings", {"theme": "dark"}).status_code == 503
    monkeypatch.undo()


def test_a_flood_of_refused_strangers_makes_few_records(stranger: Browser, program: Program, clock: FixedClock) -> None:
    for _ in range(50):
        stranger.post("/backtests", BACKTEST)
    assert len(log_of(program)) == 20
    clock.advance(61)
    stranger.post("/backtests", BACKTEST)
    summary, newest = log_of(program)[-2:]
    assert (summary.what["times"], summary.what["code"], summary.address) == (30, "web.sign_in_needed", "127.0.0.1")
    assert summary.what["first_at"] == "2026-11-20T07:30:00+00:00"
    assert newest.what == {"code": "web.sign_in_needed"}


def test_the_recorders_of_a_program_go_on_when_the_store_closes_under_them(
    browser: Browser, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_arguments: object) -> None:
        raise DatabaseClosed

    monkeypatch.setattr(program.open_services.audit, "record", closed)
    program.folder.vault_file.write_text("{}")
    assert browser.send("PUT", "/settings", {"theme": "dark"}).status_code == 200
    monkeypatch.undo()
    program.folder.vault_file.unlink()
    UnrecordedActs(program.folder).hand_over(program.open_services.audit)
    assert last(program) == ("settings.change", "done")


# --- commands ---


def run(program: Program, name: str, **arguments: object) -> dict[str, object]:
    return run_recorded(program.open_services, name, dict(arguments), lambda _fraction, _stage: None)


def test_a_command_that_changes_something_is_recorded_as_the_command_line(program: Program) -> None:
    with pytest.raises(QuantBoxError):
        run(program, "data.update", symbols=["610903.SH"], source="nowhere")
    record = log_of(program)[-1]
    assert (record.person, record.person_id, record.address) == ("command line", None, "")
    assert (record.act, record.outcome) == ("data.update", "refused")
    assert record.what["symbols"] == ["610903.SH"]
    run(program, "data.import", paths=[])
    assert last(program) == ("data.import", "done")


def test_a_command_that_reads_is_not(program: Program) -> None:
    run(program, "data.check", symbols=[])
    run(program, "audit.verify")
    assert log_of(program) == []


# --- while the log is closed ---


def test_what_is_refused_while_locked_comes_into_the_log_when_it_opens(program: Program, clock: FixedClock) -> None:
    program.folder.vault_file.write_text("{}")
    acts = UnrecordedActs(program.folder)
    nobody = Actor("owner", None, "", address="127.0.0.1")
    for _ in range(3):
        acts.note(nobody, "vault.unlock", "refused", "vault.passphrase_wrong", clock.now())
        clock.advance(10)
    acts.note(COMMAND_LINE, "vault.unlock", "refused", "vault.passphrase_wrong", clock.now())
    assert oct(program.folder.unrecorded_file.stat().st_mode)[-3:] == "600"
    acts.hand_over(program.open_services.audit)
    by_page, by_command = log_of(program)
    assert (by_page.act, by_page.outcome, by_page.address) == ("vault.unlock", "refused", "127.0.0.1")
    assert by_page.what == {
        "code": "vault.passphrase_wrong",
        "first_at": "2026-11-20T07:30:00+00:00",
        "last_at": "2026-11-20T07:30:20+00:00",
        "times": 3,
    }
    assert (by_command.person, by_command.what["times"]) == ("command line", 1)
    assert not program.folder.unrecorded_file.exists()
    acts.hand_over(program.open_services.audit)
    assert len(log_of(program)) == 2


def test_a_file_that_was_edited_breaks_nothing(program: Program, clock: FixedClock) -> None:
    program.folder.vault_file.write_text("{}")
    acts = UnrecordedActs(program.folder)
    nobody = Actor("owner", None, "", address="127.0.0.1")
    acts.note(nobody, "vault.unlock", "refused", "vault.passphrase_wrong", clock.now())
    whole = json.loads(program.folder.unrecorded_file.read_text())[0]
    for nonsense in (
        "",
        "{",
        "[1]",
        "null",
        json.dumps([{**whole, "times": "x"}]),
        json.dumps([{**whole, "outcome": "x"}]),
        json.dumps([{**whole, "last_at": "2026-01-01"}]),
    ):
        program.folder.unrecorded_file.write_text(nonsense)
        acts.hand_over(program.open_services.audit)
    assert log_of(program) == []
    many = Actor("owner", None, "", address="")
    for number in range(105):
        acts.note(many, "vault.unlock", "refused", f"code-{number}", clock.now())
    assert len(json.loads(program.folder.unrecorded_file.read_text())) == 101


def test_a_folder_without_a_store_gets_no_file(new_program: Program, clock: FixedClock) -> None:
    UnrecordedActs(new_program.folder).note(COMMAND_LINE, "vault.unlock", "refused", "x", clock.now())
    assert list(new_program.folder.root.iterdir()) == []

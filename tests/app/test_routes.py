"""Commands handed over, the overview and the doctor through HTTP."""

from __future__ import annotations

import gc
import json
import weakref
from typing import Any

import polars as pl
import pytest

from quantbox.app.routes import handover_verifiers
from quantbox.market_data.models import Adjust
from quantbox.vault.handover import sign
from tests.web.program import Browser, Program, browser, new_program, program, stranger

__all__ = ["browser", "new_program", "program", "stranger"]


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch, program: Program) -> None:
    """Let the signing side read the same clock as the program."""
    monkeypatch.setattr("quantbox.vault.handover.time.time", lambda: program.clock.now().timestamp())


def hand_over(browser: Browser, program: Program, name: str, arguments: dict[str, Any], **changes: Any) -> Any:
    path, body = f"/api/v1/commands/{name}", json.dumps(arguments).encode()
    key = changes.get("key") or program.open_services.keys.handover
    authorization = changes.get("authorization") or sign(key, "POST", path, body)
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    return browser.client.post(changes.get("path", path), data=changes.get("body", body), headers=headers)


def test_a_signed_command_is_run_without_a_session(stranger: Browser, program: Program) -> None:
    program.open_services.market_data.load_demo()
    symbol = program.open_services.market_data.series()[0].symbol
    answer = hand_over(stranger, program, "data.show", {"symbol": symbol, "language": "en"})
    assert answer.status_code == 200
    assert answer.get_json() == program.open_services.market_data.show(symbol)


def test_a_refusal_comes_in_the_language_of_the_command(stranger: Browser, program: Program) -> None:
    details = [
        hand_over(stranger, program, "data.show", {"symbol": "600000", "language": language}).get_json()["detail"]
        for language in ("zh", "en")
    ]
    assert details == ["没有 600000.SH 的数据", "There is no data for 600000.SH"]


def test_a_signature_holds_for_one_request_once_for_a_minute(stranger: Browser, program: Program) -> None:
    body, path = b'{"symbol": "600000"}', "/api/v1/commands/data.show"
    good = sign(program.open_services.keys.handover, "POST", path, body)
    first = hand_over(stranger, program, "data.show", {}, authorization=good, body=body)
    assert first.get_json()["code"] == "market_data.symbol_unknown"
    program_key = program.open_services.keys.handover
    for changes in (
        {"authorization": good, "body": body},  # used before
        {"authorization": sign(program_key, "POST", path, body), "body": b'{"symbol": "600001"}'},
        {"authorization": sign(program_key, "POST", path, body), "body": body, "path": "/api/v1/commands/data.check"},
        {"authorization": sign(program_key, "GET", path, body), "body": body},
        {"key": b"0" * 32},
        {"authorization": "Bearer x"},
    ):
        answer = hand_over(stranger, program, "data.show", {}, **changes)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "vault.handover_refused")
    late = sign(program_key, "POST", path, body)
    program.clock.advance(61)
    assert hand_over(stranger, program, "data.show", {}, authorization=late, body=body).status_code == 403


def test_an_unknown_command_is_not_found_and_a_session_is_no_signature(browser: Browser, program: Program) -> None:
    assert hand_over(browser, program, "data.destroy", {}).status_code == 404
    assert browser.post("/commands/data.check", {}).get_json()["code"] == "vault.handover_refused"


def test_a_locked_program_takes_no_command(stranger: Browser, program: Program) -> None:
    key = program.open_services.keys.handover
    program.lock()
    answer = hand_over(stranger, program, "data.check", {}, key=key)
    assert (answer.status_code, answer.get_json()["code"]) == (403, "vault.locked")


def test_locking_leaves_no_key_with_the_routes(stranger: Browser, program: Program) -> None:
    hand_over(stranger, program, "data.check", {})
    kept = weakref.ref(program.open_services)
    program.lock()
    gc.collect()
    assert kept() is None
    assert handover_verifiers == {}


def test_the_doctor_answers_for_an_open_store(browser: Browser) -> None:
    found = browser.api("/doctor")
    assert found["ok"] == all(check["ok"] is not False for check in found["checks"])
    assert {"version", "key_state", "queue", "calendar_end", "schema", "libraries"} <= {
        check["name"] for check in found["checks"]
    }


def test_the_overview_of_an_empty_store_is_whole(browser: Browser) -> None:
    found = browser.api("/overview")
    assert found["stored"] == {"symbols": 0, "bars": 0, "first": None, "last": None, "bytes": 0, "is_demo": False}
    assert found["jobs"] == {"running": 0, "queued": 0}
    assert (found["latest_backtests"], found["running_jobs"], found["indices"], found["movers"]) == ([], [], [], [])
    assert found["calendar"]["today"] == "2026-11-20"
    quick = [
        "calendar_end",
        "market_data",
        "queue",
        "processes",
        "backups",
        "offsite",
        "disk_free_bytes",
        "wal_bytes",
        "audit_chain",
    ]
    assert [check["name"] for check in found["health"]] == quick


def test_the_overview_shows_what_moved_most_on_the_newest_day(browser: Browser, program: Program) -> None:
    browser.post("/data/demo")
    waiting = program.open_services.jobs.create("backtest", "a", "owner")
    running = program.open_services.jobs.create("backtest", "b", "owner")
    program.open_services.jobs.claim(running.id, "worker:1")
    found = browser.api("/overview")
    assert found["stored"]["symbols"] == 30
    assert found["stored"]["is_demo"] is True
    assert found["jobs"] == {"running": 1, "queued": 1}
    assert [job["id"] for job in found["running_jobs"]] == [running.id]
    assert [job["id"] for job in found["waiting_jobs"]] == [waiting.id]
    moves = [abs(one["change_pct"]) for one in found["movers"]]
    assert len(moves) == 5
    assert moves == sorted(moves, reverse=True)
    assert {one["date"] for one in found["movers"]} == {found["stored"]["last"]}


def test_the_overview_tells_invented_prices_from_real_ones(browser: Browser, program: Program) -> None:
    market_data = program.open_services.market_data
    market_data.load_demo()
    day = market_data.stored_summary()["last"]
    bars = {"symbol": ["600519.SH", "000300.SH"], "date": [day] * 2, "pre_close": [50.0, 4000.0], "volume": [100, 100]}
    prices = {name: [100.0, 4100.0] for name in ("open", "high", "low", "close")}
    market_data.write_bars(pl.DataFrame({**bars, **prices}), origin="csv", adjust=Adjust.NONE)
    found = browser.api("/overview")
    assert found["stored"]["is_demo"] is False
    assert {one["symbol"]: one["is_demo"] for one in found["indices"]} == {
        "000300.SH": False,
        "899300.BJ": True,
        "899301.BJ": True,
    }
    assert [one["is_demo"] for one in found["movers"]] == [False, True, True, True, True]

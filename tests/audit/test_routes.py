"""The log for the owner: list, search, verify, export, anchor anew."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from typing import Any

import pytest

from quantbox.audit.models import Actor, Outcome
from quantbox.user_auth.routes import SignedInPerson
from tests.audit.logs import tamper
from tests.web.program import Browser, Program

EVIL = Actor("owner", "p-evil", '=HYPERLINK("http://evil.example")', address="-1+1")


@pytest.fixture
def stepped_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person has just proven the second factor again."""
    always = property(lambda _person: True, lambda _person, _value: None)
    monkeypatch.setattr(SignedInPerson, "has_stepped_up", always, raising=False)


@pytest.fixture
def log(program: Program) -> None:
    """Three records, one of them with texts that spreadsheets would compute."""
    audit = program.open_services.audit
    audit.record(EVIL, "vault.unlock", Outcome.REFUSED, {"code": "@SUM(A1)", "times": -3})
    audit.record(EVIL, "data.import", Outcome.DONE, {"files": 2, "symbol": "浦发"})
    audit.record(EVIL, "settings.change", Outcome.DONE, {"changed": ["theme"]})


def test_the_list_is_newest_first_and_can_be_searched(browser: Browser, log: None) -> None:
    found = browser.api("/audit")
    assert [one["act"] for one in found["items"][:3]] == ["settings.change", "data.import", "vault.unlock"]
    assert set(found["items"][0]) == {
        "seq", "at", "act", "outcome", "actor", "person_id", "device", "address", "facts", "hash",
    }  # fmt: skip
    assert [one["seq"] for one in browser.api("/audit", text="浦发")["items"]] == [2]
    assert [one["seq"] for one in browser.api("/audit", text="解锁", outcome="refused")["items"]] == [1]
    assert browser.api("/audit", start="2026-11-21")["items"] == []
    assert browser.get("/api/v1/audit?outcome=perhaps").status_code == 400
    assert browser.get("/api/v1/audit?cursor=x").status_code == 400


def test_the_acts_have_names_in_both_languages(browser: Browser) -> None:
    found = {one["act"]: one for one in browser.api("/audit/acts")}
    assert (found["vault.unlock"]["zh"], found["vault.unlock"]["en"]) == ("解锁数据", "Unlock the store")


def test_verifying_answers_what_was_found(browser: Browser, program: Program, log: None) -> None:
    whole = browser.api("/audit/verify")
    assert (whole["ok"], whole["problem"], whole["places"]["file"]) == (True, None, "valid")
    assert whole["records"] == whole["anchored_seq"] >= 3
    tamper(program.open_services.engine, "UPDATE audit_records SET facts = '{}' WHERE seq = 2")
    broken = browser.api("/audit/verify")
    assert (broken["ok"], broken["records"]) == (False, 1)
    assert (broken["problem"]["code"], broken["problem"]["seq"]) == ("edited", 2)
    assert broken["problem"]["message"] == "第 2 条记录的内容被改动"
    (check,) = [one for one in browser.api("/overview")["health"] if one["name"] == "audit_chain"]
    assert (check["ok"], check["value"]) == (False, {"problem": "edited", "seq": 2})
    (check,) = [one for one in browser.api("/doctor")["checks"] if one["name"] == "audit_chain"]
    assert check["ok"] is False


@pytest.mark.parametrize("path", ["/audit", "/audit/verify", "/audit/acts"])
def test_only_the_owner_reads_the_log(stranger: Browser, path: str) -> None:
    assert stranger.get("/api/v1" + path).status_code == 401


def export(browser: Browser, **body: Any) -> bytes:
    answer = browser.post("/audit/export", body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_data()


def test_a_table_computes_nothing_and_numbers_stay_numbers(browser: Browser, log: None, stepped_up: None) -> None:
    rows = list(csv.DictReader(io.StringIO(export(browser, format="csv").decode("utf-8-sig"))))
    assert [row["seq"] for row in rows[:3]] == ["1", "2", "3"]
    assert rows[0]["person"] == '\'=HYPERLINK("http://evil.example")'
    assert rows[0]["address"] == "'-1+1"
    assert json.loads(rows[0]["facts"]) == {"code": "@SUM(A1)", "times": -3}
    for row in rows:
        for cell in row.values():
            assert cell[:1] not in set("=+-@\t\r")


def test_exported_lines_can_be_checked_without_this_program(browser: Browser, log: None, stepped_up: None) -> None:
    before = "0" * 64
    lines = [json.loads(line) for line in export(browser, format="jsonl").decode().splitlines()]
    for line in lines:
        names = ("seq", "at", "account_id", "person_id", "person", "device_id", "address", "act", "outcome", "facts")
        content = ["quantbox audit 1", *(line[name] for name in names), before]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        before = hashlib.sha256(text.encode()).hexdigest()
        assert (line["previous_hash"], line["hash"]) == (content[-1], before)
    assert len(lines) >= 3


def test_exporting_is_recorded_itself(browser: Browser, program: Program, log: None, stepped_up: None) -> None:
    export(browser, format="csv", start="2026-11-20")
    newest = browser.api("/audit")["items"][0]
    assert (newest["act"], newest["outcome"]) == ("audit.export", "done")
    assert newest["facts"]["format"] == "csv"
    assert newest["facts"]["start"] == "2026-11-20"


def test_the_owner_may_anchor_a_moved_log_anew(browser: Browser, program: Program, log: None, stepped_up: None) -> None:
    from quantbox.core.paths import anchors_folder

    newest = max(anchors_folder().glob("*.json"), key=lambda one: one.stat().st_mtime_ns)
    newest.unlink()
    assert browser.api("/audit/verify")["problem"]["code"] == "not_anchored"
    answer = browser.post("/audit/anchor").get_json()
    assert answer["ok"] is True
    found = browser.api("/audit", act="audit.anchor")["items"]
    assert [(one["outcome"], one["facts"]["problem"]) for one in found] == [("done", "not_anchored")]
    assert found[0]["address"] == "127.0.0.1"

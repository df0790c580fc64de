"""Off-site backup through HTTP."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from quantbox.vault.models import Keys
from tests.backup.offsite.places import SECRET, USER, WebDav
from tests.backup.offsite.store import finish, submit
from tests.web.program import Browser, Program, new_program, open_browser, sign_in

__all__ = ["new_program"]


@pytest.fixture
def program(new_program: Program, template: tuple[Path, Keys]) -> Program:
    shutil.copytree(template[0], new_program.folder.root, dirs_exist_ok=True)
    new_program.open(template[1])
    return new_program


@pytest.fixture
def browser(program: Program) -> Browser:
    return sign_in(open_browser(program), program)


def body(dav: WebDav, **more: object) -> dict[str, object]:
    return {"kind": "webdav", "options": dav.settings().options, "secret": SECRET, **more}


def test_it_is_off_until_chosen_and_never_shows_its_secret(browser: Browser, dav: WebDav) -> None:
    before = browser.api("/offsite")
    assert (before["kind"], before["options"], before["has_secret"], before["backups"]) == ("off", {}, False, [])
    refused = browser.send("PUT", "/offsite", body(dav))
    assert (refused.status_code, refused.get_json()["code"]) == (403, "web.step_up_needed")
    changed = browser.step_up().send("PUT", "/offsite", body(dav))
    assert changed.status_code == 200, changed.get_data(as_text=True)
    assert changed.get_json()["has_secret"] is True
    assert SECRET not in changed.get_data(as_text=True)
    assert browser.post("/offsite/test").get_json() == {"ok": True}
    assert dav.files() == {}


def test_what_cannot_be_used_is_refused_and_nothing_changes(browser: Browser, dav: WebDav) -> None:
    browser.step_up()
    refusals: tuple[tuple[dict[str, object], str], ...] = (
        ({"secret": None}, "backup.offsite_incomplete"),
        ({"options": {"endpoint": "https://dav.example.com"}}, "backup.offsite_incomplete"),
        ({"options": {"endpoint": "http://dav.jianguoyun.com/dav", "user": USER}}, "backup.offsite_invalid"),
        ({"options": {"endpoint": "file:///etc", "user": USER}}, "backup.offsite_invalid"),
        ({"options": {"endpoint": "https://a:b@dav.example.com", "user": USER}}, "backup.offsite_invalid"),
        ({"options": {"endpoint": "https://dav.example.com", "user": USER, "root": "a/../.."}}, "backup.offsite_invalid"),
        ({"keep_reports": 0}, "backup.offsite_invalid"),
        ({"kind": "folder", "options": {"path": "/no/such/folder"}}, "backup.offsite_folder"),
        ({"kind": "folder", "options": {"path": "relative"}}, "backup.offsite_folder"),
    )
    for change, code in refusals:
        answer = browser.send("PUT", "/offsite", {**body(dav), **change})
        assert (answer.status_code, answer.get_json()["code"]) == (400, code), change
    assert browser.api("/offsite")["kind"] == "off"


def test_a_kept_secret_is_not_sent_to_another_address(browser: Browser, dav: WebDav) -> None:
    browser.step_up().send("PUT", "/offsite", body(dav))
    again = browser.send("PUT", "/offsite", body(dav, secret=None, keep_reports=50))
    assert (again.status_code, again.get_json()["keep_reports"]) == (200, 50)
    elsewhere = {"endpoint": "https://attacker.example", "user": USER}
    assert browser.send("PUT", "/offsite", body(dav, secret=None, options=elsewhere)).status_code == 400


def test_the_folder_may_not_lie_in_the_data(browser: Browser, program: Program) -> None:
    inside = program.folder.root / "inside"
    inside.mkdir()
    answer = browser.step_up().send("PUT", "/offsite", {"kind": "folder", "options": {"path": str(inside)}})
    assert answer.get_json()["code"] == "backup.offsite_folder"


def test_a_wrong_secret_is_told_by_the_test_and_the_state(browser: Browser, program: Program, dav: WebDav) -> None:
    browser.step_up().send("PUT", "/offsite", body(dav, secret="wrong"))
    refused = browser.post("/offsite/test")
    assert (refused.status_code, refused.get_json()["code"]) == (503, "backup.offsite_secret_wrong")
    submit(program.open_services)
    program.open_services.offsite.send_objects()
    state = browser.api("/offsite")["state"]
    assert (state["waiting"], state["failing_since"]) == (1, "2026-11-20T07:30:00Z")
    assert state["error"]["zh"] == "写入失败：127.0.0.1 不接受用户名或密钥"
    browser.send("PUT", "/offsite", body(dav))
    browser.post("/offsite/send")
    program.open_services.offsite.send_objects()
    assert browser.api("/offsite")["state"]["waiting"] == 0


def test_an_archived_report_says_so_and_comes_back_with_one_click(browser: Browser, program: Program, dav: WebDav) -> None:
    old, newer = submit(program.open_services), submit(program.open_services)
    for one in (old, newer):
        finish(program.open_services, one)
    browser.step_up().send("PUT", "/offsite", body(dav, keep_reports=1))
    program.open_services.offsite.send_objects()
    assert browser.api(f"/backtests/{old}")["is_archived"] is True
    refused = browser.get(f"/api/v1/backtests/{old}/report")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "backtesting.archived")
    assert browser.post(f"/backtests/{old}/bring-back").get_json() == {"id": old}
    assert browser.api(f"/backtests/{old}/report")["document"]["final_value"] == 123456.78
    assert browser.post(f"/backtests/{newer}/bring-back").get_json()["code"] == "backup.report_not_archived"


def test_doctor_and_overview_say_when_it_failed_for_a_day(browser: Browser, program: Program, dav: WebDav) -> None:
    browser.step_up().send("PUT", "/offsite", body(dav, secret="wrong"))
    submit(program.open_services)
    program.open_services.offsite.send_objects()

    def look() -> list[bool]:
        found = [browser.api("/doctor")["checks"], browser.api("/overview")["health"]]
        return [one["ok"] for checks in found for one in checks if one["name"] == "offsite"]

    assert look() == [True, True]
    program.clock.advance(86_400)
    sign_in(browser, program)
    assert look() == [False, False]

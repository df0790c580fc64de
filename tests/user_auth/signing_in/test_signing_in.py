"""From name and password to a session, over the second factor, as a browser does it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from argon2 import PasswordHasher
from werkzeug.test import TestResponse

from quantbox.core.clock import FixedClock
from quantbox.core.roles import Role
from quantbox.user_auth.people import passwords
from quantbox.user_auth.people.passwords import is_outdated, is_right
from quantbox.user_auth.tables import PersonRow
from tests.audit.program import log_of
from tests.user_auth.setting import beside, cheap_passwords, code_of, enrol_totp, enter, person_of, refusal, restarted, state_of
from tests.web.program import NAME, PASSWORD, Browser, Program, add_person, new_program, open_browser, program

__all__ = ["cheap_passwords", "new_program", "program"]


@pytest.fixture
def people(cheap_passwords: None, program: Program) -> Program:
    """A program with an owner and a viewer."""
    add_person(program)
    add_person(program, "viewer", Role.VIEWER)
    return program


def try_password(browser: Browser, name: str, password: str = PASSWORD) -> TestResponse:
    return browser.post("/session/password", {"name": name, "password": password})


def told(answer: TestResponse) -> tuple[Any, ...]:
    """Return all a client is told: status, body, and the headers but those that hold chance or the time."""
    headers = {name: value for name, value in answer.headers.items() if name not in {"Date", "Set-Cookie"}}
    return answer.status_code, answer.get_data(as_text=True), headers, answer.headers.getlist("Set-Cookie")


def test_a_person_signs_in_by_name_whatever_the_capitals(program: Program) -> None:
    add_person(program, "Ｌin Xi", Role.TRADER)
    browser = open_browser(program)
    answer = try_password(browser, "lin XI")
    assert answer.get_json() == {"state": "signed_in", "csrf_token": answer.get_json()["csrf_token"], "methods": []}
    assert browser.api("/status")["person"] == {"name": "Ｌin Xi", "role": "trader"}
    assert browser.send("DELETE", "/jobs/none").get_json()["code"] != "web.cross_site_refused", "the new token is the right one"


def test_wrong_name_wrong_password_and_delayed_account_are_told_apart_to_nobody(people: Program) -> None:
    browser = open_browser(people)
    browser.api("/status")
    wrong_name = told(try_password(browser, "nobody"))
    wrong_password = told(try_password(browser, NAME, "wrong"))
    for _ in range(5):
        try_password(browser, NAME, "wrong")
    delayed = told(try_password(browser, NAME))
    assert wrong_name == wrong_password == delayed
    assert wrong_name[0] == 403
    assert "user_auth.sign_in_refused" in wrong_name[1]
    people.clock.advance(60)
    assert try_password(browser, NAME).status_code == 200, "only the delay stood against it"


def test_somebody_switched_off_is_refused_like_nobody(people: Program) -> None:
    people.open_services.people.change(person_of(people, "viewer"), is_active=False)
    browser = open_browser(people)
    browser.api("/status")
    assert told(try_password(browser, "viewer")) == told(try_password(browser, "nobody"))


def test_each_account_and_each_known_device_has_its_own_delay(people: Program) -> None:
    owner = enter(people, NAME)
    owner.post("/session/end")
    stranger = beside(owner)
    for _ in range(10):
        try_password(stranger, NAME, "wrong")
    owner.token = ""
    assert try_password(owner, NAME).status_code == 200, "the owner's known device waits for nobody"
    another = beside(owner)
    assert refusal(try_password(another, NAME))[0] == 403, "unknown devices wait together"
    assert try_password(another, "viewer").status_code == 200, "and for each account by itself"


def test_the_delay_outlives_a_restart(people: Program, clock: FixedClock) -> None:
    browser = open_browser(people)
    for _ in range(7):
        try_password(browser, NAME, "wrong")
    after = restarted(people)
    assert refusal(try_password(after, NAME))[1] == "user_auth.sign_in_refused"
    clock.advance(60)
    assert try_password(after, NAME).status_code == 200


def test_the_cost_of_a_verifier_is_raised_at_the_next_sign_in(people: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    old = PasswordHasher(1, 64, 1, 32, 16).hash(PASSWORD)
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(2, 64, 1, 32, 16))
    with people.open_services.sessions.begin() as session:
        session.get_one(PersonRow, person_of(people, NAME)).password_verifier = old
    try_password(open_browser(people), NAME, "wrong")
    enter(people, NAME)
    with people.open_services.sessions() as session:
        kept = session.get_one(PersonRow, person_of(people, NAME)).password_verifier
    assert kept is not None
    assert kept != old
    assert not is_outdated(kept)
    assert is_right(kept, PASSWORD)


# --- the second factor ---


def test_the_second_step_opens_the_session(people: Program) -> None:
    secret, _codes = enrol_totp(people, NAME)
    browser = open_browser(people)
    answer = try_password(browser, NAME)
    assert (answer.get_json()["state"], answer.get_json()["methods"]) == ("second_factor", ["totp", "recovery"])
    (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("quantbox_pending=")]
    assert set(cookie.split("; ")[1:]) == {"HttpOnly", "Path=/", "SameSite=Strict"}
    assert state_of(browser) == "unlocked"
    assert browser.api("/status")["person"] is None
    assert refusal(browser.get("/api/v1/jobs")) == (401, "web.sign_in_needed")
    answer = browser.post("/session/code", {"method": "totp", "code": code_of(people, secret)})
    assert answer.get_json()["state"] == "signed_in"
    assert browser.client.get_cookie("quantbox_pending") is None
    assert browser.api("/sessions")["items"][0]["by"] == "totp"


def test_wrong_old_and_used_codes_are_told_apart_to_nobody(people: Program) -> None:
    secret, recovery_codes = enrol_totp(people, NAME)
    first = open_browser(people)
    try_password(first, NAME)
    used = code_of(people, secret)
    first.post("/session/code", {"method": "totp", "code": used})
    recovering = open_browser(people)
    try_password(recovering, NAME)
    recovering.post("/session/code", {"method": "recovery", "code": recovery_codes[0]})
    browser = open_browser(people)
    try_password(browser, NAME)
    old = code_of(people, secret, -300)
    bodies = [("totp", "000000"), ("totp", old), ("totp", used), ("recovery", recovery_codes[0]), ("recovery", "AAAA-BBBB-CCCC")]
    answers = [told(browser.post("/session/code", {"method": method, "code": code})) for method, code in bodies]
    assert len({str(answer) for answer in answers}) == 1
    assert "user_auth.code_refused" in answers[0][1]
    refused = browser.post("/session/code", {"method": "totp", "code": code_of(people, secret)})
    assert refusal(refused) == (403, "user_auth.too_many_attempts")
    people.clock.advance(30)
    assert browser.post("/session/code", {"method": "totp", "code": code_of(people, secret)}).status_code == 200


def test_guesses_at_the_code_are_not_forgiven_by_the_password(people: Program) -> None:
    secret, _codes = enrol_totp(people, NAME)
    for _ in range(6):
        browser = open_browser(people)
        try_password(browser, NAME)
        browser.post("/session/code", {"method": "totp", "code": "000000"})
    try_password(browser, NAME)
    refused = browser.post("/session/code", {"method": "totp", "code": code_of(people, secret)})
    assert refusal(refused) == (403, "user_auth.too_many_attempts")


def test_the_proof_of_the_password_waits_five_minutes_and_serves_once(people: Program) -> None:
    secret, _codes = enrol_totp(people, NAME)
    browser = open_browser(people)
    assert refusal(browser.post("/session/code", {"method": "totp", "code": "000000"})) == (403, "user_auth.sign_in_expired")
    try_password(browser, NAME)
    people.clock.advance(300)
    code = {"method": "totp", "code": code_of(people, secret)}
    assert refusal(browser.post("/session/code", code)) == (403, "user_auth.sign_in_expired")
    try_password(browser, NAME)
    pending = browser.client.get_cookie("quantbox_pending")
    assert pending is not None
    assert browser.post("/session/code", code).status_code == 200
    thief = open_browser(people)
    thief.client.set_cookie("quantbox_pending", pending.value)
    people.clock.advance(60)
    code["code"] = code_of(people, secret)
    assert refusal(thief.post("/session/code", code)) == (403, "user_auth.sign_in_expired")


def test_a_changed_password_voids_what_waits_for_the_second_factor(people: Program) -> None:
    secret, _codes = enrol_totp(people, "viewer")
    browser, owner = open_browser(people), enter(people, NAME)
    try_password(browser, "viewer")
    owner.post(f"/people/{person_of(people, 'viewer')}/password", {"password": "tall grass, 9 herons"})
    answer = browser.post("/session/code", {"method": "totp", "code": code_of(people, secret)})
    assert refusal(answer) == (403, "user_auth.sign_in_expired")


# --- new places ---


def test_a_new_device_or_address_is_told_of_listed_and_recorded(people: Program) -> None:
    news: list[dict[str, Any]] = []
    people.open_services.bus.subscribe("user_auth.new_place", lambda _topic, message: news.append(message))

    def come(browser: Browser, address: str) -> bool:
        browser.token = ""
        told_before = len(news)
        agent = "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1"
        browser.client.environ_base |= {"REMOTE_ADDR": address, "HTTP_USER_AGENT": agent}
        enter(people, NAME, browser=browser)
        (mine,) = [one for one in browser.api("/sessions")["items"] if one["is_current"]]
        assert (mine["address"], mine["device"]) == (address, "Safari · iPad")
        assert mine["is_new_place"] == (len(news) > told_before)
        return bool(mine["is_new_place"])

    first, second = open_browser(people), open_browser(people)
    assert come(first, "192.168.1.20"), "the first device, for an owner who was made elsewhere"
    assert not come(first, "192.168.1.20")
    assert come(first, "192.168.1.99"), "a new address"
    assert not come(first, "192.168.1.20")
    assert come(second, "192.168.1.20"), "a new device"
    assert news[-1] == {
        "person": NAME,
        "device": "Safari · iPad",
        "address": "192.168.1.20",
        "at": people.clock.now().isoformat(),
    }
    recorded = [json.loads(record.facts) for record in log_of(people) if record.act == "session.sign_in"]
    assert [facts.get("is_new_place", False) for facts in recorded] == [True, False, True, False, True]


def test_a_sign_in_is_recorded_with_who_and_how_and_a_refused_one_without_what_was_typed(people: Program) -> None:
    secret, _codes = enrol_totp(people, NAME)
    browser = open_browser(people)
    try_password(browser, "my password in the wrong field")
    try_password(browser, NAME, "wrong")
    try_password(browser, NAME)
    browser.post("/session/code", {"method": "totp", "code": code_of(people, secret)})
    records = [record for record in log_of(people) if record.act == "session.sign_in"]
    shown = [(record.outcome, record.person, json.loads(record.facts)) for record in records]
    refused = {"code": "user_auth.sign_in_refused", "method": "password"}
    assert shown == [
        ("refused", "", refused),
        ("refused", "", refused | {"name": NAME}),
        ("done", NAME, {"is_new_place": True, "method": "totp"}),
    ]

"""Sessions as browsers have them: fixation, idleness, age, step-up, and what ends them."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from queue import Queue

import pytest
from sqlalchemy import select, text

from quantbox.core.clock import FixedClock
from quantbox.core.roles import Role
from quantbox.user_auth.tables import WebSessionRow
from quantbox.web.serving.server import Server
from tests.user_auth.setting import (
    beside,
    cheap_passwords,
    code_of,
    enrol_totp,
    enter,
    person_of,
    refusal,
    state_of,
    step_up_state,
)
from tests.web.program import NAME, PASSWORD, Browser, Program, add_person, browser, new_program, open_browser, program, sign_in
from tests.web.test_sockets import PageSocket, closes_within, subscribe

__all__ = ["browser", "cheap_passwords", "new_program", "program"]

NEW_PASSWORD = "tall grass, 9 herons"


def cookie_of(browser: Browser, name: str = "quantbox_session") -> str:
    cookie = browser.client.get_cookie(name)
    assert cookie is not None
    return cookie.value


def with_cookie(program: Program, value: str) -> Browser:
    """Return a browser somebody put this session cookie into."""
    thief = open_browser(program)
    thief.client.set_cookie("quantbox_session", value)
    return thief


# --- the cookie ---


def test_the_cookies_are_closed_to_scripts_and_other_sites_and_of_256_bits(program: Program) -> None:
    add_person(program)
    browser = open_browser(program)
    answer = browser.post("/session/password", {"name": NAME, "password": PASSWORD})
    cookies = {one.partition("=")[0]: one.split("; ") for one in answer.headers.getlist("Set-Cookie")}
    for name in ("quantbox_session", "quantbox_device"):
        value, *attributes = cookies[name]
        assert {"HttpOnly", "Path=/", "SameSite=Strict"} <= set(attributes), name
        assert len(value.partition("=")[2]) >= 43, "256 bits in base64"
    assert set(cookies["quantbox_session"][1:]) == {"HttpOnly", "Path=/", "SameSite=Strict"}, "it ends with the browser"
    assert f"Max-Age={400 * 24 * 3600}" in cookies["quantbox_device"]


def test_over_tls_the_cookies_travel_by_tls_alone(program: Program) -> None:
    add_person(program)
    browser = open_browser(program)
    app = browser.client.application
    with app.test_request_context("/", base_url="https://localhost"):
        from flask import Response

        from quantbox.web.cookies import drop_cookie, set_device_cookie, set_secret_cookie

        response = Response()
        set_secret_cookie(response, "a", "x")
        set_device_cookie(response, "x")
        drop_cookie(response, "a")
        assert all("; Secure" in cookie for cookie in response.headers.getlist("Set-Cookie"))


def test_signing_in_gives_a_new_id_and_voids_the_one_held_before(program: Program, cheap_passwords: None) -> None:
    add_person(program)
    browser = open_browser(program)
    browser.client.set_cookie("quantbox_session", "chosen-by-somebody-else")
    enter(program, NAME, browser=browser)
    first = cookie_of(browser)
    assert first != "chosen-by-somebody-else"
    enter(program, NAME, browser=browser)
    assert cookie_of(browser) != first
    assert state_of(with_cookie(program, first)) == "unlocked"
    assert len(browser.api("/sessions")["items"]) == 1


def test_a_device_cookie_nobody_gave_is_not_taken_over(program: Program, cheap_passwords: None) -> None:
    add_person(program)
    browser = open_browser(program)
    browser.client.set_cookie("quantbox_device", "chosen-by-somebody-else")
    enter(program, NAME, browser=browser)
    assert cookie_of(browser, "quantbox_device") != "chosen-by-somebody-else"


def test_the_store_holds_no_cookie(program: Program, browser: Browser) -> None:
    cookies = {cookie_of(browser), cookie_of(browser, "quantbox_device")}
    with program.open_services.sessions() as session:
        for table in ("web_sessions", "devices", "pending_sign_ins"):
            for row in session.execute(text(f"SELECT * FROM {table}")):
                assert not cookies & {str(value) for value in row}
        assert len(session.scalars(select(WebSessionRow.key)).all()) == 1


# --- step-up ---


def test_step_up_takes_the_password_where_no_factor_is_enrolled_and_holds_five_minutes(
    program: Program, browser: Browser, clock: FixedClock
) -> None:
    assert browser.api("/session/step-up") == {"methods": ["password"], "fresh_until": None}
    assert refusal(browser.post("/people", {"name": "x", "role": "viewer", "password": NEW_PASSWORD})) == (
        403,
        "web.step_up_needed",
    )
    wrong = browser.post("/session/step-up", {"method": "password", "code": "wrong"})
    assert refusal(wrong) == (403, "user_auth.current_password_wrong")
    assert not step_up_state(browser)
    before = cookie_of(browser)
    browser.step_up()
    assert cookie_of(browser) != before, "a new id at step-up"
    assert state_of(with_cookie(program, before)) == "unlocked"
    assert browser.send("PUT", "/settings", {"theme": "dark"}).status_code == 200, "with the new token"
    clock.advance(299)
    assert step_up_state(browser)
    clock.advance(1)
    assert not step_up_state(browser)


def test_step_up_takes_the_second_factor_and_no_password_once_one_is_enrolled(program: Program, browser: Browser) -> None:
    secret, recovery_codes = enrol_totp(program, NAME)
    assert browser.api("/session/step-up")["methods"] == ["totp", "recovery"]
    refused = browser.post("/session/step-up", {"method": "password", "code": PASSWORD})
    assert refusal(refused) == (403, "user_auth.code_refused")
    code = code_of(program, secret)
    assert browser.post("/session/step-up", {"method": "totp", "code": code}).status_code == 200
    replayed = browser.post("/session/step-up", {"method": "totp", "code": code})
    assert refusal(replayed) == (403, "user_auth.code_refused")
    assert browser.post("/session/step-up", {"method": "recovery", "code": recovery_codes[0]}).status_code == 200


def test_guesses_at_step_up_are_slowed_down(program: Program, browser: Browser) -> None:
    enrol_totp(program, NAME)
    for _ in range(5):
        browser.post("/session/step-up", {"method": "totp", "code": "000000"})
    refused = browser.post("/session/step-up", {"method": "totp", "code": "000000"})
    assert (refusal(refused), refused.headers["Retry-After"]) == ((403, "user_auth.too_many_attempts"), "1")


def test_signing_in_counts_as_a_proof_for_five_minutes(program: Program, clock: FixedClock, cheap_passwords: None) -> None:
    add_person(program)
    browser = enter(program, NAME)
    assert step_up_state(browser)
    clock.advance(300)
    assert not step_up_state(browser)


# --- idle and old ---


def test_a_session_ends_when_nobody_touches_anything_however_often_the_page_reads_or_writes(
    browser: Browser, clock: FixedClock
) -> None:
    for _ in range(29):
        clock.advance(60)
        browser.api("/jobs")
        browser.send("PUT", "/settings", {"theme": "dark"})
    assert state_of(browser) == "signed_in"
    clock.advance(60)
    assert refusal(browser.get("/api/v1/jobs")) == (401, "web.sign_in_needed")
    browser.get("/", headers={"Sec-Fetch-Mode": "navigate"})
    assert state_of(browser) == "unlocked", "an ended session does not come back"


@pytest.mark.parametrize("by", ["page", "activity"])
def test_opening_a_page_or_using_key_pointer_or_touch_keeps_the_session(browser: Browser, clock: FixedClock, by: str) -> None:
    clock.advance(29 * 60)
    if by == "page":
        browser.get("/", headers={"Sec-Fetch-Mode": "navigate"})
    else:
        assert browser.post("/session/activity").status_code == 200
    clock.advance(29 * 60)
    assert state_of(browser) == "signed_in"


def test_the_setting_says_how_long_a_session_may_be_idle(browser: Browser, clock: FixedClock) -> None:
    browser.step_up().send("PUT", "/settings", {"idle_minutes": 5})
    clock.advance(5 * 60 - 1)
    assert state_of(browser) == "signed_in"
    clock.advance(1)
    assert state_of(browser) == "unlocked"


def test_a_session_in_use_goes_on_until_it_is_twelve_hours_old(browser: Browser, clock: FixedClock) -> None:
    for _ in range(12 * 4 - 1):
        clock.advance(15 * 60)
        browser.post("/session/activity")
    assert state_of(browser) == "signed_in"
    clock.advance(15 * 60)
    assert state_of(browser) == "unlocked"


def test_signing_in_sweeps_sessions_that_have_ended(program: Program, browser: Browser, clock: FixedClock) -> None:
    clock.advance(31 * 60)
    sign_in(open_browser(program), program)
    with program.open_services.sessions() as session:
        assert len(session.scalars(select(WebSessionRow.id)).all()) == 1


# --- ending ---


def test_signing_out_ends_this_browsers_session_only(browser: Browser, program: Program) -> None:
    other = sign_in(open_browser(program), program)
    cookie = cookie_of(browser)
    answer = browser.post("/session/end")
    assert (answer.get_json()["state"], answer.headers["Clear-Site-Data"]) == ("unlocked", '"cache", "storage"')
    assert browser.client.get_cookie("quantbox_session") is None
    assert (state_of(with_cookie(program, cookie)), state_of(other)) == ("unlocked", "signed_in")


def test_the_owner_sees_and_ends_everybodys_sessions_and_others_their_own(program: Program, browser: Browser) -> None:
    viewer = sign_in(open_browser(program), program, "viewer", Role.VIEWER)
    trader = sign_in(open_browser(program), program, "trader", Role.TRADER)
    assert {one["person"] for one in browser.api("/sessions")["items"]} == {NAME, "viewer", "trader"}
    (own,) = viewer.api("/sessions")["items"]
    assert (own["person"], own["is_current"]) == ("viewer", True)
    ids = {one["person"]: one["id"] for one in browser.api("/sessions")["items"]}
    assert refusal(viewer.send("DELETE", f"/sessions/{ids['trader']}")) == (404, "user_auth.session_unknown")
    assert state_of(trader) == "signed_in"
    assert browser.send("DELETE", f"/sessions/{ids['trader']}").status_code == 200
    assert (state_of(trader), state_of(viewer)) == ("unlocked", "signed_in")
    assert refusal(browser.send("DELETE", f"/sessions/{ids['trader']}")) == (404, "user_auth.session_unknown")
    viewer.send("DELETE", f"/sessions/{ids['viewer']}")
    assert state_of(viewer) == "unlocked"


def test_a_changed_password_ends_that_persons_other_sessions_and_tokens(
    program: Program, browser: Browser, cheap_passwords: None
) -> None:
    mine, elsewhere = enter(program, NAME), enter(program, NAME)
    viewer = sign_in(open_browser(program), program, "viewer", Role.VIEWER)
    issued = elsewhere.post("/tokens", {"name": "script", "role": "trader", "days": 7}).get_json()
    wrong = mine.post("/me/password", {"current_password": "wrong", "new_password": NEW_PASSWORD})
    assert refusal(wrong) == (403, "user_auth.current_password_wrong")
    program.clock.advance(1)
    answer = mine.post("/me/password", {"current_password": PASSWORD, "new_password": NEW_PASSWORD})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert [state_of(one) for one in (mine, elsewhere, browser, viewer)] == ["signed_in", "unlocked", "unlocked", "signed_in"]
    script = open_browser(program)
    assert script.get("/api/v1/jobs", headers={"Authorization": f"Bearer {issued['token']}"}).status_code == 401
    assert refusal(script.post("/tokens/refresh", {"refresh_token": issued["refresh_token"]}))[0] == 403, "as CVE-2026-43911"
    enter(program, NAME, NEW_PASSWORD)


# --- sockets ---


@pytest.fixture
def server(browser: Browser) -> Iterator[Server]:
    server = Server(browser.client.application.wsgi_app)  # type: ignore[arg-type]  # Flask's is typed more loosely
    server.start()
    yield server
    server.stop()


def watch_checks(program: Program, monkeypatch: pytest.MonkeyPatch) -> Queue[bool]:
    """Return what the open sockets are told from now on whenever they ask whether their session goes on."""
    told: Queue[bool] = Queue()
    is_alive = program.open_services.web_sessions.is_alive

    def watched(session_id: str) -> bool:
        told.put(is_alive(session_id))
        return is_alive(session_id)

    monkeypatch.setattr(program.open_services.web_sessions, "is_alive", watched)
    return told


@pytest.mark.parametrize("end", ["session", "device", "person", "password", "step-up"])
def test_revoking_ends_pages_and_sockets_within_five_seconds(
    program: Program, browser: Browser, server: Server, end: str, cheap_passwords: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = sign_in(beside(browser), program, "viewer", Role.VIEWER)
    browser.step_up()
    if end == "step-up":  # nothing ends, so nothing is waited for but the checks
        monkeypatch.setattr("quantbox.web.sockets.CHECK_SECONDS", 0.1)
    headers = {"Cookie": f"quantbox_session={cookie_of(victim)}", "Origin": server.url}
    socket = PageSocket.connect(f"ws://localhost:{server.port}/api/v1/events", headers=headers)
    subscribe(socket, "jobs.")
    issued = program.open_services.tokens.create(
        person_of(program, "viewer"),
        "script",
        Role.VIEWER,
        Role.VIEWER,
        device_id=victim.api("/devices")["items"][0]["id"],
    )
    program.clock.advance(1)
    (mine,) = victim.api("/sessions")["items"]
    (device,) = victim.api("/devices")["items"]
    if end == "session":
        browser.send("DELETE", f"/sessions/{mine['id']}")
    elif end == "device":
        browser.send("DELETE", f"/devices/{device['id']}")
    elif end == "person":
        browser.send("PUT", f"/people/{person_of(program, 'viewer')}", {"is_active": False})
    elif end == "password":
        browser.post(f"/people/{person_of(program, 'viewer')}/password", {"password": NEW_PASSWORD})
    else:  # a new cookie is no end: the page's socket goes on
        asked = watch_checks(program, monkeypatch)
        victim.step_up()
        for _check in range(2):
            assert asked.get(timeout=20), "the session goes on"
        program.open_services.bus.publish("jobs.changed", {})
        assert socket.receive(timeout=20) is not None
        socket.close()
        return
    ended_at = time.monotonic()
    assert closes_within(socket, 5)
    assert time.monotonic() - ended_at < 5
    connection = http.client.HTTPConnection("localhost", server.port, timeout=20)
    connection.request("GET", "/api/v1/jobs", headers={"Cookie": headers["Cookie"]})
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["code"]) == (401, "web.sign_in_needed")
    connection.close()
    script = open_browser(program).get("/api/v1/jobs", headers={"Authorization": f"Bearer {issued.token}"})
    assert script.status_code == (200 if end == "session" else 401), "a token has an end of its own to a session"

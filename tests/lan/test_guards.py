"""The guards as a tablet meets them: names, origins, cookies, headers and rates on the listener of the LAN."""

from __future__ import annotations

import re

import pytest

from quantbox.web import rate_limits
from quantbox.web.rate_limits import Rate, RateLimits
from tests.lan.authorities import NAME
from tests.lan.tablets import ADDRESS, PORT, Lan
from tests.web.program import Browser, Program, sign_in

HOSTS = (NAME, ADDRESS, "[fd12:3456::1]")


OTHER_HOSTS = (
    "evil.example",
    f"evil.example:{PORT}",
    f"localhost:{PORT}",
    f"127.0.0.1:{PORT}",
    f"192.168.1.24:{PORT}",
    f"sub.{NAME}:{PORT}",
    f"{NAME}.evil.example:{PORT}",
    f"{NAME}:81",
    NAME,
    f"{NAME}.:{PORT}",
    "",
)


def test_promise_15_the_listener_answers_to_its_own_names_and_no_other(lan_program: Lan) -> None:
    tablet = lan_program.tablet()
    for host in (*HOSTS, NAME.upper()):
        assert tablet.get("/api/v1/status", headers={"Host": f"{host}:{PORT}"}).status_code == 200, host
    for host in OTHER_HOSTS:
        for path in ("/api/v1/status", "/", "/static/favicon.svg", "/api/v1/events", "/pair", "/api/v1/pair/authority.crt"):
            assert tablet.get(path, headers={"Host": host}).status_code == 400, (host, path)


def test_the_window_does_not_answer_to_the_names_of_the_lan(lan_program: Lan) -> None:
    for host in (*HOSTS, f"{NAME}:80"):
        assert lan_program.window().get("/api/v1/status", headers={"Host": host}).status_code == 400, host


def test_a_changed_address_is_refused_from_then_on(lan_program: Lan) -> None:
    tablet = lan_program.tablet(origin=f"https://{ADDRESS}:{PORT}")
    assert tablet.get("/api/v1/status").status_code == 200
    lan_program.door.hosts = (NAME, "10.20.30.40")
    assert tablet.get("/api/v1/status").status_code == 400


def test_promise_16_a_socket_over_the_lan_needs_its_own_origin(lan_program: Lan, program: Program) -> None:
    tablet = lan_program.tablet().take_session(program)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    for origin in (None, "https://evil.example", f"https://{NAME}", f"http://{NAME}:{PORT}", f"https://{ADDRESS}:{PORT}", "null"):
        headers = upgrade | ({"Origin": origin} if origin else {})
        answer = tablet.get("/api/v1/events", headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "web.cross_site_refused"), origin


def test_promise_18_state_changes_over_the_lan_need_token_and_origin(lan_program: Lan, program: Program) -> None:
    tablet = lan_program.tablet().take_session(program)
    assert tablet.post("/session/activity").status_code == 200
    for headers in (
        {"X-CSRF-Token": "0" * 64},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": f"https://{ADDRESS}:{PORT}"},
        {"Origin": "http://localhost"},
        {"Origin": "null"},
    ):
        assert tablet.post("/session/activity", headers=headers).get_json()["code"] == "web.cross_site_refused", headers


def test_promise_20_every_answer_over_the_lan_carries_the_headers_and_strict_transport(lan_program: Lan) -> None:
    tablet = lan_program.tablet()  # of a stranger; what the signed-in read is walked in tests/web/test_guards.py
    rules = {re.sub(r"<\w+(:\w+)?>", "x", rule.rule) for rule in lan_program.app.url_map.iter_rules()}
    for path in sorted(rules | {"/nothing", "/api/v1/nothing", "/static/favicon.svg"}):
        headers = tablet.get(path).headers
        assert headers["Strict-Transport-Security"] == "max-age=31536000", path
        assert "default-src 'none'; script-src 'self'" in headers["Content-Security-Policy"], path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "publickey-credentials-get=(self)" in headers["Permissions-Policy"], path
        assert headers["Cache-Control"] == ("no-cache" if path.startswith("/static/") else "no-store"), path
    refused = tablet.get("/api/v1/status", headers={"Host": "evil.example"})
    assert refused.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert "Strict-Transport-Security" not in lan_program.window().get("/").headers


def test_promise_21_cookies_given_over_the_lan_are_secure(lan_program: Lan) -> None:
    given = lan_program.tablet().get("/api/v1/status").headers.getlist("Set-Cookie")
    assert given
    for cookie in given:
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}


def test_while_locked_the_lan_shows_only_the_unlock_page(lan_program: Lan, program: Program) -> None:
    tablet = lan_program.tablet().take_session(program)
    program.lock()
    for path in ("/", "/market", "/settings", "/backtests"):
        answer = tablet.get(path)
        assert (answer.status_code, answer.headers["Location"].partition("?")[0]) == (302, "/unlock"), path
    assert tablet.get("/unlock").status_code == 200
    assert tablet.get("/api/v1/overview").get_json()["code"] == "vault.locked"


def test_guesses_from_one_address_are_refused_with_a_time_to_wait_and_the_window_is_not(lan_program: Lan, owner: Browser) -> None:
    thief = lan_program.tablet("192.168.1.66")
    answers = [thief.post("/pair", {"code": "A" * 22, "name": "x", "nonce": "A" * 22}) for _ in range(25)]
    assert [answer.status_code for answer in answers[:20]] == [403] * 20
    refused = answers[-1]
    assert (refused.status_code, refused.get_json()["code"]) == (429, "web.too_many_requests")
    assert 1 <= int(refused.headers["Retry-After"]) <= 2
    assert refused.get_json()["hint"]
    assert thief.get("/api/v1/status").status_code == 200
    other = lan_program.tablet("192.168.1.20")
    assert other.post("/pair", {"code": "A" * 22, "name": "x", "nonce": "A" * 22}).status_code == 403
    assert owner.post("/session/activity").status_code == 200


def test_an_expensive_route_is_bounded_for_each_session(
    lan_program: Lan, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "EXPENSIVE_OF_SESSION", Rate(burst=3, per_second=1))
    lan_program.app.extensions["quantbox.rate_limits"] = RateLimits(program.clock.monotonic)
    expensive = {one.rule for one in lan_program.app.extensions["quantbox.endpoints"] if one.is_expensive}
    assert {"/backtests", "/data/imports", "/data/updates", "/backups", "/export", "/audit/export"} <= expensive
    first, second = sign_in(lan_program.window(), program), sign_in(lan_program.window(), program)
    codes = [first.post("/data/updates", {"symbols": ["600000.SH"]}).status_code for _ in range(4)]
    assert [code == 429 for code in codes] == [False, False, False, True]
    assert second.post("/data/updates", {"symbols": ["600000.SH"]}).status_code != 429
    program.clock.advance(1)
    assert first.post("/data/updates", {"symbols": ["600000.SH"]}).status_code != 429

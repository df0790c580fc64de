"""API tokens over HTTP: what a script may do with one, what it may not, and how soon a revoked one is refused."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from quantbox.core.clock import FixedClock
from quantbox.core.roles import Role
from quantbox.web.api import API_PREFIX, Endpoint
from quantbox.web.sockets import EVENTS_PATH
from tests.user_auth.factors.setting import PASSWORD, cheap_passwords, sign_in, step_up
from tests.web.program import Browser, Program, new_program, open_browser, program

__all__ = ["cheap_passwords", "new_program", "program"]


@pytest.fixture
def browser(program: Program, cheap_passwords: None) -> Browser:
    """The owner's browser, stepped up."""
    browser = sign_in(program)
    step_up(browser)
    return browser


class Script:
    """A program without cookies or CSRF tokens that shows an API token."""

    def __init__(self, program: Program, token: str) -> None:
        self.client = open_browser(program).client
        self.token = token

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Ask the API."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        if body is not None:
            options["json"] = body
        return self.client.open(API_PREFIX + path, method=method, headers=headers, **options)

    def code(self, method: str, path: str, body: Any = None, **options: Any) -> tuple[int, str]:
        """Ask the API and return status and code of the refusal."""
        answer = self.call(method, path, body, **options)
        return answer.status_code, (answer.get_json(silent=True) or {}).get("code", "")


def make(browser: Browser, role: str = "trader", days: int = 7) -> dict[str, Any]:
    """Make a token in the browser."""
    answer = browser.post("/tokens", {"name": "夜间脚本", "role": role, "days": days})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    made: dict[str, Any] = answer.get_json()
    return made


SIGN_IN_NEEDED = (401, "web.sign_in_needed")
UNSUITABLE = (403, "web.token_unsuitable")


def test_a_script_reads_and_changes_with_a_token_alone(program: Program, browser: Browser) -> None:
    made = make(browser)
    assert set(made) == {"id", "token", "refresh_token", "expires_at"}
    script = Script(program, made["token"])
    assert script.call("GET", "/backtests").get_json()["items"] == []
    assert script.code("POST", "/jobs/none/cancel") == (404, "jobs.not_found")  # past the gate without a CSRF token
    (listed,) = browser.api("/tokens")["items"]
    assert (listed["name"], listed["role"], listed["person"], listed["last_address"]) == (
        "夜间脚本",
        "trader",
        "李雷",
        "127.0.0.1",
    )
    assert made["token"] not in json.dumps(listed)


def test_a_revoked_token_is_refused_within_five_seconds_by_every_process(program: Program, browser: Browser) -> None:
    made = make(browser)
    beside = second_process(program)
    here, elsewhere = Script(program, made["token"]), Script(beside, made["token"])
    assert [script.call("GET", "/backtests").status_code for script in (here, elsewhere)] == [200, 200]
    revoked_at = time.perf_counter()
    assert browser.send("DELETE", f"/tokens/{made['id']}").get_json() == {"items": []}
    assert [script.code("GET", "/backtests") for script in (here, elsewhere)] == [SIGN_IN_NEEDED] * 2
    assert time.perf_counter() - revoked_at < 5
    beside.lock()
    refused = here.client.post(f"{API_PREFIX}/tokens/refresh", json={"refresh_token": made["refresh_token"]})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "user_auth.refresh_token_refused")


def second_process(first: Program) -> Program:
    """Return another program on the same store, as the web process started anew beside the old one."""
    second = Program(first.folder, first.clock)
    second.open(first.open_services.keys)
    return second


def test_a_token_is_void_from_the_moment_the_password_changes(program: Program, browser: Browser, clock: FixedClock) -> None:
    script = Script(program, make(browser)["token"])
    clock.advance(1)
    changed = browser.post("/me/password", {"current_password": PASSWORD, "new_password": "渡口上的第二个登录密码 8"})
    assert changed.status_code == 200, changed.get_data(as_text=True)
    assert script.code("GET", "/backtests") == SIGN_IN_NEEDED


def test_a_token_of_somebody_switched_off_is_void(program: Program, browser: Browser) -> None:
    trader = sign_in(program, "韩梅梅", Role.TRADER)
    step_up(trader)
    script = Script(program, make(trader)["token"])
    assert script.call("GET", "/backtests").status_code == 200
    person_id = next(one["id"] for one in browser.api("/people")["items"] if one["name"] == "韩梅梅")
    assert browser.send("PUT", f"/people/{person_id}", {"is_active": False}).status_code == 200
    assert script.code("GET", "/backtests") == SIGN_IN_NEEDED


def test_while_the_vault_is_locked_no_token_works(program: Program, browser: Browser) -> None:
    made = make(browser)
    script = Script(program, made["token"])
    program.lock()
    assert script.code("GET", "/backtests") == (403, "vault.locked")
    assert script.code("POST", "/tokens/refresh", {"refresh_token": made["refresh_token"]}) == (403, "vault.locked")


def test_a_token_opens_nothing_of_the_owners_of_step_up_or_of_signing_in(program: Program, browser: Browser) -> None:
    script = Script(program, make(browser)["token"])
    endpoints: list[Endpoint] = browser.client.application.extensions["quantbox.endpoints"]
    refused = 0
    for one in endpoints:
        if one.role is None:
            continue
        is_personal = one.rule.split("/")[1] in ("me", "session", "sessions", "devices", "people", "tokens")
        is_closed = one.role is Role.OWNER or one.needs_step_up or is_personal
        assert one.takes_tokens != is_closed, one.name
        if is_closed:
            path = one.rule.replace("<", "x").replace(">", "x")
            assert script.code(one.method, path) == UNSUITABLE, one.name
            refused += 1
    assert refused > 40


def test_a_viewers_token_only_looks(program: Program, browser: Browser) -> None:
    script = Script(program, make(browser, "viewer")["token"])
    assert script.call("GET", "/backtests").status_code == 200
    assert script.code("POST", "/jobs/none/cancel") == (403, "web.role_missing")


def test_no_token_has_the_owners_role(browser: Browser) -> None:
    for role in ("owner", "admin", ""):
        answer = browser.post("/tokens", {"name": "x", "role": role, "days": 7})
        expected = "user_auth.token_role_too_high" if role == "owner" else "web.request_invalid"
        assert (answer.status_code, answer.get_json()["code"]) == (400, expected), role


def test_a_session_held_to_looking_makes_no_token_that_trades(
    program: Program, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = program.open_services.web_sessions
    find = sessions.find

    def on_a_held_device(cookie: str) -> Any:
        found = find(cookie)
        assert found is not None
        return replace(found, device=replace(found.device, max_role=Role.VIEWER))

    monkeypatch.setattr(sessions, "find", on_a_held_device)
    answer = browser.post("/tokens", {"name": "x", "role": "trader", "days": 7})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "user_auth.token_role_too_high")
    assert browser.post("/tokens", {"name": "x", "role": "viewer", "days": 7}).status_code == 201


def test_no_access_token_lives_longer_than_seven_days(browser: Browser) -> None:
    for days in (0, 8, 1.5):
        answer = browser.post("/tokens", {"name": "x", "role": "viewer", "days": days})
        assert answer.get_json()["code"] == "web.request_invalid", days


def test_making_one_needs_a_step_up_and_revoking_does_not(browser: Browser, clock: FixedClock) -> None:
    made = make(browser)
    clock.advance(300)
    refused = browser.post("/tokens", {"name": "x", "role": "viewer", "days": 7})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "web.step_up_needed")
    assert browser.send("DELETE", f"/tokens/{made['id']}").status_code == 200


def test_a_token_and_a_session_never_add_up(program: Program, browser: Browser) -> None:
    """A token beside the owner's cookie has the token's authority alone; a void one beside it has none."""
    made = make(browser, "viewer")
    for token, expected in ((made["token"], UNSUITABLE), ("forged", SIGN_IN_NEEDED), ("", SIGN_IN_NEEDED)):
        answer = browser.client.get(f"{API_PREFIX}/people", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.get_json()["code"]) == expected
    ended = browser.client.post(f"{API_PREFIX}/session/end", headers={"Authorization": f"Bearer {made['token']}"})
    assert ended.get_json()["code"] == "web.token_unsuitable"
    assert browser.api("/status")["state"] == "signed_in"


def test_a_session_still_needs_the_token_of_its_page(browser: Browser) -> None:
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearerx y"}):
        answer = browser.client.post(f"{API_PREFIX}/jobs/none/cancel", headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "web.cross_site_refused")


def test_pages_and_sockets_take_no_token(program: Program, browser: Browser) -> None:
    script = Script(program, make(browser)["token"])
    shown = {"Authorization": f"Bearer {script.token}"}
    page, without = script.client.get("/settings", headers=shown), script.client.get("/settings")
    assert (page.status_code, page.location) == (without.status_code, without.location)
    assert page.status_code == 302  # to the page for signing in
    upgrade = {**shown, "Upgrade": "websocket", "Connection": "Upgrade", "Origin": "http://localhost"}
    answer = script.client.get(EVENTS_PATH, headers=upgrade)
    assert (answer.status_code, answer.get_json()["code"]) == UNSUITABLE


def test_refreshing_needs_nothing_but_the_refresh_token(program: Program, browser: Browser, clock: FixedClock) -> None:
    made = make(browser)
    client = open_browser(program).client
    clock.advance(8 * 86400)
    assert Script(program, made["token"]).code("GET", "/backtests") == SIGN_IN_NEEDED
    newer = client.post(f"{API_PREFIX}/tokens/refresh", json={"refresh_token": made["refresh_token"]}).get_json()
    assert Script(program, newer["token"]).call("GET", "/backtests").status_code == 200
    reused = client.post(f"{API_PREFIX}/tokens/refresh", json={"refresh_token": made["refresh_token"]})
    assert (reused.status_code, reused.get_json()["code"]) == (403, "user_auth.refresh_token_reused")
    assert Script(program, newer["token"]).code("GET", "/backtests") == SIGN_IN_NEEDED
    other_site = {"Origin": "https://evil.example"}
    refused = client.post(f"{API_PREFIX}/tokens/refresh", json={"refresh_token": "x"}, headers=other_site)
    assert refused.get_json()["code"] == "web.cross_site_refused"


def test_tokens_are_ones_own_and_the_owner_sees_everybodys(program: Program, browser: Browser) -> None:
    trader = sign_in(program, "韩梅梅", Role.TRADER)
    step_up(trader)
    mine, theirs = make(browser), make(trader)
    assert [one["id"] for one in trader.api("/tokens")["items"]] == [theirs["id"]]
    assert [one["id"] for one in browser.api("/tokens")["items"]] == [mine["id"], theirs["id"]]
    assert trader.send("DELETE", f"/tokens/{mine['id']}").get_json()["code"] == "user_auth.token_missing"
    assert browser.send("DELETE", f"/tokens/{theirs['id']}").status_code == 200


def test_making_refreshing_and_revoking_are_recorded_without_the_halves(program: Program, browser: Browser) -> None:
    made = make(browser)
    client = open_browser(program).client
    newer = client.post(f"{API_PREFIX}/tokens/refresh", json={"refresh_token": made["refresh_token"]}).get_json()
    client.post(f"{API_PREFIX}/tokens/refresh", json={"refresh_token": made["refresh_token"]})
    made_again = make(browser)
    browser.send("DELETE", f"/tokens/{made_again['id']}")
    items = [item for item in browser.api("/audit")["items"] if item["act"].startswith("token.")]
    assert [(item["act"], item["outcome"]) for item in items] == [
        ("token.revoke", "done"),
        ("token.create", "done"),
        ("token.refresh", "refused"),
        ("token.refresh", "done"),
        ("token.create", "done"),
    ]
    assert items[3]["facts"]["token_id"] == made["id"]
    written = json.dumps(items)
    for pair in (made, newer, made_again):
        assert pair["token"] not in written
        assert pair["refresh_token"] not in written


def test_the_example_of_the_documentation_works(
    program: Program, browser: Browser, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pathlib import Path
    from urllib.request import Request

    page = (Path(__file__).resolve().parents[3] / "docs" / "api-tokens.md").read_text(encoding="utf-8")
    source = page.split("```python\n")[1].split("```")[0]
    made = make(browser)
    monkeypatch.chdir(tmp_path)
    Path("quantbox-token.json").write_text(json.dumps(made), encoding="utf-8")
    client, asked = open_browser(program).client, []

    def urlopen(request: Request) -> io.BytesIO:
        assert request.full_url.startswith("http://localhost:8000/api/v1")
        path = request.full_url.removeprefix("http://localhost:8000")
        answer = client.open(path, method=request.get_method(), data=request.data, headers=dict(request.header_items()))
        asked.append((request.get_method(), path, answer.status_code))
        return io.BytesIO(answer.get_data())

    monkeypatch.setattr("urllib.request.urlopen", urlopen)
    exec(compile(source, "api-tokens.md", "exec"), {})
    assert asked == [("POST", "/api/v1/tokens/refresh", 200), ("GET", "/api/v1/backtests", 200)]
    assert json.loads(Path("quantbox-token.json").read_text())["refresh_token"] != made["refresh_token"]

"""The rules every route of the API keeps, walked over the routes there are."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from pydantic import BaseModel

from quantbox.core.roles import Role
from quantbox.web.api import API_PREFIX, Answer, Body, Endpoint, Routes, register
from quantbox.web.sockets import EVENTS_PATH
from tests.web.program import Browser, Program, open_browser

#: What anybody on this machine may ask without being signed in.
PUBLIC = {
    "/pair",
    "/pair/authority.crt",
    "/openapi.json",
    "/owner/password",
    "/restore",
    "/restore/progress",
    "/session/code",
    "/session/launch",
    "/session/passkey",
    "/session/passkey/options",
    "/session/password",
    "/session/reset-password",
    "/session/sms",
    "/status",
    "/tokens/refresh",
    "/vault/create",
    "/vault/rotation",
    "/vault/unlock",
    "/vault/unlock-by-kms",
    "/vault/unlock-by-recovery",
}


@pytest.fixture
def app(browser: Browser) -> Flask:
    return browser.client.application


def endpoints(app: Flask) -> list[Endpoint]:
    found: list[Endpoint] = app.extensions["quantbox.endpoints"]
    return found


def address(endpoint: Endpoint) -> str:
    """Return an address of the route, whatever its arguments."""
    return API_PREFIX + re.sub(r"<\w+>", "x", endpoint.rule)


def test_every_api_address_of_the_url_map_is_a_route_with_role_and_schema(app: Flask) -> None:
    declared = {(API_PREFIX + one.rule, one.method) for one in endpoints(app)}
    served = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") and rule.rule != EVENTS_PATH
    }
    assert served == declared
    assert len(declared) >= 30
    for one in endpoints(app):
        assert one.role is None or isinstance(one.role, Role)
        assert one.answer is not None
        assert one.body is None or one.changes_state, f"{one.name} reads with a body"
        assert one.body is None or not isinstance(one.body, type) or issubclass(one.body, BaseModel) or one.is_signed


def test_only_the_doors_are_public_and_only_handed_over_commands_are_signed(app: Flask) -> None:
    assert {one.rule for one in endpoints(app) if one.role is None and not one.is_signed} == PUBLIC
    assert {one.rule for one in endpoints(app) if one.is_signed} == {"/commands/<name>"}


def test_addresses_outside_the_api_only_read(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith(API_PREFIX):
            assert rule.methods is not None
            assert rule.methods <= {"GET", "HEAD", "OPTIONS"}, rule.rule


def test_a_stranger_reaches_nothing_private(stranger: Browser) -> None:
    for one in endpoints(stranger.client.application):
        if one.role is not None:
            answer = stranger.client.open(address(one), method=one.method)
            assert (answer.status_code, answer.get_json()["code"]) == (401, "web.sign_in_needed"), one.name


def test_while_locked_nothing_private_is_reached_even_with_a_session(browser: Browser, program: Program) -> None:
    program.lock()
    for one in endpoints(browser.client.application):
        if one.role is not None:
            answer = browser.send(one.method, one.rule)
            assert (answer.status_code, answer.get_json()["code"]) == (403, "vault.locked"), one.name


def test_no_state_changes_without_the_token_or_from_another_site(browser: Browser) -> None:
    token = browser.api("/status")["csrf_token"]
    for one in endpoints(browser.client.application):
        if not one.needs_page_token:
            continue
        for headers in (
            {},
            {"X-CSRF-Token": "0" * 64},
            {"X-CSRF-Token": token, "Sec-Fetch-Site": "cross-site"},
            {"X-CSRF-Token": token, "Sec-Fetch-Site": "same-site"},
            {"X-CSRF-Token": token, "Sec-Fetch-Site": "none"},
            {"X-CSRF-Token": token, "Origin": "https://evil.example"},
            {"X-CSRF-Token": token, "Origin": "http://localhost:81"},
            {"X-CSRF-Token": token, "Origin": "null"},
        ):
            answer = browser.client.open(address(one), method=one.method, headers=headers)
            assert (answer.status_code, answer.get_json()["code"]) == (403, "web.cross_site_refused"), (one.name, headers)


def test_a_visitors_token_is_void_in_another_browser(program: Program) -> None:
    first, second = open_browser(program), open_browser(program)
    token = first.api("/status")["csrf_token"]
    second.api("/status")
    answer = second.client.post("/api/v1/vault/unlock", json={"passphrase": "x"}, headers={"X-CSRF-Token": token})
    assert answer.get_json()["code"] == "web.cross_site_refused"


def test_problem_documents_have_one_shape_in_the_language_of_the_cookie(browser: Browser) -> None:
    for language, sentence in (("zh", "没有这个地址"), ("en", "There is nothing at this address")):
        browser.client.set_cookie("quantbox_language", language)
        answer = browser.get("/api/v1/nothing")
        assert answer.content_type == "application/problem+json"
        assert answer.get_json() == {
            "type": "urn:quantbox:error:web.address_unknown",
            "title": "Not Found",
            "status": 404,
            "detail": sentence,
            "code": "web.address_unknown",
            "hint": answer.get_json()["hint"],
            "facts": {"status": 404},
            "error_id": None,
        }
        assert answer.get_json()["hint"]


MISFITS: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("POST", "/api/v1/status", {}, 405, "web.method_not_allowed"),
    ("GET", "/api/v1/jobs?limit=0", {}, 400, "web.request_invalid"),
    ("GET", "/api/v1/jobs?limit=501", {}, 400, "web.request_invalid"),
    ("GET", "/api/v1/jobs?cursor=zz", {}, 400, "core.cursor_invalid"),
    ("GET", "/api/v1/jobs?colour=red", {}, 400, "web.request_invalid"),
    ("GET", "/api/v1/status?colour=red", {}, 400, "web.request_invalid"),
    ("GET", "/api/v1/jobs/none", {}, 404, "jobs.not_found"),
    ("PUT", "/api/v1/settings", {"data": b"{}", "content_type": "text/plain"}, 415, "web.media_type_unsupported"),
    ("PUT", "/api/v1/settings", {"data": b"{", "content_type": "application/json"}, 400, "web.request_invalid"),
    ("PUT", "/api/v1/settings", {"json": {"theme": "pink"}}, 400, "user_auth.setting_invalid"),
    ("PUT", "/api/v1/settings", {"json": {"fnot": "serif"}}, 400, "web.request_invalid"),
    (
        "PUT",
        "/api/v1/settings",
        {"data": b" " * (2 << 20) + b"{}", "content_type": "application/json"},
        413,
        "web.body_too_large",
    ),
]


def test_what_does_not_fit_is_refused_by_name(browser: Browser) -> None:
    token = browser.api("/status")["csrf_token"]
    for method, path, options, status, code in MISFITS:
        answer = browser.client.open(path, method=method, headers={"X-CSRF-Token": token}, **options)
        assert (answer.status_code, answer.get_json()["code"]) == (status, code), (method, path, code)


def test_a_refused_value_is_not_repeated(browser: Browser) -> None:
    answer = browser.send("PUT", "/settings", {"initial_cash": "my secret sum"})
    assert answer.status_code == 400
    assert "secret" not in answer.get_data(as_text=True)
    assert answer.get_json()["facts"]["problems"] == [{"field": "initial_cash", "kind": "decimal_parsing"}]


def test_a_fault_of_the_program_is_answered_with_an_id_that_the_log_explains(
    program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    browser = open_browser(program)
    routes = Routes("broken")

    @routes.add("GET", "/broken", role=None, answer=Answer)
    def fail() -> None:
        """Fail."""
        raise RuntimeError("600519.SH 1000 shares")

    register(browser.client.application, routes)
    answer = browser.get("/api/v1/broken")
    document = answer.get_json()
    assert (answer.status_code, document["code"]) == (500, "web.internal_error")
    assert "600519" not in answer.get_data(as_text=True)
    assert document["error_id"] in caplog.text
    assert "RuntimeError" in caplog.text
    assert "600519" not in caplog.text


def test_a_route_without_role_schema_or_description_cannot_be_written() -> None:
    routes = Routes("wrong")
    with pytest.raises(TypeError):
        routes.add("GET", "/x", answer=Answer)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        routes.add("GET", "/x", role=None)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="docstring"):
        routes.add("GET", "/x", role=None, answer=Answer)(lambda: None)


def test_an_answer_that_does_not_fit_its_schema_is_a_fault_not_a_surprise(program: Program) -> None:
    class Told(Answer):
        count: int

    class Asked(Body):
        count: int

    browser = open_browser(program)
    routes = Routes("other")

    @routes.add("POST", "/told", role=None, body=Asked, answer=Told)
    def tell(body: Asked) -> dict[str, Any]:
        """Tell more than was promised for two."""
        return {"count": body.count, **({"secret": "x"} if body.count == 2 else {})}

    register(browser.client.application, routes)
    assert browser.post("/told", {"count": 1}).get_json() == {"count": 1}
    answer = browser.post("/told", {"count": 2})
    assert answer.status_code == 500
    assert "secret" not in answer.get_data(as_text=True)

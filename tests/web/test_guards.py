"""Which hosts are answered, and what every answer tells the browser."""

from __future__ import annotations

import re

from quantbox.core.database import Base
from tests.web.program import Browser, Program, open_browser, sign_in

OTHER_HOSTS = (
    "evil.example",
    "evil.example:80",
    "localhost:81",
    "localhost.evil.example",
    "127.0.0.1.nip.io",
    "192.168.1.5",
    "[::2]",
    "",
    "localhost:80:80",
)


def test_local_names_with_the_right_port_are_answered(stranger: Browser) -> None:
    for host in ("localhost", "localhost:80", "127.0.0.1", "[::1]", "LOCALHOST:80"):
        assert stranger.get("/api/v1/status", headers={"Host": host}).status_code == 200, host


def test_promise_15_every_other_host_is_refused_everywhere(stranger: Browser) -> None:
    for host in OTHER_HOSTS:
        for path in ("/api/v1/status", "/", "/static/favicon.svg", "/api/v1/events"):
            assert stranger.get(path, headers={"Host": host}).status_code == 400, (host, path)


def test_promise_20_every_answer_carries_the_protecting_headers(browser: Browser) -> None:
    application = browser.client.application
    paths = {re.sub(r"<\w+(:\w+)?>", "x", rule.rule) for rule in application.url_map.iter_rules()}
    for path in sorted(paths | {"/nothing", "/api/v1/nothing", "/static/favicon.svg"}):
        headers = browser.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'"), path
        assert "unsafe" not in policy, path
        for part in ("frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "connect-src 'self'", "font-src 'self'"):
            assert part in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        for part in ("camera=()", "publickey-credentials-create=(self)", "publickey-credentials-get=(self)"):
            assert part in headers["Permissions-Policy"], path
        assert headers["Cache-Control"] == ("no-cache" if path.startswith("/static/") else "no-store"), path


def test_only_an_answer_that_takes_the_session_away_clears_what_the_browser_keeps(browser: Browser, program: Program) -> None:
    for path in ("/", "/api/v1/overview", "/static/favicon.svg"):
        assert "Clear-Site-Data" not in browser.get(path).headers, path
    assert "Clear-Site-Data" not in browser.post("/session/activity").headers
    ended = browser.post("/session/end")
    locked = sign_in(open_browser(program), program).post("/vault/lock")
    for answer in (ended, locked):
        assert answer.status_code == 200
        assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'  # no cookies: the device stays known
        (dropped,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("quantbox_session=")]
        assert "Max-Age=0" in dropped


def test_the_nonce_of_a_page_is_new_every_time(browser: Browser) -> None:
    policies = [browser.get("/").headers["Content-Security-Policy"] for _ in range(3)]
    nonces = {match[1] for policy in policies if (match := re.search(r"style-src 'self' 'nonce-([\w-]{20,})'", policy))}
    assert len(nonces) == 3


def stored(program: Program) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of the store but the log of acts, which rightly grows."""
    with program.open_services.engine.connect() as connection:
        return {
            name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for name, table in Base.metadata.tables.items()
            if not name.startswith("audit")
        }


def test_promise_18_no_reading_changes_anything(browser: Browser, program: Program) -> None:
    browser.step_up()
    before = stored(program)
    rules = [rule for rule in browser.client.application.url_map.iter_rules() if "GET" in (rule.methods or ())]
    for rule in rules:
        browser.get(re.sub(r"<\w+(:\w+)?>", "x", rule.rule))
    assert len(rules) > 40
    assert stored(program) == before

"""A passkey in a real Chromium, its security key played by the browser's own virtual authenticator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from quantbox.app.web import create_app
from quantbox.core.roles import Role
from quantbox.web.serving.server import Server
from tests.e2e.browser import open_chromium
from tests.user_auth.factors.setting import PASSWORD, cheap_passwords
from tests.web.program import Program, new_program, program

__all__ = ["cheap_passwords", "new_program", "program"]

pytestmark = pytest.mark.browser

# What a page does: take the server's JSON, ask the browser, send its JSON back.
CALLS = """
async ({path, body}) => {
  const status = await (await fetch('/api/v1/status')).json();
  const answer = await fetch('/api/v1' + path, {
    method: 'POST',
    headers: {'Content-Type': 'application/json', 'X-CSRF-Token': status.csrf_token},
    body: body === null ? null : JSON.stringify(body),
  });
  return [answer.status, await answer.json()];
}
"""
CREATE = """
async (options) => {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return (await navigator.credentials.create({publicKey})).toJSON();
}
"""
GET = """
async (options) => {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return (await navigator.credentials.get({publicKey})).toJSON();
}
"""


@pytest.fixture
def page(program: Program, cheap_passwords: None) -> Iterator[Page]:
    """The sign-in page at http://localhost, with a security key that verifies its holder."""
    program.open_services.people.add("李雷", Role.OWNER, PASSWORD)
    server = Server(create_app(program, clock=program.clock))
    server.start()
    with sync_playwright() as playwright:
        chromium = open_chromium(playwright)
        page = chromium.new_page()
        page.goto(f"http://localhost:{server.port}/")
        key = page.context.new_cdp_session(page)
        key.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        key.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        yield page
        chromium.close()
    server.stop()


def call(page: Page, path: str, body: Any = None) -> Any:
    """Call the API as the page does."""
    status, document = page.evaluate(CALLS, {"path": path, "body": body})
    assert status < 300, document
    return document


def test_chromium_enrols_a_passkey_and_signs_in_with_it(page: Page) -> None:
    assert call(page, "/session/password", {"name": "李雷", "password": PASSWORD})["state"] == "signed_in"
    call(page, "/session/step-up", {"method": "password", "code": PASSWORD})
    credential = page.evaluate(CREATE, call(page, "/me/passkeys/options"))
    assert len(call(page, "/me/passkeys", {"name": "指纹", "credential": credential})["recovery_codes"]) == 10
    call(page, "/session/end")
    assert call(page, "/session/password", {"name": "李雷", "password": PASSWORD})["methods"] == ["passkey", "recovery"]
    credential = page.evaluate(GET, call(page, "/session/passkey/options"))
    assert call(page, "/session/passkey", {"credential": credential})["state"] == "signed_in"

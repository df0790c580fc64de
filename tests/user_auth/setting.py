"""What the tests of people share: passwords at the least cost where they are not the subject, and what a browser knows."""

from __future__ import annotations

import pyotp
import pytest
from argon2 import PasswordHasher

from quantbox.user_auth.people import passwords
from tests.web.program import PASSWORD, Browser, Program, open_browser

__all__ = [
    "beside",
    "cheap_passwords",
    "code_of",
    "enrol_totp",
    "enter",
    "person_of",
    "refusal",
    "restarted",
    "state_of",
    "step_up_state",
]


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords at the least cost of Argon2id, for tests that are not about it."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1, 32, 16))
    monkeypatch.setattr("tests.web.program.verifier", lambda: passwords.make_verifier(PASSWORD))


def state_of(browser: Browser) -> str:
    """Return what the program says of this browser."""
    return str(browser.api("/status")["state"])


def refusal(answer: object) -> tuple[int, str]:
    """Return status and code of a refused call."""
    return answer.status_code, answer.get_json()["code"]  # type: ignore[attr-defined]


def person_of(program: Program, name: str) -> str:
    """Return the id of the person."""
    person = program.open_services.people.find(name)
    assert person is not None
    return person.id


def beside(browser: Browser) -> Browser:
    """Return another browser on the same run of the program."""
    return Browser(browser.client.application.test_client())


def restarted(program: Program) -> Browser:
    """Return a browser before the web process started anew, which remembers nothing but what is kept."""
    vars(program).pop("app", None)
    return open_browser(program)


def enter(program: Program, name: str, password: str = PASSWORD, browser: Browser | None = None) -> Browser:
    """Return a browser in which the person has signed in through the form."""
    browser = browser or open_browser(program)
    answer = browser.post("/session/password", {"name": name, "password": password})
    assert answer.get_json()["state"] == "signed_in", answer.get_data(as_text=True)
    return browser


def step_up_state(browser: Browser) -> bool:
    """Return whether what was proven last still counts."""
    return browser.api("/session/step-up")["fresh_until"] is not None


def enrol_totp(program: Program, name: str) -> tuple[str, list[str]]:
    """Give the person an authenticator app; returns its secret and the recovery codes, two minutes later."""
    totp, person_id = program.open_services.factors.totp, person_of(program, name)
    secret = totp.begin(person_id, name).secret
    codes = totp.confirm(person_id, code_of(program, secret))
    assert codes is not None
    program.clock.advance(120)
    return secret, codes


def code_of(program: Program, secret: str, seconds: int = 0) -> str:
    """Return what the app shows so many seconds from now."""
    return pyotp.TOTP(secret).at(int(program.clock.now().timestamp()) + seconds)

"""A person, the factors service on a real store, and a clock that stands where it is put."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import FixedClock
from quantbox.core.ids import new_id
from quantbox.core.roles import Role
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.factors.sms.settings import SmsSettingsService
from quantbox.user_auth.people import passwords
from quantbox.user_auth.tables import PersonRow
from quantbox.vault.credentials import Credentials
from quantbox.vault.fields import FieldCipher
from tests.web.program import Browser, Program, open_browser

ORIGIN = "http://localhost:8000"
PASSWORD = "青石板渡口 7 号乌篷船"


def add_person(sessions: sessionmaker[Session], name: str, role: Role = Role.OWNER) -> str:
    """Return the id of a new person."""
    person_id = new_id()
    with sessions.begin() as session:
        session.add(
            PersonRow(
                id=person_id,
                account_id="owner",
                name=name,
                name_key=name.casefold(),
                role=role.value,
                is_active=True,
                password_verifier=None,
                password_changed_at=None,
                created_at=datetime(2026, 1, 1, tzinfo=UTC),
            )
        )
    return person_id


@pytest.fixture
def cipher() -> FieldCipher:
    """The second lock."""
    return FieldCipher(secrets.token_bytes(32))


@pytest.fixture
def person_id(sessions: sessionmaker[Session]) -> str:
    """The owner."""
    return add_person(sessions, "李雷")


@pytest.fixture
def factors(sessions: sessionmaker[Session], cipher: FieldCipher, clock: FixedClock) -> Factors:
    """The service, text messages off."""
    return Factors(sessions, cipher, clock, SmsSettingsService(sessions, clock, Credentials(sessions, cipher, clock)))


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords at the least cost of Argon2id, for tests that are not about them."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1, 32, 16))


def sign_in(program: Program, name: str = "李雷", role: Role = Role.OWNER) -> Browser:
    """Return the browser of a new person, signed in by password."""
    program.open_services.people.add(name, role, PASSWORD)
    browser = open_browser(program)
    answer = browser.post("/session/password", {"name": name, "password": PASSWORD})
    assert answer.get_json()["state"] == "signed_in", answer.get_data(as_text=True)
    return browser


def step_up(browser: Browser, method: str = "password", code: str = PASSWORD) -> None:
    """Prove once more who is there."""
    answer = browser.post("/session/step-up", {"method": method, "code": code})
    assert answer.status_code == 200, answer.get_data(as_text=True)

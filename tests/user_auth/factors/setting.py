"""A person, the factors service on a real store, and a clock that stands where it is put."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import FixedClock
from quantbox.core.ids import new_id
from quantbox.core.roles import Role
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.factors.sms.settings import SmsSettingsService
from quantbox.user_auth.tables import PersonRow
from quantbox.vault.credentials import Credentials
from quantbox.vault.fields import FieldCipher

ORIGIN = "http://localhost:8000"


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

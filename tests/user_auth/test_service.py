"""Sessions of browsers in the encrypted database."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import FixedClock
from quantbox.user_auth.models import Role, SignInBy
from quantbox.user_auth.service import People
from quantbox.user_auth.tables import WebSessionRow


@pytest.fixture
def people(sessions: sessionmaker[Session], clock: FixedClock) -> People:
    return People(sessions, clock)


def test_sign_in_begins_a_session_of_the_owner(people: People) -> None:
    found = people.find_session(people.sign_in_owner(SignInBy.OWNER_PROOF))
    assert found is not None
    assert (found.person.role, found.person.account_id) == (Role.OWNER, "owner")
    assert people.is_alive(found.key)


def test_every_session_has_an_id_of_its_own_that_the_database_does_not_hold(
    people: People, sessions: sessionmaker[Session]
) -> None:
    ids = {people.sign_in_owner(SignInBy.OWNER_PROOF) for _ in range(20)}
    assert len(ids) == 20
    assert all(len(session_id) >= 43 for session_id in ids)  # 256 bits in base64
    with sessions() as session:
        kept = {row.key for row in session.query(WebSessionRow)}
    assert len(kept) == 20
    assert not ids & kept


def test_unknown_and_empty_ids_find_nobody(people: People) -> None:
    people.sign_in_owner(SignInBy.OWNER_PROOF)
    assert people.find_session("") is None
    assert people.find_session("x" * 43) is None


def test_a_session_ends_after_thirty_idle_minutes(people: People, clock: FixedClock) -> None:
    session_id = people.sign_in_owner(SignInBy.OWNER_PROOF)
    clock.advance(30 * 60 - 1)
    assert people.find_session(session_id) is not None
    clock.advance(1)
    assert people.find_session(session_id) is None
    people.touch(session_id)
    assert people.find_session(session_id) is None, "an ended session does not come back"


def test_a_session_in_use_goes_on_until_it_is_twelve_hours_old(people: People, clock: FixedClock) -> None:
    session_id = people.sign_in_owner(SignInBy.OWNER_PROOF)
    for _ in range(12 * 4 - 1):
        clock.advance(15 * 60)
        people.touch(session_id)
        assert people.find_session(session_id) is not None
    clock.advance(15 * 60)
    assert people.find_session(session_id) is None


def test_ending_one_session_leaves_the_others(people: People) -> None:
    first, second = people.sign_in_owner(SignInBy.OWNER_PROOF), people.sign_in_owner(SignInBy.WINDOW_LAUNCH)
    people.end(first)
    people.end(first)
    assert people.find_session(first) is None
    assert people.find_session(second) is not None
    people.end_all()
    assert people.find_session(second) is None


def test_signing_in_sweeps_sessions_that_have_ended(people: People, clock: FixedClock, sessions: sessionmaker[Session]) -> None:
    people.sign_in_owner(SignInBy.OWNER_PROOF)
    clock.advance(31 * 60)
    people.sign_in_owner(SignInBy.OWNER_PROOF)
    with sessions() as session:
        assert session.query(WebSessionRow).count() == 1

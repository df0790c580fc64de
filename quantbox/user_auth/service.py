"""Who is signed in where: sessions live in the encrypted database, so locking the vault ends what they can reach."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.user_auth.models import ABSOLUTE_LIFE, IDLE_LIFE, OWNER_ACCOUNT, Person, Role, SignInBy, WebSession
from quantbox.user_auth.tables import PersonRow, WebSessionRow

__all__ = ["People"]

#: Activity is written down at most this often.
_TOUCH_EVERY = timedelta(minutes=1)


class People:
    """People and their browser sessions.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    clock : Clock
        Decides when a session has ended.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock

    def sign_in_owner(self, by: SignInBy) -> str:
        """Begin a session of the owner and return its id, for the browser's cookie alone; 256 random bits."""
        session_id = secrets.token_urlsafe(32)
        now = self._clock.now()
        with self._sessions.begin() as session:
            self._delete_ended(session)
            session.add(
                WebSessionRow(
                    key=key_of(session_id),
                    account_id=OWNER_ACCOUNT,
                    person_id=self._owner(session).id,
                    signed_in_by=by.value,
                    created_at=now,
                    last_seen_at=now,
                )
            )
        return session_id

    def find_session(self, session_id: str) -> WebSession | None:
        """Return the session with this id; None when it does not exist or has ended."""
        return self._find(key_of(session_id))

    def is_alive(self, key: str) -> bool:
        """Return whether the session with this key (not id) goes on."""
        return self._find(key) is not None

    def touch(self, session_id: str) -> None:
        """Note that the person used pointer or keys just now."""
        now = self._clock.now()
        with self._sessions.begin() as session:
            session.execute(
                update(WebSessionRow)
                .where(WebSessionRow.key == key_of(session_id))
                .where(WebSessionRow.last_seen_at <= now - _TOUCH_EVERY)
                .where(WebSessionRow.last_seen_at > now - IDLE_LIFE)
                .values(last_seen_at=now)
            )

    def end(self, session_id: str) -> None:
        """End one session; ending it twice is harmless."""
        with self._sessions.begin() as session:
            session.execute(delete(WebSessionRow).where(WebSessionRow.key == key_of(session_id)))

    def end_all(self) -> None:
        """End every session of every person."""
        with self._sessions.begin() as session:
            session.execute(delete(WebSessionRow))

    def _find(self, key: str) -> WebSession | None:
        with self._sessions() as session:
            found = session.execute(
                select(WebSessionRow, PersonRow)
                .join(PersonRow, PersonRow.id == WebSessionRow.person_id)
                .where(WebSessionRow.key == key)
            ).one_or_none()
        if found is None:
            return None
        row, person = found
        web_session = WebSession(
            key=row.key,
            person=Person(person.id, person.account_id, Role(person.role)),
            by=SignInBy(row.signed_in_by),
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
        )
        return None if web_session.has_ended(self._clock.now()) else web_session

    def _owner(self, session: Session) -> PersonRow:
        owner = session.scalars(select(PersonRow).where(PersonRow.account_id == OWNER_ACCOUNT)).one_or_none()
        if owner is None:
            owner = PersonRow(id=new_id(), account_id=OWNER_ACCOUNT, role=Role.OWNER.value, created_at=self._clock.now())
            session.add(owner)
            session.flush()
        return owner

    def _delete_ended(self, session: Session) -> None:
        now = self._clock.now()
        session.execute(delete(WebSessionRow).where(WebSessionRow.created_at <= now - ABSOLUTE_LIFE))
        session.execute(delete(WebSessionRow).where(WebSessionRow.last_seen_at <= now - IDLE_LIFE))


def key_of(session_id: str) -> str:
    """Return the key under which the session with this id is kept; a stolen database gives no cookie."""
    return hashlib.sha256(session_id.encode()).hexdigest()

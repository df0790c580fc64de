"""Who is signed in where: sessions live in the encrypted database, so locking the vault ends what they can reach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, delete, not_, select, update
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.bus import Bus
from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.user_auth.devices.service import device_of, meet
from quantbox.user_auth.errors import SessionUnknown
from quantbox.user_auth.events import NEW_PLACE
from quantbox.user_auth.models import STEP_UP_LIFE, OpenedSession, Person, SignInBy, Visit, WebSession
from quantbox.user_auth.people.service import person_of
from quantbox.user_auth.random_tokens import hash_of, new_token
from quantbox.user_auth.settings import idle_life_of
from quantbox.user_auth.tables import DeviceRow, PersonRow, PlaceRow, SettingsRow, WebSessionRow

__all__ = ["Sessions"]

#: Activity is written down at most this often.
_TOUCH_EVERY = timedelta(minutes=1)
#: How an owner who has just been made signs in for the first time, which is no news to anybody.
_FIRST = frozenset({SignInBy.PASSPHRASE, SignInBy.WINDOW_LAUNCH})


class Sessions:
    """Browser sessions: begun by signing in, ended by their owner, their age or their idleness.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    clock : Clock
        Decides when a session has ended.
    bus : Bus
        Is told of sign-ins from new places.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock, bus: Bus) -> None:
        self._sessions, self._clock, self._bus = sessions, clock, bus

    # --- beginning ---

    def begin(self, person: Person, by: SignInBy, visit: Visit, *, proven_for: timedelta = STEP_UP_LIFE) -> OpenedSession:
        """Begin a session of the person on the device they visit with.

        Parameters
        ----------
        proven_for : timedelta
            How long what was just proven counts as a step-up.
        """
        now, cookie = self._clock.now(), new_token()
        with self._sessions.begin() as session:
            self._delete_ended(session)
            device, device_token = meet(session, visit, self._clock)
            is_first = by in _FIRST and not self._places_of(session, person.id)
            row = WebSessionRow(
                id=new_id(),
                account_id=person.account_id,
                key=hash_of(cookie),
                person_id=person.id,
                device_id=device.id,
                signed_in_by=by.value,
                address=visit.address,
                is_new_place=self._note_place(session, person, device, visit.address) and not is_first,
                created_at=now,
                last_seen_at=now,
                stepped_up_until=now + proven_for,
            )
            session.add(row)
            session.flush()
            begun = _session_of(row, person, device)
        if begun.is_new_place:
            news = {"person": person.name, "device": begun.device.name, "address": visit.address, "at": now.isoformat()}
            self._bus.publish(NEW_PLACE, news)
        return OpenedSession(cookie, device_token, begun)

    def _note_place(self, session: Session, person: Person, device: DeviceRow, address: str) -> bool:
        """Keep from where the person signs in; return whether device or address are new to them."""
        known = self._places_of(session, person.id)
        if not any(place.device_id == device.id and place.address == address for place in known):
            place = PlaceRow(person_id=person.id, device_id=device.id, address=address, account_id=person.account_id)
            place.first_seen_at = self._clock.now()
            session.add(place)
        is_known_device = any(place.device_id == device.id for place in known)
        is_known_address = any(place.address == address for place in known)
        return not (is_known_device and is_known_address)

    @staticmethod
    def _places_of(session: Session, person_id: str) -> Sequence[PlaceRow]:
        """Return from where the person has signed in before."""
        return session.scalars(select(PlaceRow).where(PlaceRow.person_id == person_id)).all()

    def step_up(self, session_id: str) -> OpenedSession:
        """Note that the person has proven once more who they are; the cookie changes and what it held is void."""
        cookie, until = new_token(), self._clock.now() + STEP_UP_LIFE
        with self._sessions.begin() as session:
            changed = update(WebSessionRow).where(WebSessionRow.id == session_id)
            session.execute(changed.values(key=hash_of(cookie), stepped_up_until=until))
        found = self._find(WebSessionRow.id == session_id)
        if found is None:
            raise SessionUnknown
        return OpenedSession(cookie, None, found)

    # --- while it lasts ---

    def find(self, cookie: str) -> WebSession | None:
        """Return the session whose cookie holds this; None when it does not exist or has ended."""
        return self._find(WebSessionRow.key == hash_of(cookie))

    def is_alive(self, session_id: str) -> bool:
        """Return whether the session goes on."""
        return self._find(WebSessionRow.id == session_id) is not None

    def touch(self, session_id: str) -> None:
        """Note that the person of a session that goes on used key, pointer or touch just now."""
        now = self._clock.now()
        with self._sessions.begin() as session:
            session.execute(
                update(WebSessionRow)
                .where(WebSessionRow.id == session_id, WebSessionRow.last_seen_at <= now - _TOUCH_EVERY)
                .values(last_seen_at=now)
            )

    def list_sessions(self, person_id: str | None = None) -> list[WebSession]:
        """Return the sessions that go on, of one person or of everybody, begun last first."""
        query = _query().order_by(WebSessionRow.created_at.desc(), WebSessionRow.id.desc())
        if person_id is not None:
            query = query.where(WebSessionRow.person_id == person_id)
        with self._sessions() as session:
            found = [self._alive(*one) for one in session.execute(query)]
        return [one for one in found if one is not None]

    # --- ending ---

    def end(self, session_id: str, person_id: str | None = None) -> None:
        """End one session, of this person if one is named; raises SessionUnknown where there is none."""
        is_theirs = [] if person_id is None else [WebSessionRow.person_id == person_id]
        if not self._end(WebSessionRow.id == session_id, *is_theirs):
            raise SessionUnknown

    def end_by_cookie(self, cookie: str) -> None:
        """End the session whose cookie holds this, if there is one."""
        self._end(WebSessionRow.key == hash_of(cookie))

    def end_of_person(self, person_id: str, *, but: str | None = None) -> None:
        """End every session of the person but the one named."""
        self._end(WebSessionRow.person_id == person_id, WebSessionRow.id != (but or ""))

    def end_everybodys_but(self, session_id: str | None) -> None:
        """End every session of everybody but the one named."""
        self._end(WebSessionRow.id != (session_id or ""))

    def _end(self, *which: ColumnElement[bool]) -> bool:
        with self._sessions.begin() as session:
            ended = session.scalars(delete(WebSessionRow).where(*which).returning(WebSessionRow.id)).all()
            return bool(ended)

    # --- rows ---

    def _find(self, which: ColumnElement[bool]) -> WebSession | None:
        with self._sessions() as session:
            found = session.execute(_query().where(which)).one_or_none()
        return self._alive(*found) if found else None

    def _alive(self, row: WebSessionRow, person: PersonRow, device: DeviceRow, settings: SettingsRow | None) -> WebSession | None:
        found = _session_of(row, person_of(person), device)
        idle_life = idle_life_of(settings.changed if settings else {})
        return None if found.has_ended(self._clock.now(), idle_life) else found

    def _delete_ended(self, session: Session) -> None:
        ended = [one[0].id for one in session.execute(_query()) if self._alive(*one) is None]
        inactive = and_(WebSessionRow.person_id == PersonRow.id, not_(PersonRow.is_active))
        session.execute(delete(WebSessionRow).where(WebSessionRow.id.in_(ended)))
        session.execute(delete(WebSessionRow).where(select(PersonRow.id).where(inactive).exists()))


def _query() -> Select[WebSessionRow, PersonRow, DeviceRow, SettingsRow]:
    """Return the query for sessions of people who may sign in, with all that decides how they stand."""
    return (
        select(WebSessionRow, PersonRow, DeviceRow, SettingsRow)
        .join(PersonRow, and_(PersonRow.id == WebSessionRow.person_id, PersonRow.is_active.is_(True)))
        .join(DeviceRow, DeviceRow.id == WebSessionRow.device_id)
        .outerjoin(SettingsRow, SettingsRow.account_id == WebSessionRow.account_id)
    )


def _session_of(row: WebSessionRow, person: Person, device: DeviceRow) -> WebSession:
    stepped_up_until: datetime | None = row.stepped_up_until
    return WebSession(
        id=row.id,
        person=person,
        device=device_of(device),
        by=SignInBy(row.signed_in_by),
        address=row.address,
        is_new_place=row.is_new_place,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        stepped_up_until=stepped_up_until,
    )

"""Who may use the store: names, roles and password verifiers."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.core.roles import Role
from quantbox.user_auth.errors import (
    LastOwner,
    NameInvalid,
    NameTaken,
    OwnerPasswordSet,
    PasswordIsPassphrase,
    PersonUnknown,
)
from quantbox.user_auth.models import OWNER_ACCOUNT, Person
from quantbox.user_auth.people.passwords import is_outdated, is_right, make_verifier, refuse_weak
from quantbox.user_auth.tables import PersonRow

__all__ = ["People", "checked_name", "key_of_name", "person_of", "refuse_unfit"]

MAX_NAME_CHARACTERS = 40


class People:
    """Everybody who may use the store; the owner's account is the one they all work on.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    clock : Clock
        Tells when a password was set.
    is_passphrase : callable
        Whether a text is the pass phrase of the data, which no password may be; costs a key derivation.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock, is_passphrase: Callable[[str], bool]) -> None:
        self._sessions, self._clock, self._is_passphrase = sessions, clock, is_passphrase

    # --- reading ---

    def list_people(self) -> list[Person]:
        """Return everybody, in the order they came."""
        with self._sessions() as session:
            return [person_of(row) for row in session.scalars(select(PersonRow).order_by(PersonRow.id))]

    def get(self, person_id: str) -> Person:
        """Return one person, or raise PersonUnknown."""
        with self._sessions() as session:
            return person_of(_row(session, person_id))

    def find(self, name: str) -> Person | None:
        """Return the person called so, whatever the capitals."""
        with self._sessions() as session:
            row = session.scalars(select(PersonRow).where(PersonRow.name_key == key_of_name(name))).one_or_none()
            return person_of(row) if row else None

    def owner(self) -> Person | None:
        """Return the first owner who can sign in; None where the owner's first password is missing."""
        with self._sessions() as session:
            row = session.scalars(select(PersonRow).where(*_can_sign_in_as_owner()).order_by(PersonRow.id).limit(1)).one_or_none()
            return person_of(row) if row else None

    # --- proving ---

    def prove(self, person_id: str | None, password: str) -> bool:
        """Return whether the password is that of the person; takes as long for nobody, and for somebody switched off."""
        with self._sessions() as session:
            row = session.get(PersonRow, person_id) if person_id else None
            verifier = row.password_verifier if row and row.is_active else None
        proven = is_right(verifier, password)
        if proven and verifier and is_outdated(verifier):
            self._raise_cost(person_id or "", verifier, password)
        return proven

    def _raise_cost(self, person_id: str, outdated: str, password: str) -> None:
        """Keep a verifier of today's cost in the place of the outdated one; the password stays the same."""
        raised = make_verifier(password)
        with self._sessions.begin() as session:
            row = session.get(PersonRow, person_id)
            if row and row.password_verifier == outdated:
                row.password_verifier = raised

    def refuse_owners_password(self, passphrase: str) -> None:
        """Raise PasswordIsPassphrase where an owner signs in with what is to be the pass phrase of the data."""
        with self._sessions() as session:
            kept = session.scalars(select(PersonRow.password_verifier).where(*_can_sign_in_as_owner())).all()
        if any(is_right(verifier, passphrase) for verifier in kept):
            raise PasswordIsPassphrase

    # --- changing ---

    def check_new(self, name: str, password: str) -> None:
        """Refuse a name or a password nobody may have."""
        refuse_weak(password, checked_name(name))
        if self._is_passphrase(password):
            raise PasswordIsPassphrase

    def make_owner(self, name: str, password: str, passphrase: str) -> Person:
        """Give the store its first owner who can sign in, or a name and a password to the one a part 1 store has.

        Raises
        ------
        OwnerPasswordSet
            There is one already.
        """
        refuse_unfit(name, password, passphrase)
        return self.keep_owner(name, make_verifier(password))

    def keep_owner(self, name: str, verifier: str) -> Person:
        """Do so with what is kept of a password that was checked elsewhere."""
        now = self._clock.now()
        with self._sessions.begin() as session:
            if session.scalars(select(PersonRow).where(*_can_sign_in_as_owner())).first():
                raise OwnerPasswordSet
            row = session.scalars(select(PersonRow).where(PersonRow.role == Role.OWNER.value)).first()
            if row is None:
                row = PersonRow(id=new_id(), account_id=OWNER_ACCOUNT, role=Role.OWNER.value, created_at=now)
                session.add(row)
            _give_name(session, row, name)
            row.is_active, row.password_verifier, row.password_changed_at = True, verifier, now
            return person_of(row)

    def make_demo_owner(self) -> Person:
        """Return the owner of a throw-away store, who has no password: its window signs in by the launch token."""
        with self._sessions.begin() as session:
            row = session.scalars(select(PersonRow).where(PersonRow.role == Role.OWNER.value)).first()
            if row is None:
                row = PersonRow(id=new_id(), account_id=OWNER_ACCOUNT, role=Role.OWNER.value, created_at=self._clock.now())
                _give_name(session, row, "demo")
                row.is_active = True
                session.add(row)
            session.flush()
            return person_of(row)

    def add(self, name: str, role: Role, password: str) -> Person:
        """Add somebody; raises NameTaken, or what a weak password is refused with."""
        self.check_new(name, password)
        return self.keep_new(name, role, make_verifier(password))

    def keep_new(self, name: str, role: Role, verifier: str) -> Person:
        """Add somebody with what is kept of a password that was checked elsewhere."""
        now = self._clock.now()
        with self._sessions.begin() as session:
            row = PersonRow(id=new_id(), account_id=OWNER_ACCOUNT, role=role.value, is_active=True, created_at=now)
            _give_name(session, row, name)
            row.password_verifier, row.password_changed_at = verifier, now
            session.add(row)
            return person_of(row)

    def change(self, person_id: str, *, role: Role | None = None, is_active: bool | None = None) -> Person:
        """Give somebody another role, or switch them on or off; raises LastOwner."""
        with self._sessions.begin() as session:
            row = _row(session, person_id)
            row.role = row.role if role is None else role.value
            row.is_active = row.is_active if is_active is None else is_active
            _refuse_without_owner(session)
            return person_of(row)

    def set_password(self, person_id: str, password: str) -> Person:
        """Give somebody a new password."""
        self.check_new(self.get(person_id).name, password)
        return self.keep_verifier(person_id, make_verifier(password))

    def keep_verifier(self, person_id: str, verifier: str) -> Person:
        """Give somebody a new password by what is kept of it."""
        with self._sessions.begin() as session:
            row = _row(session, person_id)
            row.password_verifier, row.password_changed_at = verifier, self._clock.now()
            return person_of(row)

    def remove(self, person_id: str) -> Person:
        """Remove somebody with all that is theirs alone: sessions, tokens, second factors; raises LastOwner."""
        with self._sessions.begin() as session:
            row = _row(session, person_id)
            removed = person_of(row)
            session.delete(row)
            _refuse_without_owner(session)
            return removed


def refuse_unfit(name: str, password: str, passphrase: str) -> None:
    """Refuse a name or a password nobody may have, where the pass phrase has just been given."""
    refuse_weak(password, checked_name(name))
    if password == passphrase:
        raise PasswordIsPassphrase


def person_of(row: PersonRow) -> Person:
    """Return the person of a row."""
    return Person(
        id=row.id,
        account_id=row.account_id,
        name=row.name,
        role=Role(row.role),
        is_active=row.is_active,
        has_password=row.password_verifier is not None,
        password_changed_at=row.password_changed_at,
        created_at=row.created_at,
    )


def checked_name(name: str) -> str:
    """Return the name as it is kept, or raise NameInvalid."""
    kept = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(kept) <= MAX_NAME_CHARACTERS or any(unicodedata.category(letter)[0] == "C" for letter in kept):
        raise NameInvalid(maximum=MAX_NAME_CHARACTERS)
    return kept


def key_of_name(name: str) -> str:
    """Return the name as it is compared: two that look alike to a reader are one."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()[:80]


def _give_name(session: Session, row: PersonRow, name: str) -> None:
    kept, key = checked_name(name), key_of_name(name)
    with session.no_autoflush:
        if session.scalars(select(PersonRow.id).where(PersonRow.name_key == key, PersonRow.id != row.id)).first():
            raise NameTaken(name=kept)
    row.name, row.name_key = kept, key


def _row(session: Session, person_id: str) -> PersonRow:
    row = session.get(PersonRow, person_id)
    if row is None:
        raise PersonUnknown
    return row


def _can_sign_in_as_owner() -> tuple[ColumnElement[bool], ...]:
    return (
        PersonRow.role == Role.OWNER.value,
        PersonRow.is_active.is_(True),
        PersonRow.password_verifier.is_not(None),
    )


def _refuse_without_owner(session: Session) -> None:
    session.flush()
    if not session.scalar(select(func.count()).select_from(PersonRow).where(*_can_sign_in_as_owner())):
        raise LastOwner

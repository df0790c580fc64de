"""Browsers that are known again by a cookie: by an earlier sign-in, by pairing, or as the program's own window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.core.roles import Role
from quantbox.user_auth.errors import DeviceUnknown
from quantbox.user_auth.models import OWNER_ACCOUNT, Device, DeviceKind, Person, Visit
from quantbox.user_auth.people.service import person_of
from quantbox.user_auth.random_tokens import hash_of, new_token
from quantbox.user_auth.tables import DeviceRow, PersonRow, PlaceRow

__all__ = ["MAX_NAME_CHARACTERS", "Devices", "device_of", "meet"]

MAX_NAME_CHARACTERS = 80


class Devices:
    """The known devices.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    clock : Clock
        Tells when a device was seen.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock

    def find(self, device_token: str) -> Device | None:
        """Return the device whose cookie holds this; None for an unknown one."""
        with self._sessions() as session:
            row = _find(session, device_token)
            return device_of(row) if row else None

    def list_devices(self) -> list[Device]:
        """Return every known device, seen last first."""
        with self._sessions() as session:
            return [device_of(row) for row in session.scalars(select(DeviceRow).order_by(DeviceRow.last_seen_at.desc()))]

    def people_of(self, device_id: str) -> list[Person]:
        """Return who has signed in on the device."""
        query = select(PersonRow).join(PlaceRow, PlaceRow.person_id == PersonRow.id).where(PlaceRow.device_id == device_id)
        with self._sessions() as session:
            return [person_of(row) for row in session.scalars(query.distinct())]

    def pair_device(self, name: str, max_role: Role, address: str) -> str:
        """Keep a tablet that was paired and return what its device cookie is to hold."""
        token = new_token()
        visit = Visit(token, name, address)
        with self._sessions.begin() as session:
            session.add(_new_row(visit, token, DeviceKind.PAIRED, self._clock, max_role))
        return token

    def change(self, device_id: str, changes: Mapping[str, Any]) -> Device:
        """Set `name` and `max_role` where they are given; sessions on the device follow at once."""
        with self._sessions.begin() as session:
            row = _row(session, device_id)
            if changes.get("name"):
                row.name = str(changes["name"]).strip()
            if changes.get("max_role"):
                row.max_role = Role(changes["max_role"]).value
            return device_of(row)

    def revoke(self, device_id: str) -> str:
        """Forget a device with its sessions, and return the hash under which its attempts are counted."""
        with self._sessions.begin() as session:
            key = _row(session, device_id).key
            session.execute(delete(DeviceRow).where(DeviceRow.id == device_id))
            return key

    def revoke_paired(self) -> list[str]:
        """Forget every paired tablet with its sessions, and return the hashes under which their attempts are counted."""
        is_paired = DeviceRow.kind == DeviceKind.PAIRED.value
        with self._sessions.begin() as session:
            keys = list(session.scalars(select(DeviceRow.key).where(is_paired)))
            session.execute(delete(DeviceRow).where(is_paired))
            return keys


def meet(session: Session, visit: Visit, clock: Clock) -> tuple[DeviceRow, str | None]:
    """Return the device somebody signs in on, and the new content of its cookie where it was not known.

    A cookie nobody gave is not taken over: who could choose its content would know the device's secret.
    """
    row, now = _find(session, visit.device_token), clock.now()
    if row is not None:
        row.last_seen_at, row.last_address = now, visit.address
        return row, None
    token = visit.device_token if visit.is_window else new_token()
    if visit.is_window:  # the window keeps no cookies from one start to the next, but it is the same device
        row = session.scalars(select(DeviceRow).where(DeviceRow.kind == DeviceKind.WINDOW.value)).one_or_none()
    if row is None:
        row = _new_row(visit, token, DeviceKind.WINDOW if visit.is_window else DeviceKind.BROWSER, clock, None)
        session.add(row)
    row.key, row.last_seen_at, row.last_address = hash_of(token), now, visit.address
    session.flush()
    return row, token


def device_of(row: DeviceRow) -> Device:
    """Return the device of a row."""
    return Device(
        id=row.id,
        account_id=row.account_id,
        kind=DeviceKind(row.kind),
        name=row.name,
        max_role=Role(row.max_role) if row.max_role else None,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        last_address=row.last_address,
    )


def _new_row(visit: Visit, token: str, kind: DeviceKind, clock: Clock, max_role: Role | None) -> DeviceRow:
    now = clock.now()
    return DeviceRow(
        id=new_id(),
        account_id=OWNER_ACCOUNT,
        key=hash_of(token),
        kind=kind.value,
        name=visit.device_name[:MAX_NAME_CHARACTERS],
        max_role=max_role.value if max_role else None,
        first_seen_at=now,
        last_seen_at=now,
        last_address=visit.address,
    )


def _find(session: Session, device_token: str) -> DeviceRow | None:
    if not device_token:
        return None
    return session.scalars(select(DeviceRow).where(DeviceRow.key == hash_of(device_token))).one_or_none()


def _row(session: Session, device_id: str) -> DeviceRow:
    row = session.get(DeviceRow, device_id)
    if row is None:
        raise DeviceUnknown
    return row

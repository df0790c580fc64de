"""The owner's choice about the LAN, and the authority that belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from sqlalchemy.orm import Session, sessionmaker

from quantbox.app.lan.tables import LanRow
from quantbox.core.clock import Clock
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.user_auth.pairing.errors import LanNeeded
from quantbox.vault.fields import FieldCipher, Place
from quantbox.web.tls.authority import Authority, create_authority, new_local_name

__all__ = ["LanChoice", "LanChoices"]


@dataclass(frozen=True)
class LanChoice:
    """What the owner decided, and what it shows to the network."""

    is_on: bool
    port: int
    name: str
    authority_certificate: x509.Certificate


class LanChoices:
    """Keeps the choice and the authority's sealed key.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    fields : FieldCipher
        Seals the authority's key.
    clock : Clock
        Dates the authority.
    """

    def __init__(self, sessions: sessionmaker[Session], fields: FieldCipher, clock: Clock) -> None:
        self._sessions, self._fields, self._clock = sessions, fields, clock

    def read(self) -> LanChoice | None:
        """Return the choice; None before the first one."""
        with self._sessions() as session:
            row = session.get(LanRow, OWNER_ACCOUNT)
            return None if row is None else choice_of(row)

    def decide(self, *, is_on: bool, port: int) -> LanChoice:
        """Keep the choice; the first one makes name and authority, which stay from then on."""
        with self._sessions.begin() as session:
            row = session.get(LanRow, OWNER_ACCOUNT)
            if row is None:
                row = LanRow(account_id=OWNER_ACCOUNT)
                self._make_authority(row)
                session.add(row)
            row.is_on, row.port = is_on, port
            return choice_of(row)

    def renew_authority(self) -> LanChoice:
        """Make another authority, under another name: a tablet that holds to the old name insists on the old certificate.

        Raises
        ------
        LanNeeded
            There is none yet.
        """
        with self._sessions.begin() as session:
            row = session.get(LanRow, OWNER_ACCOUNT)
            if row is None:
                raise LanNeeded
            self._make_authority(row)
            return choice_of(row)

    def authority(self) -> Authority:
        """Return the authority with its key, to sign one leaf."""
        with self._sessions() as session:
            row = session.get_one(LanRow, OWNER_ACCOUNT)
            return Authority.load(row.authority_certificate, self._fields.open(_KEY_PLACE, row.authority_key))

    def _make_authority(self, row: LanRow) -> None:
        name, now = new_local_name(), self._clock.now()
        authority = create_authority(name, now)
        row.name, row.created_at = name, now
        row.authority_certificate = authority.certificate_bytes()
        row.authority_key = self._fields.seal(_KEY_PLACE, authority.key_bytes())


_KEY_PLACE = Place("lan", OWNER_ACCOUNT, "authority_key")


def choice_of(row: LanRow) -> LanChoice:
    """Return the row as it is spoken of; it is read now, so the row may go."""
    return LanChoice(row.is_on, row.port, row.name, x509.load_der_x509_certificate(row.authority_certificate))

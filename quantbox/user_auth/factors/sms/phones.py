"""The phone of a person: enrolled by a code that arrived on it, sealed in its row, shown masked."""

from __future__ import annotations

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.user_auth.factors.errors import CodeRefused
from quantbox.user_auth.factors.models import SentCode
from quantbox.user_auth.factors.recovery import RecoveryCodes
from quantbox.user_auth.factors.sms.numbers import mask_phone, read_phone
from quantbox.user_auth.factors.sms.sent_codes import SentCodes
from quantbox.user_auth.factors.store import account_of
from quantbox.user_auth.factors.tables import SmsPhoneRow
from quantbox.vault.fields import FieldCipher, Place

__all__ = ["Phones"]


class Phones:
    """Enrols phones and sends them codes.

    Parameters
    ----------
    cipher : FieldCipher
        Seals the numbers.
    codes : SentCodes
        Sends and takes the codes.
    recovery : RecoveryCodes
        Given out with the first factor.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        cipher: FieldCipher,
        clock: Clock,
        codes: SentCodes,
        recovery: RecoveryCodes,
    ) -> None:
        self._sessions, self._cipher, self._clock = sessions, cipher, clock
        self._codes, self._recovery = codes, recovery

    def find_masked(self, person_id: str) -> str | None:
        """Return the person's number, masked; None without one."""
        with self._sessions() as session:
            row = self._row(session, person_id, is_confirmed=True)
            return mask_phone(self._open(row)) if row else None

    def begin(self, person_id: str, typed: str) -> SentCode:
        """Send a code to a number that is to be enrolled; one that is enrolled stays in use until it is confirmed."""
        phone, row_id = read_phone(typed), new_id()
        with self._sessions.begin() as session:
            session.execute(delete(SmsPhoneRow).where(SmsPhoneRow.person_id == person_id, SmsPhoneRow.confirmed_at.is_(None)))
            session.add(
                SmsPhoneRow(
                    id=row_id,
                    account_id=account_of(session, person_id),
                    person_id=person_id,
                    phone=self._cipher.seal(_place(row_id), phone.encode()),
                    created_at=self._clock.now(),
                )
            )
        return self._codes.send(person_id, phone, "enrol")

    def confirm(self, person_id: str, code: str) -> list[str] | None:
        """Take the number into use by the code that arrived on it; returns recovery codes to a person who had none."""
        phone = self._codes.check(person_id, "enrol", code)
        with self._sessions.begin() as session:
            row = self._row(session, person_id, is_confirmed=False)
            if row is None or self._open(row) != phone:
                raise CodeRefused
            session.execute(delete(SmsPhoneRow).where(SmsPhoneRow.person_id == person_id, SmsPhoneRow.id != row.id))
            session.execute(update(SmsPhoneRow).where(SmsPhoneRow.id == row.id).values(confirmed_at=self._clock.now()))
            return self._recovery.give_first(session, person_id)

    def send(self, person_id: str) -> SentCode:
        """Send a code to the person's phone, or raise CodeRefused where there is none."""
        with self._sessions() as session:
            row = self._row(session, person_id, is_confirmed=True)
            if row is None:
                raise CodeRefused
            phone = self._open(row)
        return self._codes.send(person_id, phone, "prove")

    def check(self, person_id: str, code: str) -> None:
        """Take the newest code sent to the person's phone, or raise CodeRefused."""
        phone = self._codes.check(person_id, "prove", code)
        with self._sessions() as session:
            row = self._row(session, person_id, is_confirmed=True)
            if row is None or self._open(row) != phone:
                raise CodeRefused

    def remove(self, person_id: str) -> None:
        """Forget the number, and one that was begun; the recovery codes too where no other factor is left."""
        with self._sessions.begin() as session:
            session.execute(delete(SmsPhoneRow).where(SmsPhoneRow.person_id == person_id))
            self._recovery.drop_without_factor(session, person_id)

    def _row(self, session: Session, person_id: str, *, is_confirmed: bool) -> SmsPhoneRow | None:
        state = SmsPhoneRow.confirmed_at.is_not(None) if is_confirmed else SmsPhoneRow.confirmed_at.is_(None)
        return session.scalars(select(SmsPhoneRow).where(SmsPhoneRow.person_id == person_id, state)).one_or_none()

    def _open(self, row: SmsPhoneRow) -> str:
        return self._cipher.open(_place(row.id), row.phone).decode()


def _place(row_id: str) -> Place:
    return Place(SmsPhoneRow.__tablename__, row_id, "phone")

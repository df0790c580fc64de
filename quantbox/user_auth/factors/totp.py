"""Authenticator apps: codes of 30 seconds by RFC 6238, each good once."""

from __future__ import annotations

from datetime import datetime, timedelta
from hmac import compare_digest

import pyotp
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.user_auth.factors.codes import read_code
from quantbox.user_auth.factors.errors import CodeRefused
from quantbox.user_auth.factors.models import TotpEnrolment
from quantbox.user_auth.factors.recovery import RecoveryCodes
from quantbox.user_auth.factors.store import account_of
from quantbox.user_auth.factors.tables import TotpRow
from quantbox.user_auth.qr_code import draw_qr
from quantbox.vault.fields import FieldCipher, Place

__all__ = ["Totp"]

ISSUER = "QuantBox"
#: Steps before and after the present one that count too, because clocks differ and people are slow.
VALID_WINDOW = 1
#: An app that is not confirmed by then has to be set up anew.
CONFIRM_WITHIN = timedelta(minutes=10)


class Totp:
    """Enrols authenticator apps and takes their codes.

    Parameters
    ----------
    cipher : FieldCipher
        Seals the secrets.
    recovery : RecoveryCodes
        Given out with the first factor.
    """

    def __init__(self, sessions: sessionmaker[Session], cipher: FieldCipher, clock: Clock, recovery: RecoveryCodes) -> None:
        self._sessions, self._cipher, self._clock, self._recovery = sessions, cipher, clock, recovery

    def enrolled_at(self, person_id: str) -> datetime | None:
        """Return when the person's app was confirmed; None without one."""
        with self._sessions() as session:
            row = self._confirmed(session, person_id)
            return row.confirmed_at if row else None

    def begin(self, person_id: str, label: str) -> TotpEnrolment:
        """Return a new secret to put into an app; one that is enrolled already stays in use until this one is confirmed.

        Parameters
        ----------
        label : str
            Whose code it is, shown in the app.
        """
        secret, row_id = pyotp.random_base32(), new_id()  # 32 characters of base 32: 160 bits, the length of SHA-1
        with self._sessions.begin() as session:
            session.execute(delete(TotpRow).where(TotpRow.person_id == person_id, TotpRow.confirmed_at.is_(None)))
            session.add(
                TotpRow(
                    id=row_id,
                    account_id=account_of(session, person_id),
                    person_id=person_id,
                    secret=self._cipher.seal(_place(row_id), secret.encode()),
                    last_step=0,
                    created_at=self._clock.now(),
                )
            )
        uri = pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=ISSUER)
        return TotpEnrolment(secret=secret, uri=uri, qr_svg=draw_qr(uri))

    def confirm(self, person_id: str, code: str) -> list[str] | None:
        """Take the new app into use by its first code; returns recovery codes to a person who had none.

        Raises
        ------
        CodeRefused
            The code is not that of the app begun within the last ten minutes.
        """
        now = self._clock.now()
        with self._sessions.begin() as session:
            row = session.scalars(
                select(TotpRow).where(
                    TotpRow.person_id == person_id, TotpRow.confirmed_at.is_(None), TotpRow.created_at > now - CONFIRM_WITHIN
                )
            ).one_or_none()
            self._spend(session, row, code)
            session.execute(delete(TotpRow).where(TotpRow.person_id == person_id, TotpRow.confirmed_at.is_not(None)))
            session.execute(update(TotpRow).where(TotpRow.person_id == person_id).values(confirmed_at=now))
            return self._recovery.give_first(session, person_id)

    def check(self, person_id: str, code: str) -> None:
        """Take a code of the app in use, or raise CodeRefused; neither it nor an older one is taken again."""
        with self._sessions.begin() as session:
            self._spend(session, self._confirmed(session, person_id), code)

    def remove(self, person_id: str) -> None:
        """Forget the app, and one that was begun; the recovery codes too where no other factor is left."""
        with self._sessions.begin() as session:
            session.execute(delete(TotpRow).where(TotpRow.person_id == person_id))
            self._recovery.drop_without_factor(session, person_id)

    def _confirmed(self, session: Session, person_id: str) -> TotpRow | None:
        query = select(TotpRow).where(TotpRow.person_id == person_id, TotpRow.confirmed_at.is_not(None))
        return session.scalars(query).one_or_none()

    def _spend(self, session: Session, row: TotpRow | None, code: str) -> None:
        """Mark the step of the code as used, unless that step or a later one is: one UPDATE decides, whoever else tries."""
        step = self._find_step(row, code) if row else None
        if row is None or step is None:
            raise CodeRefused
        spent = update(TotpRow).where(TotpRow.id == row.id, TotpRow.last_step < step).values(last_step=step)
        if session.scalars(spent.returning(TotpRow.id)).one_or_none() is None:
            raise CodeRefused

    def _find_step(self, row: TotpRow, code: str) -> int | None:
        generator = pyotp.TOTP(self._cipher.open(_place(row.id), row.secret).decode())
        present, typed = generator.timecode(self._clock.now()), read_code(code).encode()
        found = None
        for step in range(present - VALID_WINDOW, present + VALID_WINDOW + 1):
            if compare_digest(generator.generate_otp(step).encode(), typed):
                found = step
        return found


def _place(row_id: str) -> Place:
    return Place(TotpRow.__tablename__, row_id, "secret")

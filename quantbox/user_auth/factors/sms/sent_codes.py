"""The codes that were sent: how often one may be, and the proof that it arrived."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from hmac import compare_digest
from math import ceil
from typing import Literal

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.user_auth.factors.codes import code_key, read_code
from quantbox.user_auth.factors.errors import CodeRefused
from quantbox.user_auth.factors.models import SentCode
from quantbox.user_auth.factors.sms.base import CODE_DIGITS, CODE_LIFE_MINUTES, CodeMaker, CodeSender
from quantbox.user_auth.factors.sms.errors import SmsTooOften
from quantbox.user_auth.factors.sms.numbers import mask_phone
from quantbox.user_auth.factors.sms.settings import SmsSettingsService
from quantbox.user_auth.factors.store import account_of
from quantbox.user_auth.factors.tables import SmsCodeRow
from quantbox.vault.fields import FieldCipher, Place

__all__ = ["Purpose", "SentCodes"]

Purpose = Literal["enrol", "prove", "test"]

CODE_LIFE = timedelta(minutes=CODE_LIFE_MINUTES)
MAX_TRIES = 5
#: Window in seconds and messages in it, per number and per person; Aliyun's own limits per number are the same.
LIMITS = ((60, 1), (3_600, 5), (86_400, 10))
_KEPT = timedelta(days=1)


class SentCodes:
    """Sends codes and takes them back: five minutes, five tries, once, and only the newest of a purpose."""

    def __init__(self, sessions: sessionmaker[Session], cipher: FieldCipher, clock: Clock, settings: SmsSettingsService) -> None:
        self._sessions, self._cipher, self._clock, self._settings = sessions, cipher, clock, settings

    def send(self, person_id: str, phone: str, purpose: Purpose) -> SentCode:
        """Send a code to the phone.

        A message the provider refused counts too, so that a wrong setting cannot be tried without end.

        Raises
        ------
        SmsOff
            No provider is configured.
        SmsTooOften
            The number or the person has had its share.
        Unavailable
            The provider refused or did not answer.
        """
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        row_id, now = new_id(), self._clock.now()
        with self._sessions.begin() as session:
            account_id = account_of(session, person_id)
            sender = self._settings.sender(account_id)
            session.execute(delete(SmsCodeRow).where(SmsCodeRow.sent_at <= now - _KEPT))  # takes the write lock first
            self._check_limits(session, person_id, phone, now)
            session.add(
                SmsCodeRow(
                    id=row_id,
                    account_id=account_id,
                    person_id=person_id,
                    purpose=purpose,
                    phone=self._cipher.seal(_place(row_id), phone.encode()),
                    code_key=code_key(row_id, code) if isinstance(sender, CodeSender) else None,
                    tries=0,
                    sent_at=now,
                )
            )
        if isinstance(sender, CodeSender):
            sender.send(phone, code)
        else:
            sender.make(phone)
        return SentCode(sent_to=mask_phone(phone), retry_after_seconds=LIMITS[0][0])

    def check(self, person_id: str, purpose: Purpose, code: str) -> str:
        """Take the code and return the number it was sent to, or raise CodeRefused; every try counts."""
        with self._sessions.begin() as session:
            row = session.scalars(
                select(SmsCodeRow)
                .where(SmsCodeRow.person_id == person_id, SmsCodeRow.purpose == purpose)
                .order_by(SmsCodeRow.sent_at.desc(), SmsCodeRow.id.desc())
                .limit(1)
            ).one_or_none()
            if row is None or not self._count_try(session, row.id):
                raise CodeRefused
            phone, key, account_id = self._phone(row), row.code_key, row.account_id
        if not self._is_right(account_id, phone, row.id, key, read_code(code)):
            raise CodeRefused
        with self._sessions.begin() as session:
            used = update(SmsCodeRow).where(SmsCodeRow.id == row.id, SmsCodeRow.used_at.is_(None))
            marked = session.scalars(used.values(used_at=self._clock.now()).returning(SmsCodeRow.id)).one_or_none()
        if marked is None:
            raise CodeRefused
        return phone

    def _is_right(self, account_id: str, phone: str, row_id: str, key: str | None, code: str) -> bool:
        if key is not None:
            return compare_digest(key, code_key(row_id, code))
        sender = self._settings.sender(account_id)
        looks_right = len(code) == CODE_DIGITS and code.isdecimal()
        return looks_right and isinstance(sender, CodeMaker) and sender.check(phone, code)

    def _count_try(self, session: Session, row_id: str) -> bool:
        """Count one try and return whether it may be made; one UPDATE decides, however many are made at once."""
        counted = (
            update(SmsCodeRow)
            .where(
                SmsCodeRow.id == row_id,
                SmsCodeRow.tries < MAX_TRIES,
                SmsCodeRow.used_at.is_(None),
                SmsCodeRow.sent_at > self._clock.now() - CODE_LIFE,
            )
            .values(tries=SmsCodeRow.tries + 1)
        )
        return session.scalars(counted.returning(SmsCodeRow.id)).one_or_none() is not None

    def _check_limits(self, session: Session, person_id: str, phone: str, now: datetime) -> None:
        times = sorted(
            row.sent_at for row in session.scalars(select(SmsCodeRow)) if row.person_id == person_id or self._phone(row) == phone
        )
        for window_seconds, maximum in LIMITS:
            window = timedelta(seconds=window_seconds)
            recent = [moment for moment in times if moment > now - window]
            if len(recent) >= maximum:
                wait = ceil((recent[-maximum] + window - now).total_seconds())
                raise SmsTooOften(window_seconds=window_seconds, maximum=maximum, retry_after_seconds=wait)

    def _phone(self, row: SmsCodeRow) -> str:
        return self._cipher.open(_place(row.id), row.phone).decode()


def _place(row_id: str) -> Place:
    return Place(SmsCodeRow.__tablename__, row_id, "phone")

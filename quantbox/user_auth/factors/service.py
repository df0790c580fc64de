"""The second factors of every person: which there are, and the proof of one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.user_auth.factors.errors import CodeRefused
from quantbox.user_auth.factors.models import FactorSummary, Method, SentCode
from quantbox.user_auth.factors.passkeys import Passkeys, passkey_place
from quantbox.user_auth.factors.recovery import RecoveryCodes
from quantbox.user_auth.factors.sms.phones import Phones
from quantbox.user_auth.factors.sms.sent_codes import SentCodes
from quantbox.user_auth.factors.sms.settings import SmsSettingsService
from quantbox.user_auth.factors.store import account_of
from quantbox.user_auth.factors.tables import (
    PasskeyChallengeRow,
    PasskeyRow,
    RecoveryCodeRow,
    SmsCodeRow,
    SmsPhoneRow,
    TotpRow,
)
from quantbox.user_auth.factors.totp import Totp
from quantbox.vault.fields import FieldCipher

__all__ = ["Factors"]


class Factors:
    """Tells, checks and changes second factors; the caller counts failures (`CodeRefused` is Denied) and slows them down.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    cipher : FieldCipher
        Seals secrets and phone numbers.
    clock : Clock
        Decides which codes and challenges are still good.
    sms : SmsSettingsService
        How codes are sent, where they are.
    """

    def __init__(self, sessions: sessionmaker[Session], cipher: FieldCipher, clock: Clock, sms: SmsSettingsService) -> None:
        self._sessions = sessions
        self.sms_settings = sms
        self.recovery = RecoveryCodes(sessions, clock)
        self.totp = Totp(sessions, cipher, clock, self.recovery)
        self.passkeys = Passkeys(sessions, clock, self.recovery)
        self.sent_codes = SentCodes(sessions, cipher, clock, sms)
        self.phones = Phones(sessions, cipher, clock, self.sent_codes, self.recovery)

    def summary(self, person_id: str, origin: str) -> FactorSummary:
        """Return what the person has enrolled, and what could be enrolled at this origin."""
        with self._sessions() as session:
            account_id = account_of(session, person_id)
        return FactorSummary(
            totp_enrolled_at=self.totp.enrolled_at(person_id),
            passkeys=self.passkeys.list_passkeys(person_id),
            recovery_codes_left=self.recovery.count(person_id),
            phone_masked=self.phones.find_masked(person_id),
            place=passkey_place(origin),
            sms_possible=self.sms_settings.is_on(account_id),
        )

    def methods_of(self, person_id: str, origin: str | None = None) -> tuple[str, ...]:
        """Return the ways in which the person can prove a second factor; empty only where none is enrolled.

        Parameters
        ----------
        origin : str or None
            Where the page comes from ("http://localhost:8000"). A passkey that cannot work there is left out, and so is
            a phone while text messages are off, unless nothing else were left: a factor that cannot be used now must
            not look like no factor.
        """
        with self._sessions() as session:
            account_id = account_of(session, person_id)
        enrolled, usable = [], []
        if self.totp.enrolled_at(person_id) is not None:
            enrolled.append(Method.TOTP)
            usable.append(Method.TOTP)
        if self.passkeys.list_passkeys(person_id):
            enrolled.append(Method.PASSKEY)
            if origin is None or self.passkeys.work_at(person_id, origin):
                usable.append(Method.PASSKEY)
        if self.phones.find_masked(person_id) is not None:
            enrolled.append(Method.SMS)
            if self.sms_settings.is_on(account_id):
                usable.append(Method.SMS)
        if enrolled and self.recovery.count(person_id):
            usable.append(Method.RECOVERY)
        return tuple(method.value for method in usable or enrolled)

    def check_code(self, person_id: str, method: str, code: str) -> None:
        """Return when `code` proves the method "totp", "recovery" or "sms"; it is spent then.

        Raises
        ------
        CodeRefused
            Wrong, expired, replayed, or nothing of that kind enrolled: the same for all.
        """
        checks = {Method.TOTP: self.totp.check, Method.RECOVERY: self.recovery.check, Method.SMS: self.phones.check}
        check = checks.get(method)  # type: ignore[call-overload]  # a StrEnum's member is found by its word
        if check is None:
            raise CodeRefused
        check(person_id, code)

    def send_sms(self, person_id: str) -> SentCode:
        """Send a code to the person's confirmed phone."""
        return self.phones.send(person_id)

    def passkey_options(self, person_id: str, origin: str) -> dict[str, Any]:
        """Return what navigator.credentials.get() takes, with a challenge of five minutes."""
        return self.passkeys.authentication_options(person_id, origin)

    def check_passkey(self, person_id: str, origin: str, credential: dict[str, Any]) -> None:
        """Return when the credential answers the person's open challenge at this origin; raises CodeRefused else."""
        self.passkeys.check(person_id, origin, credential)

    def forget(self, person_id: str) -> None:
        """Remove every factor, recovery code and open challenge of the person."""
        with self._sessions.begin() as session:
            for table in (TotpRow, PasskeyRow, PasskeyChallengeRow, RecoveryCodeRow, SmsPhoneRow, SmsCodeRow):
                session.execute(delete(table).where(table.person_id == person_id))

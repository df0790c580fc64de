"""Queries every kind of factor needs."""

from __future__ import annotations

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from quantbox.user_auth.factors.tables import PasskeyRow, SmsPhoneRow, TotpRow
from quantbox.user_auth.tables import PersonRow

__all__ = ["account_of", "has_factor"]


def account_of(session: Session, person_id: str) -> str:
    """Return the account the person works on."""
    return session.scalars(select(PersonRow.account_id).where(PersonRow.id == person_id)).one()


def has_factor(session: Session, person_id: str) -> bool:
    """Return whether the person has any confirmed factor; recovery codes alone are none."""
    totp = exists().where(TotpRow.person_id == person_id, TotpRow.confirmed_at.is_not(None))
    passkey = exists().where(PasskeyRow.person_id == person_id)
    phone = exists().where(SmsPhoneRow.person_id == person_id, SmsPhoneRow.confirmed_at.is_not(None))
    return bool(session.scalar(select(or_(totp, passkey, phone))))

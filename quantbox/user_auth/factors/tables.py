"""The rows of second factors; secrets and phone numbers are sealed, codes are kept as hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base, UtcDateTime

__all__ = ["PasskeyChallengeRow", "PasskeyRow", "RecoveryCodeRow", "SmsCodeRow", "SmsPhoneRow", "SmsSettingsRow", "TotpRow"]


class TotpRow(Base):
    """An authenticator app; until it is confirmed it stands beside the one in use and counts for nothing.

    Attributes
    ----------
    last_step : int
        The latest half minute (since 1970) a code was accepted for; that step and older ones are spent.
    """

    __tablename__ = "totp_factors"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    secret: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": True})
    last_step: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasskeyRow(Base):
    """A passkey: what its authenticator told at registration; nothing of it is secret."""

    __tablename__ = "passkeys"
    __table_args__ = (UniqueConstraint("credential_id"), Index(None, "person_id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    rp_id: Mapped[str] = mapped_column(String(253))
    credential_id: Mapped[bytes] = mapped_column(LargeBinary)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(Integer)
    transports: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PasskeyChallengeRow(Base):
    """A challenge that waits for its answer; the key is its hash, and answering deletes it."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (Index(None, "person_id"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(16))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoveryCodeRow(Base):
    """One unused recovery code, by its hash; using it deletes the row."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index(None, "person_id"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SmsPhoneRow(Base):
    """A phone that receives codes; until it is confirmed it counts for nothing."""

    __tablename__ = "sms_phones"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    phone: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": True})
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SmsCodeRow(Base):
    """One code that was sent, kept for a day because the limits count it.

    Attributes
    ----------
    code_key : str or None
        Hash of the code; None where the provider made it and alone can check it.
    """

    __tablename__ = "sms_codes"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(16))
    phone: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": True})
    code_key: Mapped[str | None] = mapped_column(String(64))
    tries: Mapped[int] = mapped_column(Integer)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SmsSettingsRow(Base):
    """How an account's codes are sent; the access key lies among the vault's credentials."""

    __tablename__ = "sms_settings"

    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    provider: Mapped[str] = mapped_column(String(16))
    sign_name: Mapped[str] = mapped_column(String(64))
    template_code: Mapped[str] = mapped_column(String(64))
    scheme_name: Mapped[str] = mapped_column(String(64))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

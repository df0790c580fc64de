"""The rows of people, the devices and sessions they sign in with, and settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base, UtcDateTime

__all__ = ["DeviceRow", "PendingSignInRow", "PersonRow", "PlaceRow", "SettingsRow", "WebSessionRow"]


class PersonRow(Base):
    """One person; `name_key` is the name as it is compared, `password_verifier` an Argon2id string."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("name_key"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(40))
    name_key: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(16))
    is_active: Mapped[bool]
    password_verifier: Mapped[str | None] = mapped_column(String(200))
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeviceRow(Base):
    """One browser that somebody has signed in with, or a paired tablet; the key is the hash of its cookie."""

    __tablename__ = "devices"
    __table_args__ = (UniqueConstraint("key"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(80))
    max_role: Mapped[str | None] = mapped_column(String(16))
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_address: Mapped[str] = mapped_column(String(64))


class WebSessionRow(Base):
    """One browser session; the key is the hash of what the cookie holds, and changes at step-up while the id stays."""

    __tablename__ = "web_sessions"
    __table_args__ = (UniqueConstraint("key"), Index(None, "person_id"), Index(None, "device_id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    device_id: Mapped[str] = mapped_column(String(32), ForeignKey("devices.id", ondelete="CASCADE"))
    signed_in_by: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64))
    is_new_place: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stepped_up_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PlaceRow(Base):
    """A device and address from which a person has signed in before."""

    __tablename__ = "sign_in_places"

    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    device_id: Mapped[str] = mapped_column(String(32), ForeignKey("devices.id", ondelete="CASCADE"), primary_key=True)
    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    first_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PendingSignInRow(Base):
    """Somebody who has proven the password and not yet the second factor; the key is the hash of the cookie."""

    __tablename__ = "pending_sign_ins"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SettingsRow(Base):
    """One account's settings: only what differs from the defaults, so that a default can change."""

    __tablename__ = "user_settings"

    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    changed: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

"""The rows of people, their sessions and settings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base, UtcDateTime

__all__ = ["PersonRow", "SettingsRow", "WebSessionRow"]


class PersonRow(Base):
    """One person."""

    __tablename__ = "people"
    __table_args__ = (UniqueConstraint("account_id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WebSessionRow(Base):
    """One browser session; the key is the hash of the id in the cookie."""

    __tablename__ = "web_sessions"
    __table_args__ = (Index(None, "person_id"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    signed_in_by: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class SettingsRow(Base):
    """One account's settings: only what differs from the defaults, so that a default can change."""

    __tablename__ = "user_settings"

    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    changed: Mapped[dict[str, Any]] = mapped_column(JSON)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

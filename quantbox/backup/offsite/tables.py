"""The rows of off-site backup: where to, what was sent, what waits, and how sending goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base, UtcDateTime

__all__ = ["OffsiteCopyRow", "OffsiteObjectRow", "OffsiteSenderRow", "OffsiteSettingsRow"]


class OffsiteSettingsRow(Base):
    """Where an account's pieces go; its secret lies among the vault's credentials.

    The naming key stays the same when keys are rotated and places are changed, so that the same content keeps its name.
    """

    __tablename__ = "offsite_settings"

    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    options: Mapped[dict[str, str]] = mapped_column(JSON)
    keep_reports: Mapped[int]
    copies_backups: Mapped[bool]
    #: Backups made from then on are copied, if they are not yet.
    copies_since: Mapped[datetime] = mapped_column(UtcDateTime)
    manifest_number: Mapped[int] = mapped_column(BigInteger)
    is_manifest_due: Mapped[bool]
    sealed_naming_key: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": True})


class OffsiteSenderRow(Base):
    """How one of the two senders fares: objects go at once, copies of backups may take hours."""

    __tablename__ = "offsite_senders"

    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sender: Mapped[str] = mapped_column(String(16), primary_key=True)
    attempts: Mapped[int]
    next_attempt_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    last_sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class OffsiteObjectRow(Base):
    """One sealed object: a strategy version, which waits here with its content until it was sent, or an archived report.

    `subject` is the SHA-256 of a version's source, or the id of a report's backtest.
    """

    __tablename__ = "offsite_objects"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    #: When the report was last wanted here again; it is not archived anew at once.
    brought_back_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": True})
    sealed_content: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": True})


class OffsiteCopyRow(Base):
    """A backup that is to be, or was, copied; `details` and the key give its row among the backups back."""

    __tablename__ = "offsite_copies"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    is_scheduled: Mapped[bool]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))
    attempts: Mapped[int]
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    details: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": True})

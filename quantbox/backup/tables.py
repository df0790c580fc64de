"""The rows of backups: what was made, what was asked for, when the next one is due, and which restores were confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base, UtcDateTime

__all__ = ["BackupRequestRow", "BackupRow", "RestoreRow", "ScheduleRow"]


class BackupRow(Base):
    """One file in the folder of backups; its key, so that this store opens it whatever became of its pass phrase."""

    __tablename__ = "backups"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    contents: Mapped[dict[str, int]] = mapped_column(JSON)
    without_downloads: Mapped[bool]
    left_out: Mapped[dict[str, int]] = mapped_column(JSON)
    is_scheduled: Mapped[bool]
    verified_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: The last rehearsal: at, ok, compared, error.
    rehearsal: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": True})


class BackupRequestRow(Base):
    """What a backup or rehearsal job was asked for; a pass phrase of its own is here already the key it stands for."""

    __tablename__ = "backup_requests"

    job_id: Mapped[str] = mapped_column(String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    is_scheduled: Mapped[bool]
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sealed_key: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": True})


class ScheduleRow(Base):
    """When backups are made and how many are kept; made at the first look, from when on they are due."""

    __tablename__ = "backup_schedule"

    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    is_on: Mapped[bool]
    time: Mapped[str] = mapped_column(String(5))
    keep_daily: Mapped[int]
    keep_weekly: Mapped[int]
    keep_monthly: Mapped[int]
    include_downloads: Mapped[bool]
    since: Mapped[datetime] = mapped_column(UtcDateTime)


class RestoreRow(Base):
    """One time this store came out of a backup; until `confirmed_at` nothing is sent from it."""

    __tablename__ = "restores"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    restored_at: Mapped[datetime] = mapped_column(UtcDateTime)
    backup_created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    backup_sha256: Mapped[str] = mapped_column(String(64))
    #: When the store was first opened afterwards: sessions ended, work in progress ended, audit log anchored.
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

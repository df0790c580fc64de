"""The rows of the audit log."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base

__all__ = ["AuditRow"]


class AuditRow(Base):
    """One record; read in the order of `seq`, which is the table's own order, so no index can tell another story."""

    __tablename__ = "audit_records"
    __table_args__ = (CheckConstraint("outcome IN ('done', 'refused', 'failed')", name="outcome"),)

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(27))
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str | None] = mapped_column(String(32))
    person: Mapped[str] = mapped_column(String(200))
    device_id: Mapped[str | None] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(16))
    facts: Mapped[str] = mapped_column(Text)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

"""The one private row of market data: what an import or update job was asked for, and what it answered."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base

__all__ = ["DataRequestRow"]


class DataRequestRow(Base):
    """The arguments and the answer of one job."""

    __tablename__ = "data_requests"

    job_id: Mapped[str] = mapped_column(String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

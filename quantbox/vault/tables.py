"""The rows of credentials."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base, UtcDateTime

__all__ = ["CredentialsRow"]


class CredentialsRow(Base):
    """What the program signs in to one outside service with; `version` counts the changes."""

    __tablename__ = "credentials"

    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int]
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": "version"})
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

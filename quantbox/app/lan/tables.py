"""The row of the owner's choice about the LAN."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base, UtcDateTime

__all__ = ["LanRow"]


class LanRow(Base):
    """One account's choice; the authority's key is under the second lock."""

    __tablename__ = "lan"

    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    is_on: Mapped[bool]
    port: Mapped[int]
    name: Mapped[str] = mapped_column(String(64))
    authority_certificate: Mapped[bytes] = mapped_column(LargeBinary)
    authority_key: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": True})
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

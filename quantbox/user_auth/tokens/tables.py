"""The rows of API tokens; neither access nor refresh tokens are kept, only the id of the one and the hash of the other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base, UtcDateTime

__all__ = ["ApiTokenRow", "RefreshTokenRow"]


class ApiTokenRow(Base):
    """One API token with everything that was ever issued under it.

    Attributes
    ----------
    jwt_id : str
        The `jti` of the one access token that is valid; refreshing replaces it.
    device_id : str or None
        The device it was made on: revoking that revokes what was made on it.
    """

    __tablename__ = "api_tokens"
    __table_args__ = (Index(None, "person_id"), Index(None, "device_id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    person_id: Mapped[str] = mapped_column(String(32), ForeignKey("people.id", ondelete="CASCADE"))
    device_id: Mapped[str | None] = mapped_column(String(32), ForeignKey("devices.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(64))
    role: Mapped[str] = mapped_column(String(16))
    life_days: Mapped[int] = mapped_column(Integer)
    jwt_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    refreshable_until: Mapped[datetime] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_address: Mapped[str | None] = mapped_column(String(64))


class RefreshTokenRow(Base):
    """One refresh token by its hash; a used one is kept, because seeing it again means it was stolen."""

    __tablename__ = "api_refresh_tokens"
    __table_args__ = (Index(None, "token_id"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    token_id: Mapped[str] = mapped_column(String(32), ForeignKey("api_tokens.id", ondelete="CASCADE"))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

"""The backtests table: what was asked, what came out, and the few figures a list shows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from quantbox.core.database import Base, ExactDecimal, UtcDateTime

__all__ = ["BacktestRow"]


class BacktestRow(Base):
    """One backtest; its id is its job's id.

    `request`, `document` and `report` are private texts as :mod:`quantbox.backtesting.store` seals them;
    `report_version` counts the writings of the report, and is null before the first.
    """

    __tablename__ = "backtests"
    __table_args__ = (Index("ix_backtests_account_id", "account_id", "id"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    title: Mapped[str] = mapped_column(String(200))
    file_name: Mapped[str] = mapped_column(String(200))
    symbols: Mapped[list[str]] = mapped_column(JSON)
    start: Mapped[date]
    end: Mapped[date]
    cash: Mapped[Decimal] = mapped_column(ExactDecimal)
    rules: Mapped[bool]
    is_demo: Mapped[bool]
    #: The backtest this one repeats.
    rerun_of: Mapped[str | None] = mapped_column(String(32))
    request: Mapped[bytes] = mapped_column(LargeBinary, info={"sealed": True})
    document: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": True})
    report: Mapped[bytes | None] = mapped_column(LargeBinary, info={"sealed": "report_version"})
    report_version: Mapped[int | None]
    final_value: Mapped[float | None]
    total_return_pct: Mapped[float | None]
    max_drawdown_pct: Mapped[float | None]
    sharpe: Mapped[float | None]
    warnings: Mapped[int | None]
    #: Name under which document and report lie at another place, and since when; they are null here then.
    archived_as: Mapped[str | None] = mapped_column(String(64))
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    def to_json(self) -> dict[str, Any]:
        """Return the row as a list shows it, without the state, which the job knows."""
        return {
            "id": self.id,
            "title": self.title,
            "file_name": self.file_name,
            "symbols": self.symbols,
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "cash": str(self.cash),
            "rules": self.rules,
            "is_demo": self.is_demo,
            "rerun_of": self.rerun_of,
            "created_at": self.created_at.isoformat(),
            "final_value": self.final_value,
            "total_return_pct": self.total_return_pct,
            "max_drawdown_pct": self.max_drawdown_pct,
            "sharpe": self.sharpe,
            "warnings": self.warnings,
            "is_archived": self.archived_as is not None,
        }

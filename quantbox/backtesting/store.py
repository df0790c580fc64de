"""Statements on the backtests table, and the one place where private text takes the form it is kept in.

Private are the request (with the strategy's source), the document and the report (with every trade): each is sealed for its
own row, column and version. Title, file name, symbols, period, cash and the few result figures are what a list shows and
sorts by; they have the database's own encryption alone.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from quantbox.backtesting.models import BacktestRequest, BacktestResult, Costs
from quantbox.backtesting.report.warnings import count_warnings
from quantbox.backtesting.tables import BacktestRow
from quantbox.core.foreign_json import with_whole_characters
from quantbox.vault.fields import FieldCipher, Place

__all__ = [
    "add_backtest",
    "find_backtest",
    "list_backtests",
    "pack_text",
    "put_result",
    "read_log",
    "read_request",
    "read_result",
    "request_to_json",
    "unpack_text",
    "write_log",
    "write_result",
]


def pack_text(value: Any) -> bytes:
    """Return content as it is before it is sealed: compressed JSON."""
    # escaped, because a strategy's text may hold half a surrogate pair, which UTF-8 cannot write
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return zlib.compress(text.encode("ascii"))


def unpack_text(packed: bytes) -> Any:
    """Return what :func:`pack_text` was given."""
    return json.loads(zlib.decompress(packed))


def add_backtest(
    session: Session,
    cipher: FieldCipher,
    *,
    backtest_id: str,
    account_id: str,
    created_at: datetime,
    title: str,
    request: BacktestRequest,
    is_demo: bool,
    rerun_of: str | None,
) -> None:
    """Insert a backtest that has no result yet."""
    session.add(
        BacktestRow(
            id=backtest_id,
            account_id=account_id,
            created_at=created_at,
            title=title,
            file_name=request.file_name,
            symbols=list(request.symbols),
            start=request.start,
            end=request.end,
            cash=request.cash,
            rules=request.rules,
            is_demo=is_demo,
            rerun_of=rerun_of,
            request=_seal(cipher, backtest_id, "request", request_to_json(request)),
        )
    )
    session.flush()


def find_backtest(session: Session, backtest_id: str, account_id: str) -> BacktestRow | None:
    """Return the row, or None when it does not exist or belongs to another account."""
    row = session.get(BacktestRow, backtest_id)
    return row if row is not None and row.account_id == account_id else None


def list_backtests(session: Session, account_id: str, *, before_id: str | None, limit: int) -> list[dict[str, Any]]:
    """Return up to `limit` rows of the account, newest first, older than `before_id`; private texts are not read."""
    shown = [column for column in BacktestRow.__table__.columns if "sealed" not in column.info]
    query = select(*shown).where(BacktestRow.account_id == account_id)
    if before_id is not None:
        query = query.where(BacktestRow.id < before_id)
    rows = session.execute(query.order_by(BacktestRow.id.desc()).limit(limit)).mappings()
    return [BacktestRow(**row).to_json() for row in rows]


def write_result(session: Session, cipher: FieldCipher, backtest_id: str, result: BacktestResult) -> None:
    """Store a result and the figures lists show."""
    row = session.get_one(BacktestRow, backtest_id)
    statistics = result.document["statistics"]
    put_result(cipher, row, result)
    row.final_value = result.document["final_value"]
    row.total_return_pct = statistics["total_return_pct"]
    row.max_drawdown_pct = statistics["max_drawdown_pct"]
    row.sharpe = statistics["sharpe"]
    row.warnings = count_warnings(result.document["warnings"], result.report["differences"])
    row.is_demo = result.report["is_demo"]


def put_result(cipher: FieldCipher, row: BacktestRow, result: BacktestResult) -> None:
    """Store a result in its row."""
    row.document = _seal(cipher, row.id, "document", result.document)
    _write_report(cipher, row, result.report)


def write_log(session: Session, cipher: FieldCipher, backtest_id: str, log: list[str]) -> None:
    """Store what the strategy of a run without result had printed."""
    _write_report(cipher, session.get_one(BacktestRow, backtest_id), {"log": log})


def read_log(cipher: FieldCipher, row: BacktestRow) -> list[str]:
    """Return what the strategy printed; empty while the run has not ended."""
    return [] if row.report is None else list(_open_report(cipher, row)["log"])


def read_result(cipher: FieldCipher, row: BacktestRow) -> BacktestResult | None:
    """Return the stored result; None when there is none."""
    if row.document is None or row.report is None:
        return None
    return BacktestResult(_open(cipher, row, "document"), _open_report(cipher, row))


def read_request(cipher: FieldCipher, row: BacktestRow) -> BacktestRequest:
    """Return what was asked for."""
    stored = _open(cipher, row, "request")
    return BacktestRequest(
        **{
            **stored,
            "symbols": tuple(stored["symbols"]),
            "start": date.fromisoformat(stored["start"]),
            "end": date.fromisoformat(stored["end"]),
            "cash": Decimal(stored["cash"]),
            "costs": Costs(**{name: Decimal(value) for name, value in stored["costs"].items()}),
        }
    )


def request_to_json(request: BacktestRequest) -> dict[str, Any]:
    """Return a request as JSON: days as YYYY-MM-DD, decimals as text."""
    stored: dict[str, Any] = json.loads(json.dumps(asdict(request), default=str))
    return stored


def _write_report(cipher: FieldCipher, row: BacktestRow, report: dict[str, Any]) -> None:
    row.report_version = (row.report_version or 0) + 1
    row.report = _seal(cipher, row.id, "report", report, row.report_version)


def _open_report(cipher: FieldCipher, row: BacktestRow) -> dict[str, Any]:
    report: dict[str, Any] = _open(cipher, row, "report")
    # version 0.1 kept what a strategy printed as it came, halves of surrogate pairs too, which no answer can hold
    return {**report, "log": with_whole_characters(report["log"])}


def _seal(cipher: FieldCipher, backtest_id: str, column: str, value: Any, version: int = 1) -> bytes:
    return cipher.seal(Place(BacktestRow.__tablename__, backtest_id, column, version), pack_text(value))


def _open(cipher: FieldCipher, row: BacktestRow, column: str) -> Any:
    version = row.report_version or 0 if column == "report" else 1
    return unpack_text(cipher.open(Place(BacktestRow.__tablename__, row.id, column, version), getattr(row, column)))

"""Reports that are moved elsewhere: which ones, what of them, and the way back; where they go is nobody's business here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, sessionmaker

from quantbox.backtesting import store
from quantbox.backtesting.errors import BacktestNotFound
from quantbox.backtesting.models import BacktestResult, StrategyVersion
from quantbox.backtesting.tables import BacktestRow
from quantbox.core.clock import Clock
from quantbox.vault.fields import FieldCipher

__all__ = ["ReportShelf", "version_of"]


class ReportShelf:
    """Takes results out of the store and puts them back, each in one transaction.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    cipher : FieldCipher
        The second lock of what comes back.
    clock : Clock
        Tells when a report left.
    """

    def __init__(self, sessions: sessionmaker[Session], cipher: FieldCipher, clock: Clock) -> None:
        self._sessions, self._cipher, self._clock = sessions, cipher, clock

    def beyond_latest(self, account_id: str, keep: int) -> list[str]:
        """Return the ids of results that are here, oldest first, but for the latest `keep` that are anywhere."""
        is_mine = BacktestRow.account_id == account_id
        newest_first = select(BacktestRow.id).where(is_mine, _has_result()).order_by(BacktestRow.id.desc())
        oldest_kept = newest_first.offset(keep - 1).limit(1).scalar_subquery()
        is_beyond = BacktestRow.id < oldest_kept  # never where there are fewer
        query = select(BacktestRow.id).where(is_mine, BacktestRow.document.is_not(None), is_beyond)
        with self._sessions() as session:
            return list(session.scalars(query.order_by(BacktestRow.id)))

    def take(self, backtest_id: str, account_id: str) -> bytes:
        """Return the whole result as it is to be kept elsewhere; the same result gives the same bytes."""
        with self._sessions() as session:
            result = store.read_result(self._cipher, _find(session, backtest_id, account_id))
        if result is None:
            raise BacktestNotFound(backtest_id=backtest_id)
        return store.pack_text({"backtest_id": backtest_id, "document": result.document, "report": result.report})

    def put_away(self, backtest_id: str, account_id: str, archived_as: str, also: Callable[[Session], None]) -> None:
        """Remove a result that is safe elsewhere, and do `also` in the same transaction."""
        with self._sessions.begin() as session:
            row = _find(session, backtest_id, account_id)
            row.document = row.report = None
            row.archived_as, row.archived_at = archived_as, self._clock.now()
            also(session)

    def put_back(self, backtest_id: str, account_id: str, content: bytes, also: Callable[[Session], None]) -> None:
        """Store a result again that :meth:`take` gave, and do `also` in the same transaction."""
        result = self.open(content)
        with self._sessions.begin() as session:
            row = _find(session, backtest_id, account_id)
            if row.archived_as is not None:
                store.put_result(self._cipher, row, result)
                row.archived_as = row.archived_at = None
            also(session)

    def open(self, content: bytes) -> BacktestResult:
        """Return the result that :meth:`take` gave."""
        kept = store.unpack_text(content)
        return BacktestResult(kept["document"], kept["report"])

    def archived_as(self, backtest_id: str, account_id: str) -> str | None:
        """Return under what name the result lies elsewhere; None where it is here, or there is none."""
        with self._sessions() as session:
            return _find(session, backtest_id, account_id).archived_as

    def archived(self, account_id: str) -> list[str]:
        """Return the ids of all backtests whose result lies elsewhere, newest first."""
        query = select(BacktestRow.id).where(BacktestRow.account_id == account_id, BacktestRow.archived_as.is_not(None))
        with self._sessions() as session:
            return list(session.scalars(query.order_by(BacktestRow.id.desc())))

    def is_deleted(self, backtest_id: ColumnElement[str] | InstrumentedAttribute[str]) -> ColumnElement[bool]:
        """Return the condition that a column names a backtest that is not here any more."""
        return ~exists().where(BacktestRow.id == backtest_id)

    def versions(self, account_id: str) -> Iterator[StrategyVersion]:
        """Yield each different strategy that was ever submitted and is still here, oldest first."""
        with self._sessions() as session:
            ids = list(
                session.scalars(select(BacktestRow.id).where(BacktestRow.account_id == account_id).order_by(BacktestRow.id))
            )
        seen: set[str] = set()
        for backtest_id in ids:
            with self._sessions() as session:
                row = session.get(BacktestRow, backtest_id)
                if row is None:
                    continue
                request = store.read_request(self._cipher, row)
            version = version_of(account_id, request.file_name, request.source)
            if version.content_hash not in seen:
                seen.add(version.content_hash)
                yield version


def version_of(account_id: str, file_name: str, source: str) -> StrategyVersion:
    """Return the version a source is: the same text is the same version, whatever its file is called."""
    digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    return StrategyVersion(account_id, digest, file_name, source)


def _has_result() -> ColumnElement[bool]:
    return or_(BacktestRow.document.is_not(None), BacktestRow.archived_as.is_not(None))


def _find(session: Session, backtest_id: str, account_id: str) -> BacktestRow:
    row = store.find_backtest(session, backtest_id, account_id)
    if row is None:
        raise BacktestNotFound(backtest_id=backtest_id)
    return row

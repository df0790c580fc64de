"""Backtests from the request to the stored result; the worker runs them, everybody else asks here."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from quantbox.backtesting import store
from quantbox.backtesting.archiving import ReportShelf, version_of
from quantbox.backtesting.comparison import compare_results
from quantbox.backtesting.errors import BacktestArchived, BacktestHasNoResult, BacktestNotFound, BacktestUnfinished
from quantbox.backtesting.inputs import choose_series, load_input
from quantbox.backtesting.models import BacktestRequest, BacktestResult, StrategyVersion, VersionSaved
from quantbox.backtesting.requests import at_field, check_request, title_of
from quantbox.backtesting.runs import ChildRun, build_result
from quantbox.backtesting.tables import BacktestRow
from quantbox.core.clock import Clock
from quantbox.core.paging import Page, decode_cursor, encode_cursor, page_limit
from quantbox.core.text import Language
from quantbox.jobs.child import ChildEndKind, ChildLimits
from quantbox.jobs.models import FINAL_STATES, Job, JobState
from quantbox.jobs.runner import JobContext
from quantbox.jobs.service import JobService
from quantbox.market_data.rules.records import citation
from quantbox.market_data.service import MarketData
from quantbox.vault.errors import FieldDamaged
from quantbox.vault.fields import FieldCipher

__all__ = ["JOB_KIND", "Backtesting", "ReportShelf", "preload"]

JOB_KIND = "backtest"

#: How a job ends whose child gave no result.
STATES = {
    ChildEndKind.FAILURE: JobState.FAILED,
    ChildEndKind.OUT_OF_MEMORY: JobState.FAILED,
    ChildEndKind.DIED: JobState.FAILED,
    ChildEndKind.TIMED_OUT: JobState.TIMED_OUT,
    ChildEndKind.CANCELLED: JobState.CANCELLED,
}


def tell_nobody(_session: Session, _version: StrategyVersion) -> None:
    """Take no note of a saved version."""


def preload() -> None:
    """Load what a run loads when it makes its result, for who has time for it before a run and not in one."""
    import empyrical  # noqa: F401

    citation()


class Backtesting:
    """Takes requests, runs them, and answers for what came out.

    Parameters
    ----------
    sessions : sessionmaker
        Sessions on the encrypted database.
    clock : Clock
        Tells when things happen.
    jobs : JobService
        A backtest's id is its job's id.
    market_data : MarketData
        Bars, instruments, calendar.
    cipher : FieldCipher
        The second lock of strategies, reports and trades.
    limits : ChildLimits
        What one run may use: 600 s and 2 GiB unless said otherwise.
    version_saved : VersionSaved
        Told of the strategy of every submitted backtest, in the same transaction.

    Attributes
    ----------
    shelf : ReportShelf
        Moves results elsewhere and back.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        clock: Clock,
        jobs: JobService,
        market_data: MarketData,
        cipher: FieldCipher,
        *,
        limits: ChildLimits | None = None,
        version_saved: VersionSaved = tell_nobody,
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._jobs = jobs
        self._market_data = market_data
        self._cipher = cipher
        self._limits = limits or ChildLimits()
        self._version_saved = version_saved
        self.shelf = ReportShelf(sessions, cipher, clock)

    def submit(self, request: BacktestRequest, account_id: str) -> Job:
        """Check a request, store it with its job in one transaction, and wake a worker.

        Raises
        ------
        Invalid, NotFound
            When a value is outside its bound, or a symbol has no bars in the period.
        """
        return self._submit(check_request(request), account_id, rerun_of=None)

    def rerun(self, backtest_id: str, account_id: str) -> Job:
        """Submit the same request again, on the bars that are stored now."""
        return self._submit(self.request(backtest_id, account_id), account_id, rerun_of=backtest_id)

    def run_job(self, context: JobContext) -> None:
        """Run one attempt to its end; result and state are written in one transaction."""
        started = self._clock.monotonic()
        with self._sessions() as session:
            request = store.read_request(self._cipher, self._find(session, context.job.id, context.job.account_id))
        context.report(0.0, "bars")
        run = load_input(self._market_data, request)
        child = ChildRun(run, self._limits, lambda fraction: context.report(fraction, "running"))
        end = child.start()
        if end.kind in STATES:
            write = partial(store.write_log, cipher=self._cipher, backtest_id=context.job.id, log=child.log)
            context.finish(STATES[end.kind], end.reason, write)
            return
        result = build_result(run, end, child.log, self._clock.monotonic() - started)
        write = partial(store.write_result, cipher=self._cipher, backtest_id=context.job.id, result=result)
        context.finish(JobState.SUCCEEDED, write=write)

    def request(self, backtest_id: str, account_id: str) -> BacktestRequest:
        """Return what was asked for, the strategy's text included."""
        with self._sessions() as session:
            return store.read_request(self._cipher, self._find(session, backtest_id, account_id))

    def get(self, backtest_id: str, account_id: str, *, with_source: bool = False) -> dict[str, Any]:
        """Return the row, the request, the job, what was printed, and for a rerun what differs from the run it repeats.

        Parameters
        ----------
        with_source : bool
            Whether the request holds the strategy's text.
        """
        with self._sessions() as session:
            row = self._find(session, backtest_id, account_id)
            request = store.request_to_json(store.read_request(self._cipher, row))
            log = store.read_log(self._cipher, row)
            comparison = self._compare(session, row)
        if not with_source:
            del request["source"]
        job = self._jobs.get(backtest_id, account_id)
        return {
            **_with_job(row.to_json(), job),
            "request": request,
            "job": job.to_json(self._clock.now()),
            "log": log,
            "comparison": comparison,
        }

    def result(self, backtest_id: str, account_id: str) -> BacktestResult:
        """Return the result, warnings in both languages.

        Raises
        ------
        BacktestArchived
            When the result was moved elsewhere.
        BacktestHasNoResult
            When the run did not succeed, or has not ended.
        """
        with self._sessions() as session:
            row = self._find(session, backtest_id, account_id)
            if row.archived_as is not None:
                raise BacktestArchived(backtest_id=backtest_id)
            result = store.read_result(self._cipher, row)
        if result is None:
            raise BacktestHasNoResult(backtest_id=backtest_id, state=self._jobs.get(backtest_id, account_id).state.value)
        return result

    def document(self, backtest_id: str, account_id: str, language: Language = "zh") -> dict[str, Any]:
        """Return the document of ``quantbox backtest run``: the result with its warnings in one language."""
        document = self.result(backtest_id, account_id).document
        warnings = [{**warning, "message": warning["message"][language]} for warning in document["warnings"]]
        return {**document, "warnings": warnings}

    def compare_rerun(self, backtest_id: str, other_id: str, account_id: str) -> dict[str, Any]:
        """Return whether two runs gave the same result to the cent, and which fingerprints differ."""
        return compare_results(self.result(backtest_id, account_id), self.result(other_id, account_id))

    def list_backtests(self, account_id: str, *, cursor: str | None = None, limit: int = 50) -> Page[dict[str, Any]]:
        """Return the account's backtests with their jobs' states, newest first, one page at a time."""
        before_id = None if cursor is None else str(decode_cursor(cursor, str)[0])
        with self._sessions() as session:
            rows = store.list_backtests(session, account_id, before_id=before_id, limit=page_limit(limit) + 1)
        page = [_with_job(row, self._jobs.get(row["id"], account_id)) for row in rows[:limit]]
        return Page(page, encode_cursor(page[-1]["id"]) if len(rows) > limit else None)

    def delete(self, backtest_id: str, account_id: str) -> None:
        """Remove a backtest that has ended, with its request and result.

        Raises
        ------
        BacktestUnfinished
            When it still waits or runs.
        """
        with self._sessions.begin() as session:
            row = self._find(session, backtest_id, account_id)
            state = self._jobs.get(backtest_id, account_id).state
            if state not in FINAL_STATES:
                raise BacktestUnfinished(backtest_id=backtest_id, state=state.value)
            session.delete(row)

    def _submit(self, request: BacktestRequest, account_id: str, rerun_of: str | None) -> Job:
        with at_field("symbols"):
            stored = [choose_series(self._market_data, symbol, request, is_traded=True) for symbol in request.symbols]
        if request.benchmark and request.benchmark not in request.symbols:
            with at_field("benchmark"):
                choose_series(self._market_data, request.benchmark, request, is_traded=False)
        title = title_of(request)
        with self._sessions.begin() as session:
            job = self._jobs.create(JOB_KIND, title, account_id, session=session)
            store.add_backtest(
                session,
                self._cipher,
                backtest_id=job.id,
                account_id=account_id,
                created_at=job.created_at,
                title=title,
                request=request,
                is_demo=any(series.is_demo for series in stored),
                rerun_of=rerun_of,
            )
            self._version_saved(session, version_of(account_id, request.file_name, request.source))
        self._jobs.wake(job.id)
        return job

    def _compare(self, session: Session, row: BacktestRow) -> dict[str, Any] | None:
        before = store.find_backtest(session, row.rerun_of, row.account_id) if row.rerun_of else None
        if before is None:
            return None
        result = store.read_result(self._cipher, row)
        try:
            result_before = store.read_result(self._cipher, before)
        except FieldDamaged:
            return None  # said where that one is opened; this one is whole
        if result_before is None or result is None:
            return None
        return {"compare_with": before.id, **compare_results(result_before, result)}

    def _find(self, session: Session, backtest_id: str, account_id: str) -> BacktestRow:
        row = store.find_backtest(session, backtest_id, account_id)
        if row is None:
            raise BacktestNotFound(backtest_id=backtest_id)
        return row


def _with_job(row: dict[str, Any], job: Job) -> dict[str, Any]:
    return {**row, "state": job.state.value, "progress": job.progress, "stage": job.stage}

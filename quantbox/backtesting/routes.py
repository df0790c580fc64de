"""Backtests of the person's account: submit, list, look, run again, delete."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from flask_login import current_user
from pydantic import Field

from quantbox.backtesting.loading import inspect_source
from quantbox.backtesting.models import BacktestRequest, Costs
from quantbox.backtesting.requests import MAX_SOURCE_BYTES
from quantbox.backtesting.samples import list_samples
from quantbox.backtesting.service import Backtesting
from quantbox.core.roles import Role
from quantbox.jobs.models import JobState
from quantbox.user_auth.settings import SettingsService
from quantbox.web.acts import note_facts
from quantbox.web.answers import JobAnswer, job_answer
from quantbox.web.api import Answer, Body, PageOf, PageQuery, Query, Routes
from quantbox.web.state import get_service

__all__ = ["BacktestRow", "routes"]

routes = Routes("backtesting")


class Param(Answer):
    """A parameter of a strategy; `default` is null where it is no literal."""

    name: str
    default: Any
    type: str


class Sample(Answer):
    """A strategy that comes with the program."""

    file_name: str
    class_name: str
    title: dict[str, str]
    about: dict[str, str]
    source: str
    params: list[Param]


class StrategyClass(Answer):
    """A strategy found in a file."""

    name: str
    params: list[Param]


class SyntaxFault(Answer):
    """Why a file cannot be read as Python."""

    message: str
    line: int | None


class Inspection(Answer):
    """What a file holds, read without running it."""

    classes: list[StrategyClass]
    error: SyntaxFault | None


class InspectBody(Body):
    """The text of a strategy file."""

    source: str = Field(max_length=MAX_SOURCE_BYTES, repr=False)


class CostsBody(Body):
    """What the owner's broker charges; absent values are those of the settings."""

    commission_bps: Decimal | None = None
    commission_min_yuan: Decimal | None = None


class BacktestBody(Body):
    """What to run."""

    source: str = Field(max_length=MAX_SOURCE_BYTES, repr=False)
    file_name: str = Field(min_length=1, max_length=400)
    symbols: list[str]
    start: date
    end: date
    cash: Decimal
    class_name: str | None = None
    params: dict[str, str | int | float | bool] = Field(default_factory=dict)
    rules: bool = True
    benchmark: str | None = None
    costs: CostsBody = CostsBody()


class BacktestRow(Answer):
    """A backtest as a list shows it; figures are null until it has succeeded."""

    id: str
    title: str
    file_name: str
    symbols: list[str]
    start: date
    end: date
    cash: Decimal
    rules: bool
    is_demo: bool
    rerun_of: str | None
    created_at: datetime
    final_value: float | None
    total_return_pct: float | None
    max_drawdown_pct: float | None
    sharpe: float | None
    warnings: int | None
    is_archived: bool
    state: JobState
    progress: float
    stage: str


class BacktestAnswer(BacktestRow):
    """A backtest with what was asked for, its job, what it printed, and how it compares with the run it repeats."""

    request: dict[str, Any]
    job: JobAnswer
    log: list[str]
    comparison: dict[str, Any] | None


class ReportAnswer(Answer):
    """The command line's document, warnings in both languages, and what the report draws besides."""

    document: dict[str, Any]
    report: dict[str, Any]


class RerunAnswer(JobAnswer):
    """The job of the new run, and the run it repeats."""

    compare_with: str


class ComparisonQuery(Query):
    """Which other run to compare with."""

    other: str


class Comparison(Answer):
    """Whether two runs agree to the cent, the first day on which they do not, and which fingerprints changed."""

    same: bool
    first_difference: date | None
    changed: list[str]


class Deleted(Answer):
    """What was deleted."""

    id: str


@routes.add("GET", "/backtests/samples", role=Role.VIEWER, answer=list[Sample])
def show_samples() -> list[dict[str, Any]]:
    """Return the sample strategies with their text."""
    return list_samples()


@routes.add("POST", "/backtests/inspect", role=Role.VIEWER, body=InspectBody, answer=Inspection)
def inspect_strategy(body: InspectBody) -> dict[str, Any]:
    """Return the strategies in a file and their parameters; the file is read and never run."""
    return inspect_source(body.source)


@routes.add(
    "POST",
    "/backtests",
    role=Role.TRADER,
    body=BacktestBody,
    answer=JobAnswer,
    status=202,
    act="backtest.submit",
    is_expensive=True,
)
def submit_backtest(body: BacktestBody) -> dict[str, Any]:
    """Check a backtest and queue it; its id is its job's id."""
    settings = get_service(SettingsService).get(current_user.account_id)
    bps, least = body.costs.commission_bps, body.costs.commission_min_yuan
    request = BacktestRequest(
        source=body.source,
        file_name=body.file_name,
        class_name=body.class_name,
        symbols=tuple(body.symbols),
        start=body.start,
        end=body.end,
        cash=body.cash,
        params={name: str(value) for name, value in body.params.items()},
        rules=body.rules,
        benchmark=body.benchmark or None,
        costs=Costs(
            settings.commission_bps if bps is None else bps,
            settings.commission_min_yuan if least is None else least,
        ),
    )
    note_facts(file_name=body.file_name, symbols=body.symbols, start=body.start, end=body.end)
    job = get_service(Backtesting).submit(request, current_user.account_id)
    note_facts(job_id=job.id)
    return job_answer(job)


@routes.add("GET", "/backtests", role=Role.VIEWER, query=PageQuery, answer=PageOf[BacktestRow])
def list_backtests(query: PageQuery) -> object:
    """List backtests, newest first."""
    return get_service(Backtesting).list_backtests(current_user.account_id, cursor=query.cursor, limit=query.limit)


@routes.add("GET", "/backtests/<backtest_id>", role=Role.VIEWER, answer=BacktestAnswer)
def show_backtest(backtest_id: str) -> dict[str, Any]:
    """Show a backtest with the strategy's text."""
    return get_service(Backtesting).get(backtest_id, current_user.account_id, with_source=True)


@routes.add("GET", "/backtests/<backtest_id>/report", role=Role.VIEWER, answer=ReportAnswer)
def show_report(backtest_id: str) -> object:
    """Return the result of a backtest that has succeeded."""
    return get_service(Backtesting).result(backtest_id, current_user.account_id)


@routes.add("GET", "/backtests/<backtest_id>/comparison", role=Role.VIEWER, query=ComparisonQuery, answer=Comparison)
def compare_backtests(backtest_id: str, query: ComparisonQuery) -> dict[str, Any]:
    """Compare the results of two runs."""
    return get_service(Backtesting).compare_rerun(query.other, backtest_id, current_user.account_id)


@routes.add(
    "POST",
    "/backtests/<backtest_id>/rerun",
    role=Role.TRADER,
    answer=RerunAnswer,
    status=202,
    act="backtest.rerun",
    is_expensive=True,
)
def rerun_backtest(backtest_id: str) -> dict[str, Any]:
    """Run the same request again, on the bars that are stored now."""
    job = get_service(Backtesting).rerun(backtest_id, current_user.account_id)
    note_facts(job_id=job.id)
    return {**job_answer(job), "compare_with": backtest_id}


@routes.add("DELETE", "/backtests/<backtest_id>", role=Role.TRADER, answer=Deleted, act="backtest.delete")
def delete_backtest(backtest_id: str) -> dict[str, str]:
    """Delete a backtest that has ended, with its request and result."""
    get_service(Backtesting).delete(backtest_id, current_user.account_id)
    return {"id": backtest_id}

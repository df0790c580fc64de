"""The store of market data: what is there, imports, updates, the demo market, checks, sources, the calendar."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from flask_login import current_user
from pydantic import Field, JsonValue

from quantbox.core.clock import market_date
from quantbox.core.paging import Page, decode_cursor, encode_cursor
from quantbox.core.roles import Role
from quantbox.jobs.service import JobService
from quantbox.market_data.charts.calendar_day import calendar_today
from quantbox.market_data.charts.routes import SeriesAnswer, series_fields
from quantbox.market_data.models import Adjust, Frequency
from quantbox.market_data.requests.service import IMPORT_KIND, UPDATE_KIND, DataRequests, SpooledFile
from quantbox.market_data.requests.source_states import describe_sources
from quantbox.market_data.service import MarketData
from quantbox.user_auth.settings import SettingsService
from quantbox.web.acts import note_facts
from quantbox.web.answers import JobAnswer, job_answer
from quantbox.web.api import Answer, Body, PageOf, PageQuery, Query, Routes
from quantbox.web.cookies import request_language
from quantbox.web.state import get_clock, get_service
from quantbox.web.uploads import UploadedFile

__all__ = ["CalendarAnswer", "routes"]

routes = Routes("data")

MAX_UPLOAD_BYTES = 512 * 1024 * 1024


class NamedSeries(SeriesAnswer):
    """A stored series with its instrument."""

    symbol: str
    name: str


class SeriesQuery(Query):
    """Which series of a symbol."""

    frequency: Frequency = Frequency.DAY


class Removed(Answer):
    """How many bars were taken away."""

    symbol: str
    rows: int


class ImportBody(Body):
    """What the owner says of the files; empty leaves it to their content."""

    symbol: str = ""
    adjust: Literal["", "none", "qfq", "hfq"] = ""


class UpdateBody(Body):
    """What to fetch from the online source."""

    symbols: list[str] | Literal["all"] = Field(default="all")
    start: date | None = None
    end: date | None = None


class DemoAnswer(Answer):
    """How much the demo market holds, and the stock to show a first backtest on."""

    symbols: int
    bars: int
    sample_symbol: str


class CheckQuery(Query):
    """Which symbol to check; all without one."""

    symbol: str | None = None


class Findings(Answer):
    """What is doubtful in the stored bars."""

    findings: list[dict[str, JsonValue]]


class QuarantinedRow(Answer):
    """A row that an import set aside."""

    job_id: str
    path: str
    line: int
    column: str
    code: str
    reason: str


class SourceAnswer(Answer):
    """One way market data comes in."""

    name: str
    origin: str
    state: Literal["ready", "unused", "failing"]
    last_success: datetime | None
    last_error: dict[str, str] | None
    about: dict[str, str]


class CalendarAnswer(Answer):
    """Today on the exchange, and how far the calendar reaches."""

    today: date
    is_session: bool
    next_session: date | None
    end: date
    days_left: int


@routes.add("GET", "/data/series", role=Role.VIEWER, query=PageQuery, answer=PageOf[NamedSeries])
def list_series(query: PageQuery) -> object:
    """List stored series by symbol."""
    market_data = get_service(MarketData)
    after = decode_cursor(query.cursor, str, str, int) if query.cursor else ("", "", 0)
    keyed = sorted(((one.symbol, one.frequency.value, int(one.is_display_only)), one) for one in market_data.series())
    rest = [pair for pair in keyed if pair[0] > after]
    page = rest[: query.limit]
    items = [{**series_fields(one), "symbol": one.symbol, "name": name_of(market_data, one.symbol)} for _key, one in page]
    return Page(items, encode_cursor(*page[-1][0]) if len(rest) > query.limit else None)


@routes.add("DELETE", "/data/series/<symbol>", role=Role.TRADER, query=SeriesQuery, answer=Removed, act="data.remove")
def remove_series(symbol: str, query: SeriesQuery) -> dict[str, Any]:
    """Take away all stored bars of a symbol at one frequency."""
    rows = get_service(MarketData).remove(symbol, query.frequency)
    note_facts(frequency=query.frequency.value, rows=rows)
    return {"symbol": symbol, "rows": rows}


@routes.add(
    "POST",
    "/data/imports",
    role=Role.TRADER,
    body=ImportBody,
    files=lambda _bytes: get_service(DataRequests).new_spool_folder(),
    answer=JobAnswer,
    status=202,
    max_body_bytes=MAX_UPLOAD_BYTES,
    act="data.import",
    is_expensive=True,
)
def import_files(body: ImportBody, files: list[UploadedFile]) -> dict[str, Any]:
    """Import uploaded files of any known format."""
    note_facts(files=len(files), symbol=body.symbol or None, adjust=body.adjust or None)
    job = get_service(DataRequests).submit_import(
        [SpooledFile(file.name, file.path) for file in files],
        symbol=body.symbol or None,
        adjust=Adjust(body.adjust) if body.adjust else None,
        account_id=current_user.account_id,
        language=request_language(),
    )
    return job_answer(job)


@routes.add("GET", "/data/imports/<job_id>", role=Role.VIEWER, answer=dict[str, JsonValue])
def show_import(job_id: str) -> dict[str, Any]:
    """Return the document of an import that has ended: what became of every file."""
    return get_service(DataRequests).answer(job_id, IMPORT_KIND, current_user.account_id)


@routes.add(
    "POST", "/data/updates", role=Role.TRADER, body=UpdateBody, answer=JobAnswer, status=202, act="data.update", is_expensive=True
)
def update_series(body: UpdateBody) -> dict[str, Any]:
    """Fetch what is missing from the online source."""
    note_facts(symbols=body.symbols, start=body.start, end=body.end)
    job = get_service(DataRequests).submit_update(
        None if body.symbols == "all" else body.symbols,
        start=body.start,
        end=body.end,
        source=get_service(SettingsService).get(current_user.account_id).data_source,
        account_id=current_user.account_id,
    )
    return job_answer(job)


@routes.add("GET", "/data/updates/<job_id>", role=Role.VIEWER, answer=dict[str, JsonValue])
def show_update(job_id: str) -> dict[str, Any]:
    """Return the document of an update that has ended: what became of every symbol."""
    return get_service(DataRequests).answer(job_id, UPDATE_KIND, current_user.account_id)


@routes.add("POST", "/data/demo", role=Role.TRADER, answer=DemoAnswer, status=202, act="data.demo", is_expensive=True)
def load_demo() -> dict[str, Any]:
    """Load the demo market: 30 invented instruments, ten years of daily bars, plainly labelled as simulated."""
    return get_service(MarketData).load_demo()


@routes.add("GET", "/data/check", role=Role.VIEWER, query=CheckQuery, answer=Findings)
def check_bars(query: CheckQuery) -> dict[str, Any]:
    """List what is doubtful in the stored bars."""
    return {"findings": get_service(MarketData).check([query.symbol] if query.symbol else None)["findings"]}


@routes.add("GET", "/data/quarantine", role=Role.VIEWER, query=PageQuery, answer=PageOf[QuarantinedRow])
def list_quarantined(query: PageQuery) -> object:
    """List the rows that imports have set aside, newest import first."""
    requests = get_service(DataRequests)
    return requests.quarantined(current_user.account_id, cursor=query.cursor, limit=query.limit)


@routes.add("GET", "/data/sources", role=Role.VIEWER, answer=list[SourceAnswer])
def list_sources() -> object:
    """List where market data can come from, and how each way has done."""
    updates = get_service(JobService).list_jobs(current_user.account_id, kinds=[UPDATE_KIND], limit=20)
    return describe_sources(get_service(MarketData).series(), updates.items)


@routes.add("GET", "/data/calendar", role=Role.VIEWER, answer=CalendarAnswer)
def show_calendar() -> dict[str, Any]:
    """Say whether today is a session, which one is next, and how far the calendar reaches."""
    return calendar_today(get_service(MarketData), market_date(get_clock().now()))


def name_of(market_data: MarketData, symbol: str) -> str:
    """Return the name of an instrument; empty where none is known."""
    instrument = market_data.instruments.find(symbol)
    return instrument.name if instrument else ""

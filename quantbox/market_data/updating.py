"""Bringing stored series up to date from an online source: local store first, only what is missing is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from quantbox.core.clock import market_date
from quantbox.core.errors import Invalid, QuantBoxError, Unavailable
from quantbox.core.text import Text
from quantbox.market_data.models import BAR_SCHEMA, Adjust, Frequency, InstrumentKind, Series, Symbol
from quantbox.market_data.raw_test import find_contradictions
from quantbox.market_data.sources.base import Source, SourceAnswerUnusable, SourceUnreachable
from quantbox.market_data.symbols import kind_of, parse_symbol

if TYPE_CHECKING:
    from quantbox.market_data.service import MarketData

__all__ = ["NothingToUpdate", "SourceUnknown", "make_source", "update_from"]

#: Before the first A share (1990-12-19) there is nothing to ask for.
FIRST_SESSION = date(1990, 12, 19)
#: A kill loses at most what was fetched since the last write.
SYMBOLS_A_WRITE = 100
STOCK_TICK, FUND_TICK = 0.01, 0.001
#: As for files: vendors have single odd bars, an adjusted series has them everywhere.
CONTRADICTING_SHARE_ALLOWED = 0.002
#: Questions in a row without an answer, after which an origin is taken as out of reach: each costs up to its deadline.
MOST_SILENT = 3
NOTHING_FETCHED = {"symbol": "", "rows": 0, "first": None, "last": None, "error": None}


class SourceUnknown(Invalid):
    """No source of that name."""

    code = "market_data.source_unknown"
    sentence = Text("没有名为 {name} 的数据源", "there is no data source named {name}")
    hint = Text("可用：{known}。", "Known: {known}.")


class NothingToUpdate(Invalid):
    """No symbol was named and none is stored."""

    code = "market_data.nothing_to_update"
    sentence = Text("没有指定代码，也没有已存的序列", "no symbol was named and none is stored")
    hint = Text("指定代码，例如：quantbox data update 600519.SH。", "Name a symbol: quantbox data update 600519.SH.")


class Teller:
    """Passes progress on, and says the last of it again while a source keeps us waiting, so that a cancelling is heard."""

    def __init__(self, progress: Callable[[float, str], None]) -> None:
        self._progress = progress
        self._last = (0.0, "calendar")

    def __call__(self, fraction: float, stage: str) -> None:
        """Tell how far the update is."""
        self._last = (fraction, stage)
        self._progress(fraction, stage)

    def repeat(self) -> None:
        """Say the last again."""
        self._progress(*self._last)


def make_source(name: str, on_wait: Callable[[], None]) -> Source:
    """Return the source the user chose by name; it calls `on_wait` while it waits for an answer."""
    if name != "akshare":
        raise SourceUnknown(name=name, known="akshare")
    from quantbox.market_data.sources.akshare import AkshareSource

    return AkshareSource(on_wait=on_wait)


def update_from(
    market_data: MarketData,
    source: Source,
    symbols: Sequence[str] | None,
    *,
    start: date | None,
    end: date | None,
    progress: Callable[[float, str], None],
) -> dict[str, Any]:
    """Fetch what is missing and return `{source, origin, symbols: [{symbol, rows, first, last, error}], failed, calendar_end}`.

    Parameters
    ----------
    symbols : sequence of str or None
        None updates every stored daily series that is traded raw and not simulated.
    start, end : date or None
        None continues after the last stored day (or from the first session) until today.

    Notes
    -----
    A symbol that fails does not stop the others; nothing of its answer is stored. A source that did not answer several
    questions in a row is asked no more: the symbols left fail with its last error.
    """
    stored = {series.symbol: series for series in market_data.series() if is_updatable(series)}
    wanted = [parse_symbol(text) for text in symbols] if symbols else sorted(stored)
    if not wanted:
        raise NothingToUpdate
    today = end or market_date(market_data.clock.now())
    problems = refresh_reference(market_data, source, progress)
    silent = len([problem for problem in problems if is_silence(problem)])
    results: list[dict[str, Any]] = []
    fetched: list[pl.DataFrame] = []
    for position, symbol in enumerate(wanted, 1):
        if silent >= MOST_SILENT and results:
            results.append({**NOTHING_FETCHED, "symbol": symbol, "error": results[-1]["error"]})
            continue
        result, bars = fetch_symbol(source, symbol, start or next_missing_day(stored.get(symbol)), today)
        results.append(result)
        silent = silent + 1 if is_silence(result["error"]) else 0
        fetched += [bars] if bars.height else []
        if len(fetched) >= SYMBOLS_A_WRITE:
            store(market_data, source, fetched)
            fetched = []
        progress(0.1 + 0.9 * position / len(wanted), "fetching")
    store(market_data, source, fetched)
    progress(1.0, "done")
    return {
        "source": source.name,
        "origin": source.origin,
        "symbols": results,
        "failed": sum(result["error"] is not None for result in results),
        "reference_problems": problems,
        "calendar_end": market_data.calendar.end.isoformat(),
    }


def is_updatable(series: Series) -> bool:
    """Return whether a stored series is continued from a source."""
    return series.frequency is Frequency.DAY and not series.is_display_only and not series.is_demo


def next_missing_day(series: Series | None) -> date:
    """Return the day after the last stored one."""
    return series.last + timedelta(days=1) if series else FIRST_SESSION


def refresh_reference(market_data: MarketData, source: Source, progress: Callable[[float, str], None]) -> list[dict[str, Any]]:
    """Bring the calendar and the names up to date; what fails is told and does not stop the bars."""
    problems = []
    steps: list[tuple[str, Callable[[], object]]] = [
        ("calendar", lambda: market_data.calendar.extend(source.sessions())),
        ("names", lambda: market_data.instruments.add(source.names())),
    ]
    for position, (stage, step) in enumerate(steps):
        progress(0.05 * position, stage)
        try:
            step()
        except Unavailable as problem:
            problems.append({"what": stage, **describe(problem)})
    return problems


def fetch_symbol(source: Source, symbol: Symbol, start: date, end: date) -> tuple[dict[str, Any], pl.DataFrame]:
    """Fetch one symbol's missing days; returns its line of the answer and its bars, none of them doubtful."""
    result: dict[str, Any] = {**NOTHING_FETCHED, "symbol": symbol}
    nothing = pl.DataFrame(schema=BAR_SCHEMA)
    if start > end:
        return result, nothing
    try:
        bars = source.daily_bars(symbol, start, end)
        refuse_other_than_raw(source, symbol, bars)
    except QuantBoxError as problem:
        return {**result, "error": describe(problem)}, nothing
    if bars.height:
        first, last = bars["date"][0], bars["date"][-1]
        result |= {"rows": bars.height, "first": first.isoformat(), "last": last.isoformat()}
    return result, bars


def refuse_other_than_raw(source: Source, symbol: Symbol, bars: pl.DataFrame) -> None:
    """Refuse an answer whose amounts say that its prices or volumes are not what they should be."""
    if kind_of(symbol) not in {InstrumentKind.STOCK, InstrumentKind.FUND} or not bars.height:
        return
    contradicting = find_contradictions(bars, tick=STOCK_TICK if kind_of(symbol) is InstrumentKind.STOCK else FUND_TICK)
    if contradicting.height > CONTRADICTING_SHARE_ALLOWED * bars.height:
        raise SourceAnswerUnusable(origin=source.origin, problem=f"{symbol}: {contradicting.row(0, named=True)}"[:300])


def store(market_data: MarketData, source: Source, fetched: Sequence[pl.DataFrame]) -> None:
    """Write the bars of several symbols at once: each write makes the files of the years it touches anew."""
    if fetched:
        origin = f"{source.name}.{source.origin}"
        market_data.write_bars(pl.concat(fetched), origin=origin, adjust=Adjust.NONE, is_download=True)


def is_silence(error: dict[str, Any] | None) -> bool:
    """Return whether an error of the answer says that nobody answered."""
    return error is not None and error["code"] == SourceUnreachable.code


def describe(problem: QuantBoxError) -> dict[str, Any]:
    """Return an error for a document, in both languages."""
    return {"code": problem.code, "message": {"zh": problem.message("zh"), "en": problem.message("en")}}

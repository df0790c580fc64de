"""Bringing stored series up to date from an online source: local store first, only what is missing is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from quantbox.core.clock import market_date
from quantbox.core.errors import Invalid, QuantBoxError, Unavailable
from quantbox.core.text import Text
from quantbox.market_data.models import Adjust, Frequency, InstrumentKind, Series, Symbol
from quantbox.market_data.raw_test import find_contradictions
from quantbox.market_data.sources.base import Source, SourceAnswerUnusable
from quantbox.market_data.symbols import kind_of, parse_symbol

if TYPE_CHECKING:
    from quantbox.market_data.service import MarketData

__all__ = ["NothingToUpdate", "SourceUnknown", "make_source", "update_from"]

#: Before the first A share (1990-12-19) there is nothing to ask for.
FIRST_SESSION = date(1990, 12, 19)


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


def make_source(name: str) -> Source:
    """Return the source the user chose by name."""
    if name != "akshare":
        raise SourceUnknown(name=name, known="akshare")
    from quantbox.market_data.sources.akshare import AkshareSource

    return AkshareSource()


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
    A symbol that fails does not stop the others; nothing of its answer is stored.
    """
    stored = {series.symbol: series for series in market_data.series() if is_updatable(series)}
    wanted = [parse_symbol(text) for text in symbols] if symbols else sorted(stored)
    if not wanted:
        raise NothingToUpdate
    today = end or market_date(market_data.clock.now())
    problems = refresh_reference(market_data, source, progress)
    results = []
    for position, symbol in enumerate(wanted):
        progress(0.1 + 0.9 * position / len(wanted), "fetching")
        results.append(update_symbol(market_data, source, symbol, start or next_missing_day(stored.get(symbol)), today))
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


def update_symbol(market_data: MarketData, source: Source, symbol: Symbol, start: date, end: date) -> dict[str, Any]:
    """Fetch and store one symbol's missing days."""
    result: dict[str, Any] = {"symbol": symbol, "rows": 0, "first": None, "last": None, "error": None}
    if start > end:
        return result
    try:
        bars = source.daily_bars(symbol, start, end)
        if kind_of(symbol) in {InstrumentKind.STOCK, InstrumentKind.FUND} and bars.height:
            contradicting = find_contradictions(bars)
            if contradicting.height:
                raise SourceAnswerUnusable(origin=source.origin, problem=f"{symbol}: {contradicting.row(0, named=True)}"[:300])
    except QuantBoxError as problem:
        result["error"] = describe(problem)
        return result
    if bars.height:
        result["rows"] = market_data.write_bars(bars, origin=f"{source.name}.{source.origin}", adjust=Adjust.NONE)
        result["first"], result["last"] = bars["date"].min().isoformat(), bars["date"].max().isoformat()  # type: ignore[union-attr]  # not empty
    return result


def describe(problem: QuantBoxError) -> dict[str, Any]:
    """Return an error for a document, in both languages."""
    return {"code": problem.code, "message": {"zh": problem.message("zh"), "en": problem.message("en")}}

"""Instruments and bars, as lists and charts read them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from quantbox.core.roles import Role
from quantbox.market_data.charts.chart_bars import MAX_CHART_BARS, ChartPeriod, chart_bars
from quantbox.market_data.charts.listing import listing_of
from quantbox.market_data.charts.trading_rules import next_limits, next_lot
from quantbox.market_data.models import Adjust, Board, Frequency, InstrumentKind
from quantbox.market_data.service import MarketData
from quantbox.web.api import Answer, PageOf, PageQuery, Query, Routes
from quantbox.web.state import get_service

__all__ = ["SeriesAnswer", "routes"]

routes = Routes("market_data")


class InstrumentAnswer(Answer):
    """An instrument with its last stored price."""

    symbol: str
    name: str
    pinyin: str
    kind: InstrumentKind
    board: Board | None
    is_demo: bool
    listed_on: date | None
    delisted_on: date | None
    last_date: date | None
    close: float | None
    change: float | None
    change_pct: float | None
    has_bars: bool


class SeriesAnswer(Answer):
    """What is stored of an instrument at one frequency."""

    frequency: Frequency
    adjust: Adjust
    is_display_only: bool
    first: date
    last: date
    rows: int
    factor_known: bool
    origin: str
    updated_at: datetime
    is_demo: bool


class Limits(Answer):
    """Highest and lowest price of the next session; null where there is no limit."""

    upper: Decimal | None
    lower: Decimal | None


class LotAnswer(Answer):
    """Least number of shares of a buy, and the step above it."""

    minimum: int
    step: int


class InstrumentDetails(InstrumentAnswer):
    """An instrument with what is stored of it and the rules of its next session."""

    series: list[SeriesAnswer]
    limits: Limits | None
    lot: LotAnswer | None


class InstrumentQuery(PageQuery):
    """Which instruments: by code, name or pinyin initials."""

    search: str = Field(default="", max_length=100)
    kind: InstrumentKind | None = None


class BarsQuery(Query):
    """Which bars."""

    adjust: Adjust = Adjust.NONE
    frequency: ChartPeriod = ChartPeriod.DAY
    start: date | None = None
    end: date | None = None
    display: bool = False
    limit: int = Field(default=MAX_CHART_BARS, ge=1, le=MAX_CHART_BARS)


Bar = tuple[str | int, float | None, float | None, float | None, float | None, float | None, float | None]


class BarsAnswer(Answer):
    """Bars as `[day or end in ms, open, high, low, close, volume, amount]`."""

    symbol: str
    name: str
    adjust: Adjust
    frequency: ChartPeriod
    base_date: date | None
    factor_known: bool
    is_demo: bool
    origin: str
    as_of: datetime
    bars: list[Bar]


@routes.add("GET", "/market/instruments", role=Role.VIEWER, query=InstrumentQuery, answer=PageOf[InstrumentAnswer])
def list_instruments(query: InstrumentQuery) -> object:
    """List instruments: the best match first, or by symbol."""
    listing = listing_of(get_service(MarketData))
    return listing.search(query.search, query.kind, cursor=query.cursor, limit=query.limit)


@routes.add("GET", "/market/instruments/<symbol>", role=Role.VIEWER, answer=InstrumentDetails)
def show_instrument(symbol: str) -> dict[str, Any]:
    """Show one instrument; the symbol may be written in any usual way."""
    market_data = get_service(MarketData)
    listed = listing_of(market_data).get(market_data.instruments.get(symbol))
    return {
        **asdict(listed),
        "series": [series_fields(one) for one in market_data.series(listed.symbol)],
        "limits": next_limits(market_data, listed),
        "lot": next_lot(market_data, listed),
    }


@routes.add("GET", "/market/bars/<symbol>", role=Role.VIEWER, query=BarsQuery, answer=BarsAnswer)
def show_bars(symbol: str, query: BarsQuery) -> dict[str, Any]:
    """Return bars for a chart, adjusted on reading."""
    return chart_bars(
        get_service(MarketData),
        symbol,
        query.frequency,
        query.adjust,
        start=query.start,
        end=query.end,
        display=query.display,
        limit=query.limit,
    )


def series_fields(series: Any) -> dict[str, Any]:
    """Return what a series answers, without its symbol."""
    return {name: value for name, value in asdict(series).items() if name != "symbol"}

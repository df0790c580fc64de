"""Bars as a chart asks for them: adjusted first, then joined to weeks or months, as few values as it can draw."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

import polars as pl

from quantbox.core.clock import SHANGHAI
from quantbox.market_data.models import Adjust, Frequency, Series, Symbol
from quantbox.market_data.service import MarketData
from quantbox.market_data.symbols import parse_symbol

__all__ = ["MAX_CHART_BARS", "ChartPeriod", "chart_bars", "join_bars"]

MAX_CHART_BARS = 50_000


class ChartPeriod(StrEnum):
    """Length of a bar on a chart: what is stored, and weeks and months made from days."""

    MINUTE_1 = "1m"
    MINUTE_5 = "5m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    MINUTE_60 = "60m"
    DAY = "1d"
    WEEK = "1w"
    MONTH = "1M"

    @property
    def stored(self) -> Frequency:
        """Return the frequency of the bars it is made from."""
        return Frequency.DAY if self in (ChartPeriod.WEEK, ChartPeriod.MONTH) else Frequency(self.value)


def chart_bars(
    market_data: MarketData,
    symbol: Symbol,
    period: ChartPeriod,
    adjust: Adjust,
    *,
    start: date | None,
    end: date | None,
    display: bool,
    limit: int,
) -> dict[str, Any]:
    """Return the last `limit` bars of the period with what a chart has to say about them.

    Each bar is ``[day or end, open, high, low, close, volume, amount]``: the day as text, or for minute bars the end in
    milliseconds since 1970. Weeks and months carry their last trading day.
    """
    symbol = parse_symbol(symbol)
    frame = market_data.bars(symbol, start, end, adjust=adjust, frequency=period.stored, display=display)
    series = _series_of(market_data, symbol, period.stored, display)
    if period is not ChartPeriod(period.stored.value):
        frame = join_bars(frame, "1w" if period is ChartPeriod.WEEK else "1mo")
    frame = frame.tail(limit)
    instrument = market_data.instruments.find(symbol)
    moment = _end_ms() if period.stored is not Frequency.DAY else pl.col("date").dt.to_string("%Y-%m-%d")
    shown = series.adjust if display else adjust
    return {
        "symbol": symbol,
        "name": instrument.name if instrument else "",
        "adjust": shown,
        "frequency": period,
        "base_date": {Adjust.HFQ: series.first, Adjust.QFQ: series.last}.get(adjust) if not display else None,
        "factor_known": series.factor_known,
        "is_demo": series.is_demo,
        "origin": series.origin,
        "as_of": series.updated_at,
        "bars": frame.select(moment.alias("moment"), "open", "high", "low", "close", "volume", "amount").rows(),
    }


def join_bars(days: pl.DataFrame, every: str) -> pl.DataFrame:
    """Return daily bars joined to calendar weeks ("1w") or months ("1mo"): first open, highest, lowest, last close, sums."""
    prices = [pl.col("open").first(), pl.col("high").max(), pl.col("low").min(), pl.col("close").last()]
    sums = [pl.col(name).sum() for name in ("volume", "amount")]
    period = pl.col("date").dt.truncate(every).alias("period")
    return days.group_by(period, maintain_order=True).agg(pl.col("date").last(), *prices, *sums)


def _end_ms() -> pl.Expr:
    return pl.col("time").dt.replace_time_zone(str(SHANGHAI)).dt.epoch("ms")


def _series_of(market_data: MarketData, symbol: Symbol, frequency: Frequency, display: bool) -> Series:
    return next(one for one in market_data.series(symbol) if one.frequency is frequency and one.is_display_only == display)

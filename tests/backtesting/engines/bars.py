"""Bars for engine tests: real files, and a twin that is made here."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from quantbox.backtesting.engines import FeedBars
from quantbox.brokers.models import Listing

__all__ = ["feed_bars", "handmade", "invented", "read_baostock", "weekdays"]


def weekdays(start: date, count: int) -> list[date]:
    """`count` days from `start`, Saturdays and Sundays left out."""
    days, day = [], start
    while len(days) < count:
        if day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return days


def read_baostock(folder: Path, symbol: str) -> pl.DataFrame:
    """Real unadjusted bars of one stock; suspended days left out, as the store does."""
    code, market = symbol.split(".")
    frame = pl.read_csv(folder / "baostock_csi300_raw" / f"{market.lower()}.{code}.csv", try_parse_dates=True)
    return frame.filter(pl.col("tradestatus") == 1).select(
        "date", "open", "high", "low", "close", pl.col("volume").cast(pl.Int64), pre_close="preclose", is_st=pl.col("isST") == 1
    )


def invented(seed: int, count: int = 400, start: date = date(2021, 1, 4), *, gaps: bool = False) -> pl.DataFrame:
    """A random walk within the price limits of the main board, with prices on the tick; with `gaps` days are missing."""
    chance = random.Random(seed)
    close, rows = 10.0 + seed % 7, []
    for day in weekdays(start, count):
        if gaps and chance.random() < 0.1:
            continue
        pre_close = close
        points = sorted(round(pre_close * (1 + chance.gauss(0, 0.02)), 2) for _ in range(4))
        low, high = max(points[0], round(pre_close * 0.91, 2)), min(points[3], round(pre_close * 1.09, 2))
        inner = [min(max(point, low), high) for point in points[1:3]]
        chance.shuffle(inner)
        open_, close = inner
        rows.append((day, open_, high, low, close, chance.randrange(10**5, 10**7), pre_close, False))
    return handmade(rows)


def handmade(rows: list[tuple[date, float, float, float, float, int, float | None, bool | None]]) -> pl.DataFrame:
    """A frame of (date, open, high, low, close, volume, pre_close, is_st)."""
    schema = {
        "date": pl.Date,
        "open": pl.Float64,
        "high": pl.Float64,
        "low": pl.Float64,
        "close": pl.Float64,
        "volume": pl.Int64,
        "pre_close": pl.Float64,
        "is_st": pl.Boolean,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def feed_bars(frames: dict[str, pl.DataFrame]) -> tuple[FeedBars, ...]:
    """Engine feeds of frames by symbol."""
    return tuple(FeedBars.from_frame(frame, Listing(symbol)) for symbol, frame in frames.items())

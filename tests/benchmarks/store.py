"""Bar store: a day of the whole market in, one symbol out, beside plain Polars on one file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.market_data.models import BAR_SCHEMA, Adjust, Board, Instrument, InstrumentKind
from quantbox.market_data.service import MarketData

SYMBOLS = 5_000
SESSIONS = 244


def market(days: list[date]) -> pl.DataFrame:
    """Return bars of 5,000 invented symbols on `days`."""
    symbols = [f"{600000 + number:06}.SH" if number < 2500 else f"{number - 2500:06}.SZ" for number in range(SYMBOLS)]
    generator = np.random.default_rng(3)
    close = np.round(10 + generator.normal(0, 1, len(symbols) * len(days)), 2).clip(1)
    return (
        pl.DataFrame(
            {
                "symbol": np.repeat(symbols, len(days)),
                "date": days * len(symbols),
                "open": close,
                "high": close + 0.1,
                "low": close - 0.1,
                "close": close,
                "volume": np.full(close.size, 1_000_000),
                "amount": close * 1_000_000,
                "pre_close": close,
            }
        )
        .with_columns(pl.lit(None, pl.Datetime("us")).alias("time"), pl.lit(False).alias("is_st"))
        .select(list(BAR_SCHEMA))
        .cast(BAR_SCHEMA)
    )  # type: ignore[arg-type]


def measure(folder: Path) -> Iterator[str]:
    """Yield the lines on store speed."""
    weekdays = [date(2025, 1, 1) + timedelta(days=n) for n in range(365)]
    days = [day for day in weekdays if day.weekday() < 5][: SESSIONS + 1]
    store = MarketData(DataFolder(folder / "store"), FixedClock(datetime(2026, 1, 5, tzinfo=UTC)))
    year = market(days[:-1])
    began = time.perf_counter()
    store.write_bars(year, origin="bench", adjust=Adjust.NONE)
    yield f"store: {year.height:,} bars of {SYMBOLS:,} symbols in        {time.perf_counter() - began:8.3f} s"
    day = market(days[-1:])
    began = time.perf_counter()
    store.write_bars(day, origin="bench", adjust=Adjust.NONE)
    yield f"  one day of {SYMBOLS:,} bars merged in         {time.perf_counter() - began:8.3f} s (design: <= 1 s)"
    plain = folder / "plain.parquet"
    began = time.perf_counter()
    pl.concat([year, day]).sort("symbol", "date").write_parquet(plain)
    yield f"  plain Polars writing one file of a year     {time.perf_counter() - began:8.3f} s"
    reads = []
    for symbol in ("600519.SH", "000001.SZ", "601318.SH", "000333.SZ", "600036.SH"):
        began = time.perf_counter()
        store.bars(symbol)
        reads.append(time.perf_counter() - began)
    yield f"  one symbol out, median of 5                 {sorted(reads)[2] * 1000:8.1f} ms (design: <= 15 ms)"
    store.instruments.add(
        [Instrument(f"{600000 + number}.SH", "平安银行", "", InstrumentKind.STOCK, Board.MAIN) for number in range(SYMBOLS)]
    )
    store.instruments.search("")
    began = time.perf_counter()
    for text in ("6019", "payh", "银行", "zq"):
        store.instruments.search(text)
    yield f"  search among {SYMBOLS:,} names, mean of 4         {(time.perf_counter() - began) / 4 * 1000:8.1f} ms (20 ms wanted)"
    began = time.perf_counter()
    pl.scan_parquet(plain).filter(pl.col("symbol") == "600519.SH").collect()
    yield f"  plain Polars scan of one file               {(time.perf_counter() - began) * 1000:8.1f} ms"

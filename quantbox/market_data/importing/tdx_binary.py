"""通达信 vipdoc files: 32-byte records without any header, so that only their values tell what they are.

`.day` is ``<IIIIIfII`` (date, four prices as integers, amount in yuan, volume, reserved), `.lc1` and `.lc5` are
``<HHfffffII`` (day number, minute of the day at the bar's end, four prices, amount, volume, reserved). The reserved
field is not zero and says nothing. How many decimals an integer price has depends on what the symbol is, so that
prices stay integers here and `units` scales them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.layouts import TDX_DAY, Layout
from quantbox.market_data.importing.models import RAW_SCHEMA, Reading
from quantbox.market_data.importing.quarantine import MOST_ROWS, quarantine

__all__ = ["looks_like_days", "looks_like_float_days", "looks_like_minutes", "looks_like_old_minutes", "read_tdx_binary"]

_RECORD_BYTES = 32
_DAY = np.dtype(
    [(name, "<u4") for name in ("date", "open", "high", "low", "close")]
    + [("amount", "<f4"), ("volume", "<u4"), ("reserved", "<u4")]
)
_MINUTE = np.dtype(
    [("day", "<u2"), ("minute", "<u2")]
    + [(name, "<f4") for name in ("open", "high", "low", "close", "amount")]
    + [("volume", "<u4"), ("reserved", "<u4")]
)
#: Share of records that must make sense before a file without a header is believed to be one.
_BELIEVED = 0.9
#: A .day price of 200,000 yuan (two decimals); the integers of float32 prices lie far above.
_HIGHEST_INTEGER_PRICE = 20_000_000

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]


def looks_like_days(records: Bytes) -> bool:
    """Tell whether `records` (whole 32-byte records) are .day records with integer prices."""
    days = records.view(_DAY)
    prices_fit = (days["close"] > 0) & (days["close"] < _HIGHEST_INTEGER_PRICE) & (days["high"] < _HIGHEST_INTEGER_PRICE)
    return _mostly(_are_calendar_days(days["date"]) & prices_fit)


def looks_like_float_days(records: Bytes) -> bool:
    """Tell whether `records` are .day records of the extended markets, whose prices are float32."""
    days = records.view(_DAY)
    prices = np.ascontiguousarray(days["close"]).view("<f4")
    return _mostly(_are_calendar_days(days["date"]) & (days["close"] >= _HIGHEST_INTEGER_PRICE) & _are_prices(prices))


def looks_like_minutes(records: Bytes) -> bool:
    """Tell whether `records` are .lc1 or .lc5 records."""
    minutes = records.view(_MINUTE)
    return _mostly(_are_minutes(minutes) & _are_prices(minutes["close"]))


def looks_like_old_minutes(records: Bytes) -> bool:
    """Tell whether `records` are of the old .1 and .5 files, whose prices are integers."""
    minutes = records.view(_MINUTE)
    integers = np.ascontiguousarray(minutes["close"]).view("<u4")
    return _mostly(_are_minutes(minutes) & (integers > 0) & (integers < _HIGHEST_INTEGER_PRICE))


def _mostly(flags: Flags) -> bool:
    return bool(flags.mean() >= _BELIEVED)


def _are_calendar_days(numbers: npt.NDArray[np.uint32]) -> Flags:
    year, month, day = numbers // 10_000, numbers // 100 % 100, numbers % 100
    return (year >= 1990) & (year < 2100) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)


def _are_minutes(minutes: npt.NDArray[np.void]) -> Flags:
    month, day = minutes["day"] % 2048 // 100, minutes["day"] % 2048 % 100
    in_session = (minutes["minute"] >= 9 * 60) & (minutes["minute"] <= 15 * 60 + 30)
    return (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31) & in_session


def _are_prices(prices: npt.NDArray[np.float32]) -> Flags:
    # Integers read as float32 are far below a hundredth of a tick.
    return np.isfinite(prices) & (prices > 1e-3) & (prices < 1e7)


def read_tdx_binary(path: Path, layout: Layout) -> Reading:
    """Return the records of a .day, .lc1 or .lc5 file; a last record that is cut short is quarantined."""
    content = path.read_bytes()
    count, rest = divmod(len(content), _RECORD_BYTES)
    if count > MOST_ROWS:
        raise refusals.TooManyRows(limit=MOST_ROWS)
    is_day = layout is TDX_DAY
    records = np.frombuffer(content, dtype=_DAY if is_day else _MINUTE, count=count)
    if is_day:
        numbers = records["date"].astype(np.int64)
        when = {"year": numbers // 10_000, "month": numbers // 100 % 100, "day": numbers % 100}
        minute: pl.Series | pl.Expr = pl.lit(None, dtype=pl.Int32)
    else:
        numbers = records["day"].astype(np.int64)
        when = {"year": numbers // 2048 + 2004, "month": numbers % 2048 // 100, "day": numbers % 2048 % 100}
        minute = pl.Series("minute", records["minute"].astype(np.int32))
    columns = {name: records[name].astype(np.float64) for name in ("open", "high", "low", "close", "volume", "amount")}
    text = pl.concat_str(
        "year", pl.col("month").cast(pl.String).str.zfill(2), pl.col("day").cast(pl.String).str.zfill(2), separator="-"
    )
    rows = (
        pl.DataFrame({**when, **columns})
        .with_columns(
            line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64),
            date=text.str.to_date("%Y-%m-%d", strict=False),
            minute=minute,
            code=pl.lit(None, dtype=pl.String),
            name=pl.lit(None, dtype=pl.String),
            pre_close=pl.lit(None, dtype=pl.Float64),
            is_st=pl.lit(None, dtype=pl.Boolean),
            is_suspended=pl.lit(value=False),
        )
        .select(list(RAW_SCHEMA))
    )
    cut_short = [quarantine(count + 1, "record", "truncated", value=rest, bound=_RECORD_BYTES)] if rest else []
    return Reading(layout, rows, cut_short)

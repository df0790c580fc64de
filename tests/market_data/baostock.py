"""Reading the real baostock files for tests, independently of the importers."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from quantbox.market_data.models import BAR_SCHEMA

__all__ = ["read_raw", "read_suspended"]


def _read(path: Path) -> pl.DataFrame:
    text = pl.read_csv(path, infer_schema_length=0)
    numbers = ("open", "high", "low", "close", "amount")
    return text.select(
        (pl.col("code").str.slice(3) + "." + pl.col("code").str.head(2).str.to_uppercase()).alias("symbol"),
        pl.col("date").str.to_date(),
        pl.lit(None, dtype=pl.Datetime("us")).alias("time"),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in numbers),
        pl.col("volume").cast(pl.Int64, strict=False),
        pl.col("preclose").cast(pl.Float64).alias("pre_close"),
        (pl.col("isST") == "1").alias("is_st"),
        (pl.col("tradestatus") == "1").alias("traded"),
    ).sort("date")


def read_raw(path: Path) -> pl.DataFrame:
    """Return the traded days of one file in BAR_SCHEMA."""
    return _read(path).filter("traded").select(list(BAR_SCHEMA))


def read_suspended(path: Path) -> pl.DataFrame:
    """Return the suspended days of one file: symbol, date."""
    return _read(path).filter(~pl.col("traded")).select("symbol", "date")

"""What is stored of each symbol, kept beside the bars so that no question about a series reads all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

from quantbox.market_data.bar_merge import Changes
from quantbox.market_data.models import Adjust, Frequency, InstrumentKind, Series
from quantbox.market_data.symbols import kind_of

__all__ = ["SERIES_SCHEMA", "SeriesLabel", "read_series", "update_series", "with_all_columns"]

#: `missing` counts bars without pre_close, `first_missing` says whether the first bar is one of them,
#: `is_all_downloaded` whether every bar came from a source that can give it again.
SERIES_SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "frequency": pl.String(),
    "is_display_only": pl.Boolean(),
    "adjust": pl.String(),
    "first": pl.Date(),
    "last": pl.Date(),
    "rows": pl.Int64(),
    "missing": pl.Int64(),
    "first_missing": pl.Boolean(),
    "origin": pl.String(),
    "updated_at": pl.Datetime("us", "UTC"),
    "is_demo": pl.Boolean(),
    "is_all_downloaded": pl.Boolean(),
}
_KEYS = ("symbol", "frequency", "is_display_only")


@dataclass(frozen=True)
class SeriesLabel:
    """What a writer says of all the bars it writes."""

    frequency: Frequency
    is_display_only: bool
    adjust: Adjust
    origin: str
    is_demo: bool
    updated_at: datetime
    is_download: bool = False


def update_series(table: pl.DataFrame, changes: Changes, written: pl.DataFrame, label: SeriesLabel) -> pl.DataFrame:
    """Return the table after a write.

    Parameters
    ----------
    changes : Changes
        Rows that differ from what was stored.
    written : DataFrame
        All rows of the write.
    """
    is_null = pl.col("pre_close").is_null()
    new = changes.rows.group_by("symbol").agg(
        pl.col("date").min().alias("new_first"),
        pl.col("date").max().alias("new_last"),
        pl.len().cast(pl.Int64).alias("new_rows"),
        is_null.sum().cast(pl.Int64).alias("new_missing"),
        is_null.sort_by("date", "time").first().alias("new_first_missing"),
    )
    old = changes.replaced.group_by("symbol").agg(
        pl.len().cast(pl.Int64).alias("old_rows"), is_null.sum().cast(pl.Int64).alias("old_missing")
    )
    all_written = written.group_by("symbol").agg(pl.len().cast(pl.Int64).alias("written_rows"))
    is_ours = (pl.col("frequency") == label.frequency.value) & (pl.col("is_display_only") == label.is_display_only)
    touched = (
        all_written.join(new, on="symbol", how="left")
        .join(old, on="symbol", how="left")
        .join(table.filter(is_ours), on="symbol", how="left")
        .with_columns(pl.col("new_rows", "new_missing", "old_rows", "old_missing", "rows", "missing").fill_null(0))
    )
    # The same bars again say nothing new, unless their owner now declares for all of them what they are.
    is_declared = (pl.col("adjust") != label.adjust.value).fill_null(False) & (pl.col("written_rows") >= pl.col("rows"))
    touched = touched.filter((pl.col("new_rows") > 0) | (is_declared if label.adjust is not Adjust.UNKNOWN else False))
    rows = pl.col("rows") + pl.col("new_rows") - pl.col("old_rows")
    is_weaker = (pl.col("adjust") == Adjust.UNKNOWN.value) & (pl.col("written_rows") < rows)
    rewritten = touched.select(
        "symbol",
        pl.lit(label.frequency.value).alias("frequency"),
        pl.lit(label.is_display_only).alias("is_display_only"),
        pl.when(is_weaker.fill_null(False)).then("adjust").otherwise(pl.lit(label.adjust.value)).alias("adjust"),
        pl.min_horizontal("first", "new_first").alias("first"),
        pl.max_horizontal("last", "new_last").alias("last"),
        rows.alias("rows"),
        (pl.col("missing") + pl.col("new_missing") - pl.col("old_missing")).alias("missing"),
        pl.when((pl.col("new_first") <= pl.col("first")).fill_null(True))
        .then(pl.coalesce("new_first_missing", "first_missing"))
        .otherwise("first_missing")
        .alias("first_missing"),
        pl.lit(label.origin).alias("origin"),
        pl.lit(label.updated_at, dtype=pl.Datetime("us", "UTC")).alias("updated_at"),
        pl.lit(label.is_demo).alias("is_demo"),
        (pl.col("is_all_downloaded").fill_null(True) & label.is_download).alias("is_all_downloaded"),
    )
    kept = table.join(rewritten, on=_KEYS, how="anti")
    return pl.concat([kept, rewritten.select(list(SERIES_SCHEMA))]).sort(_KEYS)


def with_all_columns(table: pl.DataFrame) -> pl.DataFrame:
    """Return a stored table with the column it lacks where an older program wrote it: then nobody knows, so False."""
    if "is_all_downloaded" in table.columns:
        return table
    return table.with_columns(pl.lit(False).alias("is_all_downloaded")).select(list(SERIES_SCHEMA))


def read_series(table: pl.DataFrame) -> list[Series]:
    """Return the rows of the table as models; a symbol's rows come together.

    Minute bars carry no pre_close: their factor is that of the daily bars, where those reach over all of them.
    """
    rows = table.to_dicts()
    daily = {row["symbol"]: row for row in rows if row["frequency"] == Frequency.DAY.value and not row["is_display_only"]}
    return [
        Series(
            symbol=row["symbol"],
            frequency=Frequency(row["frequency"]),
            adjust=Adjust(row["adjust"]),
            is_display_only=row["is_display_only"],
            first=row["first"],
            last=row["last"],
            rows=row["rows"],
            factor_known=_is_factor_known(row, daily.get(row["symbol"])),
            origin=row["origin"],
            updated_at=row["updated_at"],
            is_demo=row["is_demo"],
        )
        for row in rows
    ]


def _is_factor_known(row: dict[str, Any], daily: dict[str, Any] | None) -> bool:
    if kind_of(row["symbol"]) is InstrumentKind.INDEX:
        return True  # an index pays nothing and splits nothing
    if row["frequency"] != Frequency.DAY.value:
        return (
            daily is not None
            and daily["first"] <= row["first"]
            and row["last"] <= daily["last"]
            and _is_factor_known(daily, None)
        )
    return bool(row["missing"] - row["first_missing"] == 0)

"""What changes when bars are written over stored ones: pure functions on frames.

A new bar replaces the stored bar of the same symbol and time. A null says that the source did not say, so what an
earlier source said of the same bar (one with the same close) stands: a file without pre_close does not take away a
factor that is known.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from quantbox.market_data.errors import BarsInvalid
from quantbox.market_data.models import BAR_SCHEMA, Frequency

__all__ = ["Changes", "find_changes", "in_schema", "merge"]

_KEYS = ("symbol", "date", "time")
_VALUES = tuple(column for column in BAR_SCHEMA if column not in _KEYS)
_NEEDED = ("symbol", "date", "open", "high", "low", "close")
_HALF_A_TICK = 0.0005
#: Orders as symbol, date, time do, in one integer, which sorts and merges several times faster than text.
_ORDER = "_order"
_ORDER_EXPRESSION = (
    pl.col("symbol").str.head(6).cast(pl.Int64) * 3
    + pl.col("symbol").str.tail(2).replace_strict({"BJ": 0, "SH": 1, "SZ": 2}, return_dtype=pl.Int64)
) * 2**34 + pl.coalesce(pl.col("time"), pl.col("date").cast(pl.Datetime("us"))).dt.epoch("s")


@dataclass(frozen=True)
class Changes:
    """The rows of a write that differ from what is stored.

    Attributes
    ----------
    rows : DataFrame
        BAR_SCHEMA, as they will be stored.
    replaced : DataFrame
        BAR_SCHEMA, the stored rows that give way; the other changed rows are new.
    """

    rows: pl.DataFrame
    replaced: pl.DataFrame


def in_schema(frame: pl.DataFrame, frequency: Frequency) -> pl.DataFrame:
    """Return `frame` with the columns of BAR_SCHEMA, sorted; absent ones are null.

    Raises
    ------
    BarsInvalid
        When a row lacks symbol, date or a price, a time of day is missing or too much, or a bar comes twice.
    """
    frame = frame.select(
        pl.col(column).cast(kind) if column in frame.columns else pl.lit(None, dtype=kind).alias(column)
        for column, kind in BAR_SCHEMA.items()
    )
    _refuse("symbol, date or price missing", frame.filter(pl.any_horizontal(pl.col(*_NEEDED).is_null())))
    if frequency is Frequency.DAY:
        _refuse("daily bar with a time of day", frame.filter(pl.col("time").is_not_null()))
    else:
        _refuse("minute bar without its time", frame.filter(pl.col("time").is_null()))
    _refuse("bar given twice", frame.filter(pl.struct(_KEYS).is_duplicated()))
    return frame.with_columns(_ORDER_EXPRESSION.alias(_ORDER)).sort(_ORDER).drop(_ORDER)


def find_changes(stored: pl.DataFrame, new: pl.DataFrame) -> Changes:
    """Return what writing `new` over `stored` changes; both are in_schema, `stored` may hold other rows too."""
    if stored.is_empty():
        return Changes(new, stored)
    pairs = new.with_columns(_ORDER_EXPRESSION.alias(_ORDER)).join(
        stored.with_columns(_ORDER_EXPRESSION.alias(_ORDER), pl.lit(True).alias("_is_stored")),
        on=_ORDER,
        how="left",
        suffix="_stored",
        maintain_order="left",
    )
    is_same_bar = (pl.col("close") - pl.col("close_stored")).abs() < _HALF_A_TICK
    pairs = pairs.with_columns(
        pl.when(is_same_bar).then(pl.coalesce(column, f"{column}_stored")).otherwise(column).alias(column) for column in _VALUES
    )
    differs = pl.any_horizontal(pl.col(column).ne_missing(pl.col(f"{column}_stored")) for column in _VALUES)
    changed = pairs.filter(pl.col("_is_stored").is_null() | differs)
    replaced = changed.filter(pl.col("_is_stored").is_not_null())
    return Changes(
        rows=changed.select(list(BAR_SCHEMA)),
        replaced=replaced.select(pl.col(f"{column}_stored").alias(column) for column in BAR_SCHEMA),
    )


def merge(stored: pl.DataFrame, changes: Changes) -> pl.DataFrame:
    """Return the rows of a part after the changes, sorted."""
    rows = changes.rows.with_columns(_ORDER_EXPRESSION.alias(_ORDER))
    kept = stored.with_columns(_ORDER_EXPRESSION.alias(_ORDER))
    if not changes.replaced.is_empty():
        kept = kept.join(rows, on=_ORDER, how="anti", maintain_order="left")
    return kept.merge_sorted(rows, key=_ORDER).drop(_ORDER)


def _refuse(reason: str, rows: pl.DataFrame) -> None:
    if not rows.is_empty():
        raise BarsInvalid(reason=reason, count=rows.height, example=str(rows.row(0)[:3]))

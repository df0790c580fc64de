"""How long the bars of a file are, told by the gaps between them."""

from __future__ import annotations

import polars as pl

from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.layouts import TDX_MINUTE, Layout
from quantbox.market_data.models import Frequency

__all__ = ["find_frequency"]

_MINUTES = {
    1: Frequency.MINUTE_1,
    5: Frequency.MINUTE_5,
    15: Frequency.MINUTE_15,
    30: Frequency.MINUTE_30,
    60: Frequency.MINUTE_60,
}
#: Days between weekly bars is 7; a daily series would have to be suspended most of the time to come near it.
_WEEKLY_GAP_DAYS = 5
_ENOUGH_ROWS = 8


def find_frequency(rows: pl.DataFrame, layout: Layout) -> tuple[pl.DataFrame, Frequency]:
    """Return the rows and the length of their bars; a time of day on daily bars (15:00) is dropped.

    Raises
    ------
    BarLengthUnknown
        When the gaps are those of no length that is stored.
    """
    in_minutes = rows.filter(pl.col("minute").is_not_null())
    if layout is not TDX_MINUTE and (
        in_minutes.is_empty() or (rows["date"].n_unique() == rows.height > 1 and rows["minute"].n_unique() == 1)
    ):
        _refuse_weeks(rows)
        return rows.with_columns(minute=pl.lit(None, dtype=pl.Int32)), Frequency.DAY
    gaps = in_minutes.sort("date", "minute").select(pl.col("minute").diff().over("date").alias("gap"))["gap"].drop_nulls()
    counted = gaps.filter(gaps > 0).value_counts(sort=True)
    gap = counted["gap"][0] if counted.height else None
    if gap not in _MINUTES:
        raise refusals.BarLengthUnknown(found=f"{gap} min" if gap else "?")
    return in_minutes, _MINUTES[gap]


def _refuse_weeks(rows: pl.DataFrame) -> None:
    gaps = rows["date"].drop_nulls().unique().sort().diff().drop_nulls().dt.total_days()
    if len(gaps) < _ENOUGH_ROWS:
        return
    typical = float(gaps.median())  # type: ignore[arg-type]  # not empty
    if typical >= _WEEKLY_GAP_DAYS:
        raise refusals.BarLengthUnknown(found=f"{typical:.0f} d")

"""Whether bars are unadjusted, told from their own content.

The average price of a day, amount ÷ volume, lies between its low and its high (± one tick for rounding) as long as
the prices are those that were traded. Prices adjusted for dividends and splits leave that band, because amount and
volume stay what they were. Minute bars are summed to days first: single minutes of genuine raw files fail.
"""

from __future__ import annotations

import polars as pl

__all__ = ["find_contradictions", "testable_days"]


def testable_days(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the days that carry volume and amount, with their `average` price; minute bars summed.

    Returns
    -------
    DataFrame
        Columns symbol, date, low, high, average; one row per symbol and day.
    """
    traded = frame.filter((pl.col("volume") > 0) & (pl.col("amount") > 0))
    days = traded.group_by("symbol", "date", maintain_order=True).agg(
        pl.col("low").min(),
        pl.col("high").max(),
        (pl.col("amount").sum() / pl.col("volume").sum()).alias("average"),
    )
    return days.sort("symbol", "date")


def find_contradictions(frame: pl.DataFrame, tick: float = 0.01) -> pl.DataFrame:
    """Return the days whose average price lies outside low..high ± one tick.

    Parameters
    ----------
    frame : DataFrame
        Bars in BAR_SCHEMA, daily or minute; those without volume or amount are not tested.
    tick : float
        Price step of the instrument in yuan.

    Returns
    -------
    DataFrame
        As testable_days.
    """
    # A ten-thousandth of a tick: binary fractions must not decide at the very edge.
    slack = tick * 1.0001
    return testable_days(frame).filter((pl.col("average") < pl.col("low") - slack) | (pl.col("average") > pl.col("high") + slack))

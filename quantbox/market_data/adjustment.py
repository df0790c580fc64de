"""Adjusted prices (复权) from raw bars and pre_close, exactly.

On an ex-date the exchange states the previous close anew: pre_close = what the last traded close is worth without the
dividend or the bonus shares. The ratio last traded close ÷ pre_close is therefore the step of the factor, and
F[t] = product of close[s-1] / pre_close[s] for all s <= t, with F = 1 on the first stored day.
Backward adjusted (后复权, hfq) price = raw × F[t]; forward adjusted (前复权, qfq) price = raw × F[t] / F[last].
Both are proportional: returns are the true ones and prices never turn negative.

A suspended day is no bar, so the first day after it counts against the last traded close, as it should.
"""

from __future__ import annotations

import polars as pl

from quantbox.market_data.models import Adjust

__all__ = ["adjust_bars", "is_factor_known", "with_factor"]

#: A pre_close that differs from the last close by less is the same price, written by another hand.
_SAME_PRICE = 0.0005
_PRICES = ("open", "high", "low", "close", "pre_close")


def with_factor(bars: pl.DataFrame) -> pl.DataFrame:
    """Return `bars` (daily, of one symbol, dates ascending) with the column `factor`, 1 on the first day.

    Where pre_close is not known the step is taken as 1; ask `is_factor_known` before trusting the result.
    """
    last_close = pl.col("close").shift(1)
    is_step = (last_close - pl.col("pre_close")).abs() >= _SAME_PRICE
    is_usable = (pl.col("pre_close") > 0) & (last_close > 0)
    step = pl.when(is_step & is_usable).then(last_close / pl.col("pre_close")).otherwise(1.0)
    return bars.with_columns(step.cum_prod().alias("factor"))


def is_factor_known(bars: pl.DataFrame) -> bool:
    """Return whether every day but the first says its pre_close."""
    return bars["pre_close"].slice(1).null_count() == 0


def adjust_bars(bars: pl.DataFrame, adjust: Adjust) -> pl.DataFrame:
    """Return `bars` with prices adjusted and `factor` as what the raw prices were multiplied by.

    Parameters
    ----------
    bars : DataFrame
        All stored bars of the symbol with `factor` as `with_factor` gives it; volume and amount stay as traded.
    """
    if adjust is Adjust.NONE:
        return bars.with_columns(pl.lit(1.0).alias("factor"))
    if adjust is Adjust.QFQ:
        bars = bars.with_columns(pl.col("factor") / pl.col("factor").last())
    elif adjust is not Adjust.HFQ:
        raise ValueError(f"no such adjustment: {adjust}")
    return bars.with_columns(pl.col(*_PRICES) * pl.col("factor"))

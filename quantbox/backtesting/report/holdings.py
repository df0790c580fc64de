"""What the account held at each close: how much of it was in the market, and over which days that need a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from quantbox.backtesting.models import Curve
from quantbox.backtesting.report.returns import LEAST_YUAN
from quantbox.brokers.models import Fill, Side

__all__ = ["Holdings", "compute_exposure", "compute_holdings", "list_held_days"]

#: Shares at each close by symbol, one entry per day of the equity; negative for a short position.
Holdings = dict[str, npt.NDArray[np.int64]]


def compute_holdings(fills: Sequence[Fill], days: Sequence[date]) -> Holdings:
    """Return the shares held at each close.

    Parameters
    ----------
    fills : sequence of Fill
        In any order.
    days : sequence of date
        Ascending; fills after the last day are left out.
    """
    held: Holdings = {}
    ordinals = np.array([day.toordinal() for day in days], dtype=np.int64)
    for fill in fills:
        shares = held.setdefault(fill.symbol, np.zeros(len(days), dtype=np.int64))
        since = int(np.searchsorted(ordinals, fill.date.toordinal()))
        shares[since:] += fill.size if fill.side is Side.BUY else -fill.size
    return held


def compute_exposure(holdings: Holdings, closes: Mapping[str, pl.DataFrame], equity: Curve) -> Curve:
    """Return the fraction of the account that was in the market at each close.

    Parameters
    ----------
    holdings : dict of str to ndarray of shape (n_days,)
        From :func:`compute_holdings`, on the days of `equity`.
    closes : mapping of str to DataFrame
        Columns `date` and `close` (yuan) by symbol, ascending; a day without a bar is valued at the last close before it.
    equity : Curve
        Value of the account.

    Returns
    -------
    Curve
        Sum of ``|shares| × close / equity``; 0 on days on which the account was worth less than a cent.
    """
    in_market = np.zeros(len(equity.dates))
    days = pl.DataFrame({"date": list(equity.dates)}, schema={"date": pl.Date})
    for symbol, shares in holdings.items():
        known = closes[symbol].select("date", "close")
        close = days.join_asof(known, on="date", strategy="backward")["close"].fill_null(0.0).to_numpy()
        in_market += np.abs(shares) * close
    values = np.array(equity.values, dtype=np.float64)
    fractions = np.divide(in_market, values, out=np.zeros_like(values), where=values >= LEAST_YUAN)
    return Curve(equity.dates, tuple(fractions.tolist()))


def list_held_days(holdings: Holdings, days: Sequence[date], symbol: str, wanted: Sequence[date]) -> list[date]:
    """Return those of the `wanted` days into which a position in `symbol` was carried from the trading day before."""
    shares = holdings.get(symbol)
    if shares is None or not wanted:
        return []
    before = np.searchsorted(np.array(days, dtype="datetime64[D]"), np.array(wanted, dtype="datetime64[D]")) - 1
    return [day for day, earlier in zip(wanted, before.tolist(), strict=True) if earlier >= 0 and shares[earlier] != 0]

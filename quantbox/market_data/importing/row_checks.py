"""What a row must satisfy to be a bar; the first rule it breaks is the one reported."""

from __future__ import annotations

from bisect import bisect_left
from datetime import date

import polars as pl

from quantbox.market_data.importing.quarantine import Sieve
from quantbox.market_data.models import InstrumentKind

__all__ = ["check_rows", "check_times", "take_out_suspended"]

_PRICES = ("open", "high", "low", "close")
_FIRST_SESSION = date(1990, 12, 19)  # Shanghai opened; Shenzhen's first index day is 1991-04-03
_SESSION_MINUTES = (9 * 60 + 15, 15 * 60 + 30)  # call auction to the end of STAR after-hours trading
_HIGHEST_PRICE = 1e7
_LARGEST_VOLUME = 1e14
_LARGEST_AMOUNT = 1e16
#: An index's high and low are taken from samples, so that its official open and close may lie outside them; in the
#: files of 1990 to 1996 by up to 3.8 %. For what is traded there is no such excuse.
_INDEX_RANGE_SLACK = 0.10
_ROUNDING = 1e-9


def take_out_suspended(rows: pl.DataFrame, kind: InstrumentKind) -> tuple[pl.DataFrame, pl.Series]:
    """Return the rows without suspended days, and those days.

    A day without volume on which a share or fund has no price, or one price throughout (the last close, as baostock
    writes it), had no trade: it is a suspension, not a bar.
    """
    prices = [pl.col(name) for name in _PRICES]
    no_price = pl.all_horizontal(price.is_null() | (price == 0) for price in prices)
    one_price = pl.all_horizontal(price == prices[0] for price in prices)
    without_trade = (pl.col("volume").fill_null(0) == 0) & (no_price | one_price) & pl.col("minute").is_null()
    traded_kind = kind in (InstrumentKind.STOCK, InstrumentKind.FUND)
    is_out = pl.col("is_suspended") | (without_trade if traded_kind else pl.lit(value=False))
    marked = rows.with_columns(is_out.fill_null(value=False).alias("_out"))
    return marked.filter(~pl.col("_out")).drop("_out"), marked.filter(pl.col("_out"))["date"].unique().sort()


def check_rows(sieve: Sieve, kind: InstrumentKind, *, may_be_negative: bool) -> None:
    """Set aside every row of one symbol that is no bar.

    Parameters
    ----------
    may_be_negative : bool
        True for declared adjusted series: dividends taken off old prices lead below zero.
    """
    _check_prices(sieve, kind, may_be_negative=may_be_negative)
    for column, bound in (("volume", _LARGEST_VOLUME), ("amount", _LARGEST_AMOUNT)):
        sieve.reject(column, "negative", pl.col(column) < 0, value=pl.col(column))
        sieve.reject(column, "absurd", pl.col(column) > bound, value=pl.col(column))
    _check_order(sieve)


def check_times(sieve: Sieve, today: date) -> None:
    """Set aside rows whose day or minute no session has."""
    day, minute = pl.col("date"), pl.col("minute")
    sieve.reject("date", "no_calendar_date", day.is_null())
    sieve.reject("date", "before_first_session", day < _FIRST_SESSION, value=day)
    sieve.reject("date", "in_the_future", day > today, value=day)
    clock = pl.format("{}:{}", minute // 60, (minute % 60).cast(pl.String).str.zfill(2))
    sieve.reject("time", "outside_session", ~minute.is_between(*_SESSION_MINUTES), value=clock)


def _check_prices(sieve: Sieve, kind: InstrumentKind, *, may_be_negative: bool) -> None:
    for name in _PRICES:
        price = pl.col(name)
        sieve.reject(name, "no_price", price.is_null() | price.is_nan())
        sieve.reject(name, "price_absurd", price.abs() > _HIGHEST_PRICE, value=price)
        if not may_be_negative:
            sieve.reject(name, "price_not_positive", price == 0, value=price)
    high, low = pl.col("high"), pl.col("low")
    sieve.reject("high", "high_below_low", high < low, value=high, bound=low)
    slack = high.abs() * (_INDEX_RANGE_SLACK if kind is InstrumentKind.INDEX else _ROUNDING)
    upper, lower = pl.max_horizontal("open", "close"), pl.min_horizontal("open", "close")
    sieve.reject("high", "high_too_low", high + slack < upper, value=high, bound=upper)
    sieve.reject("low", "low_too_high", low - slack > lower, value=low, bound=lower)


def _check_order(sieve: Sieve) -> None:
    bar = ["date", "minute"]
    first_line = pl.col("line").first().over(bar)
    sieve.reject("date", "duplicate", pl.col("line") != first_line, value=first_line)
    moment = sieve.rows.select((pl.col("date").cast(pl.Int64) * 1440 + pl.col("minute").fill_null(0)).alias("moment"))["moment"]
    if moment.is_sorted() or moment.is_sorted(descending=True):
        return
    steps = moment.diff().drop_nulls()
    forward = (steps > 0).sum() >= (steps < 0).sum()
    kept = _longest_rising(moment.to_list() if forward else [-value for value in moment])
    lines = sieve.rows["line"].gather(kept)
    sieve.reject("date", "out_of_order", ~pl.col("line").is_in(lines.implode()), value=pl.col("date"))


def _longest_rising(values: list[int]) -> list[int]:
    """Return the places of a longest rising run within `values` (patience sorting), so that the fewest rows go."""
    tails: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for place, value in enumerate(values):
        pile = bisect_left(tails, value)
        before.append(places[pile - 1] if pile else -1)
        if pile == len(tails):
            tails.append(value)
            places.append(place)
        else:
            tails[pile], places[pile] = value, place
    run, place = [], places[-1] if places else -1
    while place >= 0:
        run.append(place)
        place = before[place]
    return run[::-1]

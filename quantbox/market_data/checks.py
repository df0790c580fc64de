"""What can be told to be wrong with stored daily bars, from the bars, the calendar and the rules alone.

Kinds of findings:

- ``high_below_low``: open or close lies outside low..high, or high is below low.
- ``price_not_positive``: a price of a traded instrument is zero or negative.
- ``duplicate_day``: two bars of one day.
- ``not_a_session``: a bar on a day on which the exchange was closed.
- ``session_missing``: no bar on a session, and no source reported a suspension; one finding per gap.
- ``jump_beyond_limit``: a price outside the day's limits that no pre_close explains; of bars that nobody declared raw only
  those with a pre_close are held against it.
- ``volume_unit_jump``: volume changes by a factor of 100 (lots against shares); one finding per stretch.
- ``average_outside_range``: amount ÷ volume outside low..high, so the bar is not raw or a unit is wrong.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from quantbox.core.money import exact
from quantbox.market_data.models import Adjust, InstrumentKind, Symbol
from quantbox.market_data.raw_test import find_contradictions
from quantbox.market_data.rules import limit_prices, tick
from quantbox.market_data.symbols import kind_of

__all__ = ["CheckInput", "Finding", "check_bars"]

_PRICES = ("open", "high", "low", "close")
#: No limit was ever narrower than the 5 % of ST; moves inside need no look at the rules.
_NARROWEST_LIMIT = 0.045
#: Bars after the first stored one that may still belong to the listing, when the listing day is unknown.
_LISTING_SESSIONS = 5
#: Suspended for so long, shares come back by relisting (恢复上市), whose first day has no limits (000792 on 2021-08-10).
_RELISTING_SESSIONS = 120
#: Volumes before and after a day that are compared for a change of unit when there is no amount.
_UNIT_WINDOW = 20
_UNIT_RATIO = 100.0


_IS_CROSSED = (pl.col("high") < pl.max_horizontal("open", "low", "close")) | (pl.col("low") > pl.min_horizontal("open", "close"))


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: what, where, and the figures that show it."""

    symbol: Symbol
    date: date
    kind: str
    evidence: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the finding for a document."""
        return {"symbol": self.symbol, "date": self.date.isoformat(), "kind": self.kind, "evidence": self.evidence}


@dataclass(frozen=True)
class CheckInput:
    """The stored daily bars of one symbol and what they are held against.

    Attributes
    ----------
    bars : DataFrame
        BAR_SCHEMA, dates ascending.
    sessions : sequence of date
        Trading days from the first bar to the last, as far as the calendar reaches.
    """

    symbol: Symbol
    bars: pl.DataFrame
    adjust: Adjust
    sessions: Sequence[date]
    suspended: frozenset[date]
    listed_on: date | None


def check_bars(given: CheckInput) -> list[Finding]:
    """Return what is wrong with the bars of one symbol, by date; nothing when they are sound."""
    findings = [
        *_check_prices(given),
        *_check_days(given),
        *_check_units(given),
    ]
    if kind_of(given.symbol) is not InstrumentKind.INDEX:
        findings += _check_jumps(given)
    return sorted(findings, key=lambda finding: (finding.date, finding.kind))


def _check_prices(given: CheckInput) -> Iterator[Finding]:
    for row in given.bars.filter(_IS_CROSSED).iter_rows(named=True):
        yield Finding(given.symbol, row["date"], "high_below_low", {name: row[name] for name in _PRICES})
    for row in given.bars.filter(pl.min_horizontal(*_PRICES) <= 0).iter_rows(named=True):
        yield Finding(given.symbol, row["date"], "price_not_positive", {name: row[name] for name in _PRICES})


def _check_days(given: CheckInput) -> Iterator[Finding]:
    counts = given.bars.group_by("date").len()
    for day, number in counts.filter(pl.col("len") > 1).iter_rows():
        yield Finding(given.symbol, day, "duplicate_day", {"bars": number})
    stored = set(counts["date"])
    sessions = set(given.sessions)
    if given.sessions:
        for day in sorted(stored - sessions):
            if given.sessions[0] <= day <= given.sessions[-1]:
                yield Finding(given.symbol, day, "not_a_session", {"weekday": day.strftime("%A")})
    gap: list[date] = []
    for day in [*given.sessions, None]:
        if day is not None and day not in stored and day not in given.suspended:
            gap.append(day)
        elif gap and (day is None or day in stored):
            yield Finding(given.symbol, gap[0], "session_missing", {"sessions": len(gap), "last": gap[-1].isoformat()})
            gap = []


def _check_units(given: CheckInput) -> Iterator[Finding]:
    """Hold amount ÷ volume against the prices; where there is no amount, volumes against each other."""
    if kind_of(given.symbol) not in (InstrumentKind.STOCK, InstrumentKind.FUND):
        return
    traded = given.bars.filter(pl.col("volume") > 0)
    stray: set[date] = set()
    if traded["amount"].null_count() < traded.height:
        ratio = pl.col("amount") / pl.col("volume") / pl.col("close")
        is_lots = ratio.is_between(_UNIT_RATIO * 0.7, _UNIT_RATIO * 1.4) | ratio.is_between(0.7 / _UNIT_RATIO, 1.4 / _UNIT_RATIO)
        marked = traded.with_columns(is_lots.fill_null(False).alias("is_lots"), ratio.alias("ratio"))
        stray = set(marked.filter("is_lots")["date"])
        for run in _runs(marked):
            yield Finding(given.symbol, run["date"], "volume_unit_jump", {"days": run["days"], "ratio": round(run["ratio"], 2)})
    else:
        yield from _check_bare_volumes(given.symbol, traded)
    if given.adjust is Adjust.NONE and not given.bars.is_empty():
        step = float(tick(given.symbol, given.bars["date"][-1]))
        for row in find_contradictions(given.bars.filter(~_IS_CROSSED), step).iter_rows(named=True):
            if row["date"] not in stray:
                evidence = {"average": round(row["average"], 4), "low": row["low"], "high": row["high"]}
                yield Finding(given.symbol, row["date"], "average_outside_range", evidence)


def _runs(marked: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield first day, length and ratio of every stretch of marked days."""
    runs = marked.with_columns(pl.col("is_lots").rle_id().alias("run")).filter("is_lots")
    stretches = runs.group_by("run", maintain_order=True).agg(
        pl.col("date").first(), pl.len().alias("days"), pl.col("ratio").median()
    )
    yield from stretches.iter_rows(named=True)


def _check_bare_volumes(symbol: Symbol, traded: pl.DataFrame) -> Iterator[Finding]:
    volume = pl.col("volume").cast(pl.Float64)
    step = (
        traded.with_columns(
            volume.shift(1).rolling_median(_UNIT_WINDOW).alias("before"),
            volume.reverse().rolling_median(_UNIT_WINDOW).reverse().alias("after"),
            (volume / volume.shift(1)).alias("jump"),
        )
        .with_columns((pl.col("after") / pl.col("before")).alias("ratio"))
        .filter(_is_hundredfold(pl.col("ratio")) & _is_hundredfold(pl.col("jump")))
    )
    for row in step.iter_rows(named=True):
        yield Finding(symbol, row["date"], "volume_unit_jump", {"before": row["before"], "after": row["after"]})


def _is_hundredfold(ratio: pl.Expr) -> pl.Expr:
    return ratio.is_between(_UNIT_RATIO / 4, _UNIT_RATIO * 4) | ratio.is_between(0.25 / _UNIT_RATIO, 4 / _UNIT_RATIO)


def _check_jumps(given: CheckInput) -> Iterator[Finding]:
    bars = given.bars.with_row_index("session").with_columns(
        pl.coalesce("pre_close", pl.col("close").shift(1)).alias("reference")
    )
    reach = pl.max_horizontal((pl.col("high") / pl.col("reference") - 1).abs(), (pl.col("low") / pl.col("reference") - 1).abs())
    if given.adjust is Adjust.UNKNOWN:  # perhaps adjusted: then no last close is what the limits stood on
        bars = bars.with_columns(pl.col("pre_close").alias("reference"))
    suspects = bars.filter((pl.col("reference") > 0) & (reach > _NARROWEST_LIMIT) & (pl.min_horizontal(*_PRICES) > 0))
    listed_here = given.listed_on is not None and not bars.is_empty() and bars["date"][0] <= given.listed_on
    for row in suspects.iter_rows(named=True):
        session = row["session"]
        if given.listed_on is None and session < _LISTING_SESSIONS:
            continue  # may be the days after listing, which have limits of their own
        if session and _sessions_between(given.sessions, bars["date"][session - 1], row["date"]) > _RELISTING_SESSIONS:
            continue
        upper, lower = limit_prices(
            given.symbol,
            row["date"],
            exact(row["reference"]),
            is_st=row["is_st"],
            listed_on=given.listed_on,
            sessions_since_listing=session if listed_here else None,
        )
        step = float(tick(given.symbol, row["date"]))
        if upper is None or lower is None or (row["high"] < float(upper) + step and row["low"] > float(lower) - step):
            continue
        evidence = {
            "reference": row["reference"],
            "reference_is": "last_close" if row["pre_close"] is None else "pre_close",
            "high": row["high"],
            "low": row["low"],
            "upper": float(upper),
            "lower": float(lower),
        }
        yield Finding(given.symbol, row["date"], "jump_beyond_limit", evidence)


def _sessions_between(sessions: Sequence[date], first: date, last: date) -> int:
    return bisect_left(sessions, last) - bisect_right(sessions, first)

"""Raw or adjusted: what the owner declares, what the file declares, and what amount and volume prove.

The raw test can refute "raw", never "adjusted": a series adjusted over a time without dividends is its own raw one.
What refutes "adjusted": prices on the wrong side of those traded (adjusted backwards from the last day they lie at or
below them, forwards from the first day at or above), and prices traded on both sides of an ex-date.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from quantbox.core.text import Text
from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.units import price_decimals
from quantbox.market_data.models import Adjust, InstrumentKind, Symbol
from quantbox.market_data.raw_test import find_contradictions, testable_days
from quantbox.market_data.symbols import kind_of

__all__ = ["agree_declarations", "check_adjusted", "check_raw", "refuse_negative_prices"]

#: Share of bars that may fail: genuine raw files have a few bars with an amount booked wrongly.
_FAILING_SHARE = 0.002
_ADJUSTED = (Adjust.QFQ, Adjust.HFQ)
_NAMES_ZH = {Adjust.QFQ: "前复权", Adjust.HFQ: "后复权"}


def agree_declarations(owner: Adjust | None, file: Adjust | None) -> Adjust | None:
    """Return what is declared of the prices, None when nobody says.

    Raises
    ------
    AdjustContradicted
        When owner and file differ.
    AdjustedByDeclaration
        When only the file says that it is adjusted: the owner must ask for a series that is for display only.
    """
    if owner is Adjust.UNKNOWN:
        owner = None
    if owner is not None and file is not None and owner is not file:
        raise refusals.AdjustContradicted(owner=owner.value, file=file.value)
    if owner is None and file in _ADJUSTED:
        raise refusals.AdjustedByDeclaration(adjust=file.value, name_zh=_NAMES_ZH[file])
    return owner or file


def refuse_negative_prices(rows: pl.DataFrame, declared: Adjust | None) -> None:
    """Refuse rows with a price below zero unless they are declared adjusted.

    Raises
    ------
    NegativePrices
        Naming the first such line.
    """
    if declared in _ADJUSTED:
        return
    lowest = pl.min_horizontal("open", "high", "low", "close")
    below = rows.filter(lowest < 0).select("line", "date", lowest.alias("price")).sort("line")
    if below.height:
        line, day, price = below.row(0)
        raise refusals.NegativePrices(line=line, date=day, price=f"{price:g}")


def check_raw(symbol: Symbol, bars: pl.DataFrame, declared: Adjust | None) -> None:
    """Refuse bars of a share or fund that are not the prices traded.

    Raises
    ------
    AdjustedContent, RawContradicted
        When more than 0.2 % of the days that carry an amount fail; the second where raw was declared.
    """
    if declared in _ADJUSTED or kind_of(symbol) not in (InstrumentKind.STOCK, InstrumentKind.FUND):
        return
    tested = testable_days(bars).height
    failing = find_contradictions(bars, tick=10.0 ** -price_decimals(symbol))
    if failing.height <= _FAILING_SHARE * tested:
        return
    first = failing.sort("date").row(0, named=True)
    refusal = refusals.AdjustedContent if declared is None else refusals.RawContradicted
    raise refusal(
        failing=failing.height,
        tested=tested,
        date=first["date"],
        average=f"{first['average']:.3f}",
        low=f"{first['low']:g}",
        high=f"{first['high']:g}",
    )


def check_adjusted(symbol: Symbol, bars: pl.DataFrame, declared: Adjust | None) -> None:
    """Refuse bars of a share or fund that are not adjusted in the declared way.

    Raises
    ------
    AdjustedContradicted
        Naming the first day that proves it.
    """
    kind = kind_of(symbol)
    if declared not in _ADJUSTED or kind not in (InstrumentKind.STOCK, InstrumentKind.FUND):
        return
    tick = 10.0 ** -price_decimals(symbol)
    evidence = _find_negative_price(bars) if declared is Adjust.HFQ else None
    if evidence is None and kind is InstrumentKind.STOCK:  # shares of a fund are also merged, which turns the sides round
        evidence = _find_wrong_side(bars, declared, tick)
    evidence = evidence or _find_traded_ex_date(bars, tick)
    if evidence is not None:
        day, reason = evidence
        raise refusals.AdjustedContradicted(
            adjust=declared.value,
            name_zh=_NAMES_ZH[declared],
            date=day,
            reason_zh=reason.in_language("zh"),
            reason_en=reason.in_language("en"),
        )


def _find_negative_price(bars: pl.DataFrame) -> tuple[date, Text] | None:
    below = bars.filter(pl.col("low") < 0).sort("date", "time")
    if below.is_empty():
        return None
    first = below.row(0, named=True)
    return first["date"], Text(
        "的价格 {price:g} 低于零，后复权价格不会", "the price {price:g} is below zero, which hfq prices never are"
    ).with_facts(price=first["low"])


def _find_wrong_side(bars: pl.DataFrame, declared: Adjust, tick: float) -> tuple[date, Text] | None:
    tested, failing = testable_days(bars).height, find_contradictions(bars, tick)
    if failing.height == tested:  # no day within: the units may be others than we think
        return None
    is_above = pl.col("average") > pl.col("high")
    wrong = failing.filter(is_above if declared is Adjust.HFQ else ~is_above)
    if wrong.height <= _FAILING_SHARE * tested or 2 * wrong.height <= failing.height:
        return None
    first = wrong.row(0, named=True)
    sentence = (
        Text(
            "的成交均价 {average:.3f} 高于最高价 {high:g}，后复权价格不低于成交价",
            "the average price traded, {average:.3f}, is above the high {high:g}; hfq prices are never below those traded",
        )
        if declared is Adjust.HFQ
        else Text(
            "的成交均价 {average:.3f} 低于最低价 {low:g}，前复权价格不高于成交价",
            "the average price traded, {average:.3f}, is below the low {low:g}; qfq prices are never above those traded",
        )
    )
    return first["date"], sentence.with_facts(**first)


def _find_traded_ex_date(bars: pl.DataFrame, tick: float) -> tuple[date, Text] | None:
    """Find two days in a row with prices as traded and an ex-date between them."""
    failing = find_contradictions(bars, tick)
    if failing.height > _FAILING_SHARE * testable_days(bars).height:
        return None
    before = bars.sort("date").with_columns(pl.col("date", "close", "amount").shift(1).name.suffix("_before"))
    ex_dates = before.filter(
        pl.col("time").is_null()
        & (pl.col("date") - pl.col("date_before") == timedelta(days=1))  # no session can be missing between them
        & (pl.min_horizontal("amount", "amount_before") > 0)
        & ((pl.col("pre_close") - pl.col("close_before")).abs() > 1.5 * tick)
        & ~pl.any_horizontal(pl.col("date", "date_before").is_in(failing["date"].implode()))
    )
    if ex_dates.is_empty():
        return None
    first = ex_dates.row(0, named=True)
    return first["date"], Text(
        "除权除息（上日收盘 {close_before:g}，前收盘价 {pre_close:g}），前后的价格却都是实际成交价",
        "it went ex ({close_before:g} before, previous close {pre_close:g}), yet the prices on both sides are those traded",
    ).with_facts(close_before=first["close_before"], pre_close=first["pre_close"])

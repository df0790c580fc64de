"""Raw or adjusted: what the owner declares, what the file declares, and what amount and volume prove.

The raw test can refute "raw", never "adjusted": a series adjusted over a time without dividends is its own raw one.
"""

from __future__ import annotations

import polars as pl

from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.units import price_decimals
from quantbox.market_data.models import Adjust, InstrumentKind, Symbol
from quantbox.market_data.raw_test import find_contradictions, testable_days
from quantbox.market_data.symbols import kind_of

__all__ = ["agree_declarations", "check_raw", "refuse_negative_prices"]

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

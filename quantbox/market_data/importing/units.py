"""Shares and yuan out of whatever a layout counts in, checked against what the amounts prove.

Amount / volume is the day's average price, so that on raw bars it says in which unit both are counted: it is the price
itself for shares and yuan, a hundred times that for 手. Plain tables do not say their unit: there the proof decides.
"""

from __future__ import annotations

import math

import polars as pl

from quantbox.core.text import Text
from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.layouts import HIKYUU, TDX_DAY, TDX_MINUTE, Layout
from quantbox.market_data.models import Adjust, Frequency, InstrumentKind, Symbol
from quantbox.market_data.symbols import is_b_share, kind_of

__all__ = ["price_decimals", "scale_prices", "to_shares_and_yuan"]

_PRICES = ("open", "high", "low", "close")
#: Power of ten of (amount / volume) / price to shares per unit of volume and yuan per unit of amount.
_UNITS = {0: (1, 1), 2: (100, 1), -3: (1, 1_000), -1: (100, 1_000), -4: (1, 10_000), -2: (100, 10_000)}
#: A day's average lies within the price limits around its middle; 0.09 is log10 of 1.23.
_PROOF_TOLERANCE = 0.09
_PROOF_SHARE = 0.95
_PROOF_DAYS_OF_ADJUSTED = 20
#: Average price of the shares in an index: above this many yuan the volume must count in 手.
_DEAREST_AVERAGE_SHARE_YUAN = 100
_UNIT_NAMES = {1: ("股", "shares"), 100: ("手", "lots of 100")}
_YUAN_NAMES = {1: ("元", "yuan"), 1_000: ("千元", "thousand yuan"), 10_000: ("万元", "ten thousand yuan")}


def price_decimals(symbol: Symbol) -> int:
    """Return how many decimals a price of `symbol` has in 通达信 files: three for funds, bonds and B shares of Shanghai."""
    three = kind_of(symbol) in (InstrumentKind.FUND, InstrumentKind.BOND) or (is_b_share(symbol) and symbol.endswith(".SH"))
    return 3 if three else 2


def to_shares_and_yuan(
    rows: pl.DataFrame, layout: Layout, symbol: Symbol, frequency: Frequency, declared: Adjust | None
) -> tuple[pl.DataFrame, list[Text]]:
    """Return the rows with volume in shares and amount in yuan, and what had to be proven for it.

    Raises
    ------
    UnitsContradicted
        When the amounts prove another unit than the layout has.
    """
    is_index = kind_of(symbol) is InstrumentKind.INDEX
    if layout is HIKYUU and is_index and frequency is not Frequency.DAY:
        return _turnover_from_count(rows), []
    # An amount of zero beside a volume is a source that does not know the amount.
    rows = rows.with_columns(amount=pl.when((pl.col("amount") > 0) | (pl.col("volume") == 0)).then("amount"))
    volume_unit, amount_unit, notes = _choose_units(rows, layout, is_index=is_index, declared=declared)
    scaled = rows.with_columns(volume=(pl.col("volume") * volume_unit).round(), amount=pl.col("amount") * amount_unit)
    return scaled, notes


def scale_prices(rows: pl.DataFrame, layout: Layout, symbol: Symbol) -> pl.DataFrame:
    """Return the rows with prices in yuan (points of an index), at the decimals the symbol is quoted with."""
    decimals = price_decimals(symbol)
    if layout is TDX_DAY:
        return rows.with_columns((pl.col(name) / 10**decimals).round(decimals) for name in _PRICES)
    if layout is TDX_MINUTE:
        return rows.with_columns(pl.col(name).round(decimals) for name in _PRICES)
    return rows


def _turnover_from_count(rows: pl.DataFrame) -> pl.DataFrame:
    # Minute bars of an index carry no volume here: `count` is the turnover in hundreds of yuan (2017-03-07: it sums to
    # 2,099,310,673, the day's turnover is 209,931,206,000 yuan), and the amount stands in the file on few days only.
    return rows.with_columns(amount=pl.col("volume") * 100, volume=pl.lit(None, dtype=pl.Float64))


def _choose_units(rows: pl.DataFrame, layout: Layout, *, is_index: bool, declared: Adjust | None) -> tuple[int, int, list[Text]]:
    proven = _prove_index(rows) if is_index else _prove_traded(rows, declared)
    volume_unit = layout.index_volume_unit if is_index else layout.volume_unit
    if volume_unit is not None and layout.amount_unit is not None:
        expected = round(math.log10(volume_unit / layout.amount_unit))
        if not is_index and proven is not None and proven != expected:
            raise refusals.UnitsContradicted(ratio=f"{10.0 ** (proven - expected):g}", format=layout.format)
        return volume_unit, layout.amount_unit, []
    if proven not in _UNITS:
        return 1, layout.amount_unit or 1, []
    volume_unit, amount_unit = _UNITS[proven]
    if (volume_unit, amount_unit) == (1, 1):
        return 1, 1, []
    (volume_zh, volume_en), (amount_zh, amount_en) = _UNIT_NAMES[volume_unit], _YUAN_NAMES[amount_unit]
    note = Text(
        f"成交额证明成交量以{volume_zh}、成交额以{amount_zh}为单位，已换算为股和元",
        f"the amounts prove volume in {volume_en} and amount in {amount_en}; both were converted to shares and yuan",
    )
    return volume_unit, amount_unit, [note]


def _prove_traded(rows: pl.DataFrame, declared: Adjust | None) -> int | None:
    tested = rows.filter((pl.col("amount") > 0) & (pl.col("volume") > 0) & (pl.col("low") > 0)).sort("date", "minute")
    # An adjusted series meets the traded prices only at its own end.
    if declared is Adjust.QFQ:
        tested = tested.tail(_PROOF_DAYS_OF_ADJUSTED)
    elif declared is Adjust.HFQ:
        tested = tested.head(_PROOF_DAYS_OF_ADJUSTED)
    if tested.is_empty():
        return None
    middle = (pl.col("high") + pl.col("low")) / 2
    powers = tested.select((pl.col("amount") / pl.col("volume") / middle).log10().alias("power"))["power"]
    power = round(float(powers.median()))  # type: ignore[arg-type]  # not empty
    return power if ((powers - power).abs() <= _PROOF_TOLERANCE).mean() >= _PROOF_SHARE else None  # type: ignore[operator]


def _prove_index(rows: pl.DataFrame) -> int | None:
    averages = rows.filter((pl.col("amount") > 0) & (pl.col("volume") > 0)).select(pl.col("amount") / pl.col("volume"))["amount"]
    average = averages.median()
    if average is None:
        return None
    return 2 if float(average) > _DEAREST_AVERAGE_SHARE_YUAN else 0  # type: ignore[arg-type]

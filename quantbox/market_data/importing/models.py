"""What the steps of an import hand to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from quantbox.core.text import Text
from quantbox.market_data.importing.layouts import Layout
from quantbox.market_data.models import Adjust, Frequency, Symbol

__all__ = ["RAW_SCHEMA", "Accepted", "QuarantinedRow", "Reading"]

#: Rows as a reader hands them on: values typed, units still the file's own. `line` is the line of a text file or the
#: number of a binary record, both from 1; `minute` is the minute of the day of a bar's end, null for days.
RAW_SCHEMA: dict[str, pl.DataType] = {
    "line": pl.Int64(),
    "code": pl.String(),
    "name": pl.String(),
    "date": pl.Date(),
    "minute": pl.Int32(),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Float64(),
    "amount": pl.Float64(),
    "pre_close": pl.Float64(),
    "is_st": pl.Boolean(),
    "is_suspended": pl.Boolean(),
}


@dataclass(frozen=True)
class QuarantinedRow:
    """One row that is not stored, and why.

    Attributes
    ----------
    line : int
        Line of a text file or record of a binary one, from 1.
    column : str
        The file's own name of the column at fault.
    """

    line: int
    column: str
    code: str
    reason: Text


@dataclass(frozen=True)
class Reading:
    """What a reader found in one file.

    Attributes
    ----------
    rows : polars.DataFrame
        RAW_SCHEMA, in the order of the file.
    headers : dict of str to str
        Our name of a column to the file's own, for quarantine reports.
    declared : Adjust or None
        What the file itself says of its prices.
    title_code, title_name : str or None
        Code and name from a title line.
    """

    layout: Layout
    rows: pl.DataFrame
    quarantined: list[QuarantinedRow]
    headers: dict[str, str] = field(default_factory=dict)
    declared: Adjust | None = None
    title_code: str | None = None
    title_name: str | None = None


@dataclass(frozen=True)
class Accepted:
    """The bars of one symbol in one file, ready to be stored.

    Attributes
    ----------
    bars : polars.DataFrame
        BAR_SCHEMA.
    suspensions : polars.DataFrame
        `symbol`, `date`: days the file reports as suspended.
    notes : list of Text
        What the owner should know though nothing is wrong (a unit that had to be proven).
    """

    symbol: Symbol
    name: str
    frequency: Frequency
    bars: pl.DataFrame
    suspensions: pl.DataFrame
    adjust: Adjust
    is_display_only: bool
    notes: list[Text]

    @property
    def first(self) -> date:
        """First day."""
        return self.bars["date"].min()  # type: ignore[return-value]  # never empty

    @property
    def last(self) -> date:
        """Last day."""
        return self.bars["date"].max()  # type: ignore[return-value]

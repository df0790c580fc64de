"""The words of market data: symbols, instruments, series, bars."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import polars as pl

__all__ = [
    "BAR_SCHEMA",
    "Adjust",
    "Board",
    "Frequency",
    "Instrument",
    "InstrumentKind",
    "Market",
    "Series",
    "Symbol",
]


class Market(StrEnum):
    """Exchange, as the suffix of a symbol."""

    SH = "SH"
    SZ = "SZ"
    BJ = "BJ"


#: A symbol as it is written everywhere: six digits, a dot, the market: "600519.SH".
Symbol = str


class Adjust(StrEnum):
    """What was done to a price series for dividends and splits (复权)."""

    NONE = "none"
    QFQ = "qfq"
    HFQ = "hfq"
    UNKNOWN = "unknown"


class Frequency(StrEnum):
    """Length of a bar; minute bars carry the time of their end."""

    DAY = "1d"
    MINUTE_1 = "1m"
    MINUTE_5 = "5m"
    MINUTE_15 = "15m"
    MINUTE_30 = "30m"
    MINUTE_60 = "60m"


class InstrumentKind(StrEnum):
    """What a symbol names."""

    STOCK = "stock"
    INDEX = "index"
    FUND = "fund"
    BOND = "bond"
    OTHER = "other"


class Board(StrEnum):
    """Board of a stock; decides price limits, lots and permissions."""

    MAIN = "main"
    CHINEXT = "chinext"
    STAR = "star"
    BSE = "bse"


#: Columns of stored bars, in order. Prices raw, in yuan (index points for indices); volume in shares; amount in yuan.
#: `time` is the bar's end in Shanghai for minute bars and null for daily ones. Nulls mean "the source did not say".
BAR_SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "date": pl.Date(),
    "time": pl.Datetime("us"),
    "open": pl.Float64(),
    "high": pl.Float64(),
    "low": pl.Float64(),
    "close": pl.Float64(),
    "volume": pl.Int64(),
    "amount": pl.Float64(),
    "pre_close": pl.Float64(),
    "is_st": pl.Boolean(),
}


@dataclass(frozen=True)
class Instrument:
    """What is known of one instrument.

    Attributes
    ----------
    name : str
        Present name; empty when no source gave one.
    pinyin : str
        Initials of the name, lower case ("pfyh").
    listed_on, delisted_on : date or None
        None means unknown (listed_on) or still listed (delisted_on).
    is_demo : bool
        True for the invented instruments of the demo market (模拟数据).
    """

    symbol: Symbol
    name: str
    pinyin: str
    kind: InstrumentKind
    board: Board | None
    listed_on: date | None = None
    delisted_on: date | None = None
    is_demo: bool = False


@dataclass(frozen=True)
class Series:
    """What is stored for one symbol and frequency.

    Attributes
    ----------
    adjust : Adjust
        As declared by the owner or by the file's own content; UNKNOWN when neither says.
    is_display_only : bool
        True for an adjusted series the owner chose to keep: shown with its label, never traded with rules on.
    factor_known : bool
        True when every stored day but the first carries pre_close, so that adjusted views are exact.
    origin : str
        Where the bars came from: a file format ("baostock", "tdx_day") or a source ("akshare.eastmoney", "demo").
    """

    symbol: Symbol
    frequency: Frequency
    adjust: Adjust
    is_display_only: bool
    first: date
    last: date
    rows: int
    factor_known: bool
    origin: str
    updated_at: datetime
    is_demo: bool = False

"""Which group of rules an instrument falls under, told from its code."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache

from quantbox.market_data.models import Board, InstrumentKind, Symbol
from quantbox.market_data.symbols import board_of, is_b_share, kind_of, market_of

__all__ = ["Family", "family_of", "fund_scope_of", "is_twenty_pct_fund"]

#: STAR funds have their own code range; the ChiNext funds known by code (common knowledge, not verified).
_TWENTY_PCT_PREFIXES = ("588", "589")
_TWENTY_PCT_CODES = frozenset(
    {"159908", "159915", "159948", "159949", "159952", "159957", "159958", "159964", "159967", "159977"}
)


class Family(StrEnum):
    """Instruments that share rules, whatever the day."""

    MAIN = "main"
    CHINEXT = "chinext"
    STAR = "star"
    BSE = "bse"
    B_SHARE = "b_share"
    FUND = "fund"
    REIT = "reit"
    CONVERTIBLE = "convertible"
    UNTRADED = "untraded"  # indices, and bonds and rights whose rules are not held

    @property
    def is_stock(self) -> bool:
        """Whether the stock taxes and fees apply."""
        return self in (Family.MAIN, Family.CHINEXT, Family.STAR, Family.BSE, Family.B_SHARE)


_BOARDS = {Board.MAIN: Family.MAIN, Board.CHINEXT: Family.CHINEXT, Board.STAR: Family.STAR, Board.BSE: Family.BSE}
_CONVERTIBLES = {"SH": ("110", "111", "113", "118"), "SZ": ("123", "127", "128"), "BJ": ("81",)}


@lru_cache(maxsize=65536)
def family_of(symbol: Symbol) -> Family:
    """Return the family of a canonical symbol."""
    board = board_of(symbol)
    if board is not None:
        return Family.B_SHARE if is_b_share(symbol) else _BOARDS[board]
    if kind_of(symbol) is InstrumentKind.FUND:
        return Family.REIT if symbol.startswith(("508", "180")) else Family.FUND
    if symbol.startswith(_CONVERTIBLES[market_of(symbol)]):
        return Family.CONVERTIBLE
    return Family.UNTRADED


@lru_cache(maxsize=65536)
def fund_scope_of(symbol: Symbol) -> str:
    """Return the settlement scope of a fund; Shenzhen's codes do not tell bond, gold and foreign funds apart: T+1."""
    if symbol.startswith("511"):  # bond and money funds of Shanghai
        return "etf_bond"
    if symbol.startswith("518"):
        return "etf_gold"
    return "etf_crossborder" if symbol.startswith("513") else "etf"


def is_twenty_pct_fund(symbol: Symbol) -> bool:
    """Return whether all constituents of the fund have limits of 20 %."""
    return symbol.startswith(_TWENTY_PCT_PREFIXES) or symbol[:6] in _TWENTY_PCT_CODES

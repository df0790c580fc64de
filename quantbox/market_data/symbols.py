"""One way to write a symbol: every spelling in use becomes 600519.SH, and the code says what is traded where.

Code ranges are those of the exchanges' numbering rules; a code outside them is refused, not guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

from quantbox.market_data.errors import SymbolInvalid
from quantbox.market_data.models import Board, InstrumentKind, Market, Symbol

__all__ = ["board_of", "is_b_share", "kind_of", "market_of", "parse_symbol"]

_Value = TypeVar("_Value")

_ACCEPTED = "600519, sh600519, sh.600519, SH#600519, 600519.SH, 600519.XSHG"

_MARKET_NAMES = {
    "SH": Market.SH,
    "SS": Market.SH,
    "XSHG": Market.SH,
    "SZ": Market.SZ,
    "XSHE": Market.SZ,
    "BJ": Market.BJ,
    "BJSE": Market.BJ,
}

_PREFIXED = re.compile(r"(SH|SZ|BJ)[.#]?(\d{6})", re.ASCII)
_SUFFIXED = re.compile(r"(\d{6})\.(SH|SS|XSHG|SZ|XSHE|BJ|BJSE)", re.ASCII)
_BARE = re.compile(r"\d{6}", re.ASCII)

_STOCK, _INDEX, _FUND, _BOND, _OTHER = (
    InstrumentKind.STOCK,
    InstrumentKind.INDEX,
    InstrumentKind.FUND,
    InstrumentKind.BOND,
    InstrumentKind.OTHER,
)

#: What the first digits of a code mean on each exchange; the longest prefix decides.
_RANGES: dict[Market, dict[str, tuple[InstrumentKind, Board | None]]] = {
    Market.SH: {
        "000": (_INDEX, None),
        "009": (_BOND, None),
        "01": (_BOND, None),
        "02": (_BOND, None),
        "1": (_BOND, None),
        "20": (_OTHER, None),  # repurchase, 204001
        "5": (_FUND, None),
        "60": (_STOCK, Board.MAIN),
        "61": (_STOCK, Board.MAIN),  # reserved for shares by the numbering rules, not yet given out
        "68": (_STOCK, Board.STAR),
        "7": (_OTHER, None),  # subscriptions, votes
        "88": (_INDEX, None),  # 通达信 sector indices
        "90": (_STOCK, Board.MAIN),  # B shares
        "93": (_INDEX, None),
        "95": (_INDEX, None),
    },
    Market.SZ: {
        "00": (_STOCK, Board.MAIN),
        "03": (_OTHER, None),  # warrants
        "08": (_OTHER, None),  # rights
        "10": (_BOND, None),
        "11": (_BOND, None),
        "12": (_BOND, None),
        "13": (_OTHER, None),  # repurchase, 131810
        "14": (_BOND, None),
        "15": (_FUND, None),
        "16": (_FUND, None),
        "17": (_FUND, None),
        "18": (_FUND, None),
        "20": (_STOCK, Board.MAIN),  # B shares
        "30": (_STOCK, Board.CHINEXT),
        "395": (_INDEX, None),
        "399": (_INDEX, None),
        "97": (_INDEX, None),
        "98": (_INDEX, None),
    },
    Market.BJ: {
        "4": (_OTHER, None),  # 400xxx and 420xxx: shares that left the exchanges, traded on NEEQ
        "43": (_STOCK, Board.BSE),
        "81": (_BOND, None),
        "82": (_OTHER, None),  # preferred shares
        "83": (_STOCK, Board.BSE),
        "87": (_STOCK, Board.BSE),
        "88": (_STOCK, Board.BSE),
        "899": (_INDEX, None),
        "92": (_STOCK, Board.BSE),
    },
}

#: Exchange of a code written alone; the longest prefix decides, and what is used on two exchanges is left out.
_BARE_MARKETS: dict[str, Market] = {
    "00": Market.SZ,
    "03": Market.SZ,
    "08": Market.SZ,
    "10": Market.SH,
    "11": Market.SH,
    "12": Market.SZ,
    "15": Market.SZ,
    "16": Market.SZ,
    "18": Market.SZ,
    "20": Market.SZ,
    "204": Market.SH,
    "3": Market.SZ,
    "4": Market.BJ,
    "5": Market.SH,
    "6": Market.SH,
    "8": Market.BJ,
    "90": Market.SH,
    "92": Market.BJ,
}


@lru_cache(maxsize=65536)
def parse_symbol(text: str) -> Symbol:
    """Return `text` as a canonical symbol: ``sh600519`` gives ``600519.SH``; zeros in front stay.

    Raises
    ------
    SymbolInvalid
        When `text` is no such spelling, or its code is not used on the exchange it names.
    """
    spelling = text.strip().upper()
    code, market = _split(spelling)
    if code is None or market is None or _classify(code, market) is None:
        raise SymbolInvalid(value=text, accepted=_ACCEPTED)
    return f"{code}.{market}"


@lru_cache(maxsize=65536)
def market_of(symbol: Symbol) -> Market:
    """Return the exchange of a canonical symbol."""
    return Market(symbol[7:])


def kind_of(symbol: Symbol) -> InstrumentKind:
    """Return what a canonical symbol names, by its code."""
    return _entry(symbol)[0]


def board_of(symbol: Symbol) -> Board | None:
    """Return the board of a stock, by its code; None for what is no stock."""
    return _entry(symbol)[1]


def is_b_share(symbol: Symbol) -> bool:
    """Return whether the symbol is a B share (900xxx in US dollars, 200xxx in Hong Kong dollars)."""
    return symbol.startswith("90") if symbol.endswith(".SH") else symbol.startswith("20") and symbol.endswith(".SZ")


@lru_cache(maxsize=65536)
def _entry(symbol: Symbol) -> tuple[InstrumentKind, Board | None]:
    entry = _classify(symbol[:6], market_of(symbol))
    if entry is None:
        raise SymbolInvalid(value=symbol, accepted=_ACCEPTED)
    return entry


def _split(spelling: str) -> tuple[str | None, Market | None]:
    if match := _SUFFIXED.fullmatch(spelling):
        return match[1], _MARKET_NAMES[match[2]]
    if match := _PREFIXED.fullmatch(spelling):
        return match[2], _MARKET_NAMES[match[1]]
    if _BARE.fullmatch(spelling):
        return spelling, _longest(_BARE_MARKETS, spelling)
    return None, None


def _classify(code: str, market: Market) -> tuple[InstrumentKind, Board | None] | None:
    return _longest(_RANGES[market], code)


def _longest(table: Mapping[str, _Value], code: str) -> _Value | None:
    for length in (3, 2, 1):
        if (found := table.get(code[:length])) is not None:
            return found
    return None

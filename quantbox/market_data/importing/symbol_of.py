"""Whose bars these are: the content says, else the owner (--symbol), else a file name that holds a code with its market.

All that speak must agree. A bare file name (600519.csv) does not speak, because 000001 is a bank in Shenzhen and the
composite index in Shanghai.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from quantbox.market_data.errors import SymbolInvalid
from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.layouts import Layout
from quantbox.market_data.models import InstrumentKind, Symbol
from quantbox.market_data.symbols import kind_of, parse_symbol

__all__ = ["Claim", "check_against_stored", "claim_of_content", "claim_of_file_name", "claim_of_text", "settle_symbol"]

_MARKETS = {"SH": "SH", "SS": "SH", "XSHG": "SH", "SZ": "SZ", "XSHE": "SZ", "BJ": "BJ", "BJSE": "BJ"}
_PREFIXED = re.compile(r"(?<![A-Za-z])(SH|SZ|BJ)[.#_-]?(\d{6})(?!\d)", re.IGNORECASE | re.ASCII)
_SUFFIXED = re.compile(r"(?<!\d)(\d{6})[._](SH|SS|XSHG|SZ|XSHE|BJ|BJSE)(?![A-Za-z])", re.IGNORECASE | re.ASCII)
_BARE = re.compile(r"\d{1,6}", re.ASCII)

#: Indices that share their code with a share of another market, by the names data vendors give them.
_INDEX_NAMES: dict[str, Symbol] = {
    "上证指数": "000001.SH",
    "上证综指": "000001.SH",
    "上证综合指数": "000001.SH",
    "上证180": "000010.SH",
    "上证50": "000016.SH",
    "上证380": "000009.SH",
    "国债指数": "000012.SH",
    "沪深300": "000300.SH",
    "科创50": "000688.SH",
    "科创100": "000698.SH",
    "中证1000": "000852.SH",
    "中证100": "000903.SH",
    "中证A100": "000903.SH",
    "中证200": "000904.SH",
    "中证500": "000905.SH",
    "中证800": "000906.SH",
    "中证红利": "000922.SH",
    "上证红利": "000015.SH",
    "红利指数": "000015.SH",
    "中证全指": "000985.SH",
    "中证A500": "000510.SH",
    "深证成指": "399001.SZ",
    "中小板指": "399005.SZ",
    "中小100": "399005.SZ",
    "创业板指": "399006.SZ",
    "深证综指": "399106.SZ",
    "深证100": "399330.SZ",
    "北证50": "899050.BJ",
}

_FEWEST_COMMON_DAYS = 10
_CLOSE_TOLERANCE = 0.01
_CONTRADICTING_SHARE = 0.5


@dataclass(frozen=True)
class Claim:
    """What one witness says.

    Attributes
    ----------
    text : str
        As it was written, for the sentence that refuses.
    code : str
        Six digits.
    market : str or None
        Suffix of the market; None when the witness does not say.
    """

    text: str
    code: str
    market: str | None

    def agrees_with(self, symbol: Symbol) -> bool:
        """Tell whether `symbol` can be meant."""
        return symbol[:6] == self.code and self.market in (None, symbol[7:])


def claim_of_text(text: str) -> Claim | None:
    """Return what a code in the content or of the owner says; zeros lost by a spreadsheet are put back."""
    text = text.strip()
    if match := _PREFIXED.fullmatch(text):
        return Claim(text, match[2], match[1].upper())
    if match := _SUFFIXED.fullmatch(text):
        return Claim(text, match[1], _MARKETS[match[2].upper()])
    if _BARE.fullmatch(text):
        return Claim(text, text.zfill(6), None)
    return None


def claim_of_content(text: str, name: str | None, layout: Layout) -> Claim | None:
    """Return what a code in the content says, with the help of the name beside it."""
    claim = claim_of_text(text)
    if claim is None or claim.market is not None:
        return claim
    index = _INDEX_NAMES.get((name or "").replace(" ", ""))
    if index is not None and index[:6] == claim.code:
        return Claim(f"{text} {name}", claim.code, index[7:])
    return Claim(text, claim.code, _market_of_share(claim.code)) if layout.bare_code_is_share else claim


def _market_of_share(code: str) -> str | None:
    try:
        return parse_symbol(code)[7:]
    except SymbolInvalid:
        return None


def claim_of_file_name(file_name: str) -> Claim | None:
    """Return what a file name says: sh600000.day, hk_sh600000.day, sh.600000.csv, SH#601003.txt, 600000.SH.csv.

    Raises
    ------
    SymbolContradicted
        When it holds two different codes.
    """
    found = {(match[2], match[1].upper()) for match in _PREFIXED.finditer(file_name)}
    found |= {(match[1], _MARKETS[match[2].upper()]) for match in _SUFFIXED.finditer(file_name)}
    if len(found) > 1:
        raise refusals.SymbolContradicted(claims=file_name)
    return next((Claim(file_name, code, market) for code, market in found), None)


def settle_symbol(claims: list[Claim]) -> Symbol:
    """Return the one symbol all `claims` agree on, the strongest first.

    Raises
    ------
    SymbolMissing, SymbolContradicted, SymbolUnreadable
        When there is none.
    """
    if not claims:
        raise refusals.SymbolMissing
    code = claims[0].code
    market = next((claim.market for claim in claims if claim.market is not None), None)
    try:
        symbol = parse_symbol(f"{code}.{market}" if market else code)
    except SymbolInvalid as error:
        raise refusals.SymbolUnreadable(text=claims[0].text) from error
    if not all(claim.agrees_with(symbol) for claim in claims):
        raise refusals.SymbolContradicted(claims=" / ".join(claim.text for claim in claims))
    return symbol


def check_against_stored(symbol: Symbol, bars: pl.DataFrame, stored: pl.DataFrame) -> None:
    """Refuse raw daily bars that are not those already stored under `symbol`.

    Files are met that carry another instrument's bars under a wrong name. Vendors differ on a few days; more than
    half of the days off by more than 1 % is another instrument, or another adjustment.

    Raises
    ------
    AnotherInstrument
        Naming the first day that differs.
    """
    if kind_of(symbol) is InstrumentKind.OTHER or stored.is_empty():
        return
    both = (
        bars.select("date", pl.col("close").alias("here"))
        .join(stored.select("date", pl.col("close").alias("stored")), on="date")
        .sort("date")
    )
    apart = both.filter((pl.col("here") - pl.col("stored")).abs() > _CLOSE_TOLERANCE * pl.col("stored").abs() + _CLOSE_TOLERANCE)
    if both.height < _FEWEST_COMMON_DAYS or apart.height <= _CONTRADICTING_SHARE * both.height:
        return
    day, here, there = apart.row(0)
    raise refusals.AnotherInstrument(
        symbol=symbol, days=both.height, different=apart.height, date=day, here=f"{here:g}", stored=f"{there:g}"
    )

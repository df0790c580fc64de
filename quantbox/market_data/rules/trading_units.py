"""Lots, price steps, settlement and hours of trading, by instrument and date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from functools import lru_cache

from quantbox.market_data.models import Symbol
from quantbox.market_data.rules.records import find_record, get_record
from quantbox.market_data.rules.scopes import Family, family_of, fund_scope_of
from quantbox.market_data.symbols import market_of

__all__ = ["Lot", "Schedule", "lot", "sessions", "settlement_days", "tick"]

_CENT = Decimal("0.01")
_FUNDS = (Family.FUND, Family.REIT)
_LOT_SCOPES = {
    Family.CHINEXT: "chinext",
    Family.STAR: "star",
    Family.BSE: "bse",
    Family.FUND: "fund",
    Family.REIT: "fund",
    Family.CONVERTIBLE: "convertible",
}


@dataclass(frozen=True)
class Lot:
    """Sizes a buy order may have: `minimum`, then in steps of `step`; an odd remainder is sold once, in full."""

    minimum: int
    step: int


@dataclass(frozen=True)
class Schedule:
    """Hours of one day of trading, Shanghai time; `close_call` is None where trading was continuous to the end."""

    open_call: tuple[time, time]
    continuous: tuple[tuple[time, time], ...]
    close_call: tuple[time, time] | None


@lru_cache(maxsize=65536)
def lot(symbol: Symbol, on: date) -> Lot:
    """Return the lot of a buy order on the day."""
    family, market = family_of(symbol), market_of(symbol)
    if family is Family.UNTRADED:
        return Lot(1, 1)
    record = find_record("lot", _LOT_SCOPES.get(family, "stock"), market, on) or get_record("lot", "stock", market, on)
    minimum, step = record.value
    return Lot(minimum, step)


@lru_cache(maxsize=65536)
def tick(symbol: Symbol, on: date) -> Decimal:
    """Return the price step on the day, in yuan (B shares: dollars; indices: points)."""
    family, market = family_of(symbol), market_of(symbol)
    if family is Family.UNTRADED:
        return _CENT
    if family in _FUNDS:
        scope = "etf"
    elif family in (Family.B_SHARE, Family.CONVERTIBLE):
        scope = family.value
    else:
        scope = "stock"
    return Decimal(str(get_record("tick_size", scope, market, on).value))


@lru_cache(maxsize=65536)
def settlement_days(symbol: Symbol, on: date) -> int:
    """Return after how many sessions shares bought on the day may be sold: 1 (T+1), or 0 for T+0 instruments."""
    family, market = family_of(symbol), market_of(symbol)
    if family is Family.UNTRADED:
        return 0
    if family in _FUNDS:
        scope = fund_scope_of(symbol)
    elif family in (Family.B_SHARE, Family.CONVERTIBLE):
        scope = family.value
    else:
        scope = "stock"
    return int(get_record("min_holding_days", scope, market, on).value)


@lru_cache(maxsize=65536)
def sessions(symbol: Symbol, on: date) -> Schedule:
    """Return the hours of trading on the day; indices and bonds keep those of stocks."""
    scope = "etf" if family_of(symbol) in _FUNDS else "stock"
    schedule = get_record("session_schedule", scope, market_of(symbol), on).value
    close_call = schedule["close_call"]
    return Schedule(
        open_call=_span(schedule["open_call"]),
        continuous=tuple(_span(one) for one in schedule["continuous"]),
        close_call=None if close_call is None else _span(close_call),
    )


def _span(two: list[str]) -> tuple[time, time]:
    return time.fromisoformat(two[0]), time.fromisoformat(two[1])

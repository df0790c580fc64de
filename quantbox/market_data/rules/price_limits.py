"""Daily price limits (涨跌停) by board, risk warning, days since listing and date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache

from quantbox.core.money import round_half_up
from quantbox.market_data.models import Market, Symbol
from quantbox.market_data.rules.records import Record, find_record
from quantbox.market_data.rules.scopes import Family, family_of, is_twenty_pct_fund
from quantbox.market_data.rules.trading_units import tick
from quantbox.market_data.symbols import market_of

__all__ = ["LimitBand", "limit_band", "limit_prices"]

_ONE = Decimal(1)
_FACT = "price_limit_pct"
_FIRST_SESSIONS = 5
#: First listing day of the registration regime of each board (marina-rules: ipo_first5_*).
_WINDOW_SCOPES = {Family.MAIN: "ipo_first5_main", Family.CHINEXT: "ipo_first5_chinext", Family.STAR: "ipo_first5_star"}
_SCOPES = {
    Family.MAIN: ("main_board", "st_main"),
    Family.CHINEXT: ("chinext", "st_chinext"),
    Family.STAR: ("star", "st_star"),
    Family.BSE: ("bse", "st_bse"),
    Family.B_SHARE: ("b_share", "st_b_share"),
    Family.FUND: ("etf", "etf"),
    Family.REIT: ("reits", "reits"),
    Family.CONVERTIBLE: ("convertible", "convertible"),
}


@dataclass(frozen=True)
class LimitBand:
    """How far a price may move from the previous close on a day.

    Attributes
    ----------
    up, down : Decimal or None
        Fractions of the previous close; None where there is no limit.
    record : Record or None
        The rule; None for what has no limits at all, such as an index.
    assumed : tuple of str
        What was not known and taken as usual: "not_st", "seasoned".
    """

    up: Decimal | None
    down: Decimal | None
    record: Record | None
    assumed: tuple[str, ...]


def limit_prices(
    symbol: Symbol,
    on: date,
    pre_close: Decimal,
    *,
    is_st: bool | None,
    listed_on: date | None,
    sessions_since_listing: int | None,
) -> tuple[Decimal | None, Decimal | None]:
    """Return the highest and the lowest price of the day; None where there is no limit.

    Parameters
    ----------
    pre_close : Decimal
        Previous close as the exchange gives it on the day (ex-right on ex-dates, the issue price on the first day).
    is_st : bool or None
        Risk warning; None (unknown) counts as none.
    listed_on : date or None
        Decides between the listing regimes when `sessions_since_listing` is small.
    sessions_since_listing : int or None
        0 on the first day of trading; None (unknown) counts as seasoned.
    """
    band = limit_band(symbol, on, is_st, listed_on, sessions_since_listing)
    if band.up is None or band.down is None:
        return None, None
    step = tick(symbol, on)
    upper = round_half_up(pre_close * (_ONE + band.up), step)
    lower = round_half_up(pre_close * (_ONE - band.down), step)
    if upper - pre_close < step or pre_close - lower < step:
        floor = find_record("limit_price_min_tick", "stock", market_of(symbol), on)
        if floor is not None and floor.value is True:  # at least one tick: Shenzhen 2011-02-28, Shanghai 2023-04-10
            upper, lower = max(upper, pre_close + step), min(lower, pre_close - step)
    return upper, lower


def limit_band(
    symbol: Symbol, on: date, is_st: bool | None, listed_on: date | None = None, sessions_since_listing: int | None = None
) -> LimitBand:
    """Return how far the price may move on the day, with the rule that says so."""
    if sessions_since_listing is not None and sessions_since_listing >= _FIRST_SESSIONS:
        return _band(symbol, on, is_st, None, _FIRST_SESSIONS)
    return _band(symbol, on, is_st, listed_on, sessions_since_listing)


@lru_cache(maxsize=262144)
def _band(symbol: Symbol, on: date, is_st: bool | None, listed_on: date | None, session: int | None) -> LimitBand:
    family, market = family_of(symbol), market_of(symbol)
    if family is Family.UNTRADED:
        return LimitBand(None, None, None, ())
    assumed = (*(("not_st",) if is_st is None and family.is_stock else ()), *(("seasoned",) if session is None else ()))
    record = None
    if session is not None and session < _FIRST_SESSIONS:
        record = _listing_record(family, market, on, listed_on, session)
    if record is None and is_st:
        record = find_record(_FACT, _SCOPES[family][1], market, on)
    if record is None and family is Family.FUND and is_twenty_pct_fund(symbol):
        record = find_record(_FACT, "etf_20pct", market, on)
    record = record or find_record(_FACT, _SCOPES[family][0], market, on)
    if record is None or record.value == "unlimited":
        return LimitBand(None, None, record, assumed)
    both = record.value if isinstance(record.value, dict) else {"up": record.value, "down": record.value}
    return LimitBand(Decimal(str(both["up"])), Decimal(str(both["down"])), record, assumed)


def _listing_record(family: Family, market: Market, on: date, listed_on: date | None, session: int) -> Record | None:
    """Return the rule of the first sessions: the regime of the listing day goes on for its five sessions."""
    window = _WINDOW_SCOPES.get(family)
    if window is not None and (record := find_record(_FACT, window, market, listed_on or on)) is not None:
        return record
    if session > 0:
        return None
    if family in (Family.MAIN, Family.CHINEXT):
        return find_record(_FACT, "ipo_day1_main", market, on)
    if family is Family.BSE:
        return find_record(_FACT, "ipo_day1_bse", market, on)
    if family is Family.REIT:
        return find_record(_FACT, "reits_day1", market, on)
    if family is Family.CONVERTIBLE:
        return find_record("price_limit_pct_of_issue_price", "convertible_day1", market, on)
    return None

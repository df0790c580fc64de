"""Taxes and fees the state and the clearing house take of a trade, by instrument, side and date; rates are fractions."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache

from quantbox.market_data.models import Symbol
from quantbox.market_data.rules.records import find_record, get_record
from quantbox.market_data.rules.scopes import family_of
from quantbox.market_data.symbols import market_of

__all__ = ["commission_cap_rate", "commission_minimum_yuan", "stamp_tax_rate", "transfer_fee_rate"]

_NOTHING = Decimal(0)


@lru_cache(maxsize=65536)
def stamp_tax_rate(symbol: Symbol, on: date, side: str) -> Decimal:
    """Return the stamp tax of `side` ("buy" or "sell"): stocks only; sellers alone since 2008-09-19."""
    if side not in ("buy", "sell"):
        raise ValueError(f"no such side: {side}")
    if not family_of(symbol).is_stock:
        return _NOTHING
    market = market_of(symbol)
    if (sellers := find_record("stamp_duty_sell", "stock", market, on)) is not None:
        return Decimal(str(sellers.value)) if side == "sell" else _NOTHING
    of_buyer, of_seller = get_record("stamp_duty", "stock", market, on).value
    return Decimal(of_buyer if side == "buy" else of_seller)


@lru_cache(maxsize=65536)
def transfer_fee_rate(symbol: Symbol, on: date) -> Decimal:
    """Return the transfer fee (过户费) of either side: stocks only."""
    if not family_of(symbol).is_stock:
        return _NOTHING
    return Decimal(str(get_record("transfer_fee_each_side", "stock", market_of(symbol), on).value))


@lru_cache(maxsize=65536)
def commission_cap_rate(symbol: Symbol, on: date) -> Decimal:
    """Return the most a broker may charge."""
    return Decimal(str(get_record("commission_cap", "stock", market_of(symbol), on).value))


@lru_cache(maxsize=65536)
def commission_minimum_yuan(symbol: Symbol, on: date) -> Decimal:
    """Return the least commission of an order that the rules name; brokers may waive it."""
    return Decimal(str(get_record("commission_min_per_order_cny", "stock", market_of(symbol), on).value))

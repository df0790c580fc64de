"""Exchanges, bars and orders in one line each, on the real rule book."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import count

from quantbox.brokers.models import Commission, Listing, Order, SessionBar, Side
from quantbox.brokers.simulation import SimulatedExchange
from quantbox.market_data import rules

MAIN, STAR, BEIJING, CHINEXT, ETF, INDEX = "600519.SH", "688009.SH", "832317.BJ", "300750.SZ", "510300.SH", "000300.SH"
BOND_ETF = "511010.SH"  # 国债ETF: sold on the day it is bought
DAY, NEXT_DAY = date(2024, 3, 4), date(2024, 3, 5)

_refs = count(1)


def open_exchange(cash: str = "100000", commission: Commission | None = None) -> SimulatedExchange:
    """An exchange on which the six instruments above are known; the index may not be traded."""
    listings = {symbol: Listing(symbol) for symbol in (MAIN, STAR, BEIJING, CHINEXT, ETF, BOND_ETF)}
    listings[INDEX] = Listing(INDEX, is_tradable=False)
    return SimulatedExchange(Decimal(cash), commission or Commission(), listings, rules)


def bar(
    price: str = "10.00",
    *,
    low: str | None = None,
    high: str | None = None,
    pre_close: str | None = None,
    on: date = DAY,
    **known: bool,
) -> SessionBar:
    """A bar that opens and closes at `price`; the previous close is the same unless said."""
    at = Decimal(price)
    return SessionBar(
        date=on,
        open=at,
        high=Decimal(high or price),
        low=Decimal(low or price),
        close=at,
        pre_close=Decimal(pre_close or price),
        is_st=known.get("is_st", False),
        has_traded=known.get("has_traded", True),
    )


def buy(size: float, symbol: str = MAIN, *, limit: str | None = None, rests: bool = False) -> Order:
    """An order to buy."""
    return _order(Side.BUY, size, symbol, limit, rests)


def sell(size: float, symbol: str = MAIN, *, limit: str | None = None, rests: bool = False) -> Order:
    """An order to sell."""
    return _order(Side.SELL, size, symbol, limit, rests)


def _order(side: Side, size: float, symbol: str, limit: str | None, rests: bool) -> Order:
    return Order(next(_refs), symbol, side, size, None if limit is None else Decimal(limit), lives_one_session=not rests)

"""Cash and shares of one account."""

from __future__ import annotations

from decimal import Decimal

import pytest

from quantbox.brokers.models import Fees, Fill, Position, Side
from quantbox.brokers.simulation import Account

from .market import DAY, MAIN


def fill(side: Side, size: int, price: str = "10.00", fee: str = "5") -> Fill:
    return Fill(DAY, MAIN, side, Decimal(price), size, Fees(Decimal(fee)))


def test_what_was_bought_today_is_held_but_not_sellable_until_the_next_session() -> None:
    account = Account(Decimal(10000))
    account.book(fill(Side.BUY, 300), settles_today=False)
    assert account.position(MAIN) == Position(300, 0)
    account.open_session()
    assert account.position(MAIN) == Position(300, 300)


def test_only_todays_purchase_is_locked() -> None:
    account = Account(Decimal(10000))
    account.book(fill(Side.BUY, 300), settles_today=False)
    account.open_session()
    account.book(fill(Side.BUY, 200), settles_today=False)
    assert account.position(MAIN) == Position(500, 300)
    account.book(fill(Side.SELL, 300), settles_today=False)
    assert account.position(MAIN) == Position(200, 0)


def test_what_settles_today_may_be_sold_today() -> None:
    account = Account(Decimal(10000))
    account.book(fill(Side.BUY, 300), settles_today=True)
    assert account.position(MAIN) == Position(300, 300)


def test_cash_pays_amount_and_fees_to_the_cent() -> None:
    account = Account(Decimal("10000.00"))
    account.book(fill(Side.BUY, 300, "12.34", "5.04"), settles_today=True)
    assert account.cash == Decimal("6292.96")  # 10,000.00 - 300 x 12.34 (3,702.00) - 5.04
    account.book(fill(Side.SELL, 300, "12.40", "6.90"), settles_today=True)
    assert account.cash == Decimal("10006.06")  # + 3,720.00 - 6.90
    assert account.symbols() == []


def test_value_is_cash_plus_holdings() -> None:
    account = Account(Decimal(10000))
    account.book(fill(Side.BUY, 300), settles_today=False)
    prices = {MAIN: Decimal("11.11")}
    assert account.invested(prices) == Decimal("3333.00")
    assert account.value(prices) == Decimal("10328.00")  # 10,000 - 3,000 - 5 + 3,333


def test_cash_cannot_fall_below_zero() -> None:
    account = Account(Decimal(3004))
    with pytest.raises(ValueError, match=r"3005\.00 yuan wanted, 3004 yuan there"):
        account.book(fill(Side.BUY, 300), settles_today=False)
    with pytest.raises(ValueError, match="3005 yuan wanted"):
        account.deposit(Decimal(-3005))
    assert account.cash == 3004


def test_more_than_sellable_cannot_be_sold() -> None:
    account = Account(Decimal(10000))
    account.book(fill(Side.BUY, 300), settles_today=False)
    with pytest.raises(ValueError, match=r"100 600519\.SH sold, 0 may be"):
        account.book(fill(Side.SELL, 100), settles_today=False)


def test_an_account_cannot_start_in_debt() -> None:
    with pytest.raises(ValueError, match="-1 yuan"):
        Account(Decimal(-1))

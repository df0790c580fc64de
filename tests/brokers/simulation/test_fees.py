"""Fees of hand-made fills: 万2.5 with at least 5 yuan, stamp tax and transfer fee by date."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from quantbox.brokers.models import Commission, Fees, Order
from quantbox.brokers.simulation import FeeTable
from quantbox.market_data import rules

from .market import BOND_ETF, DAY, ETF, MAIN, NEXT_DAY, buy, sell


def fees(order: Order, amount: str, on: date = DAY, commission: Commission | None = None) -> Fees:
    return FeeTable(commission or Commission(), rules).cost(order, Decimal(amount), on)


def test_a_small_buy_pays_the_minimum() -> None:
    # 10,000 x 0.00025 = 2.50 -> 5.00; transfer 10,000 x 0.00001 = 0.10
    assert fees(buy(100), "10000") == Fees(Decimal("5"), Decimal("0"), Decimal("0.10"))


def test_a_large_sale_pays_rate_tax_and_transfer() -> None:
    # 123,456.78 x 0.00025 = 30.864195 -> 30.86; x 0.0005 = 61.72839 -> 61.73; x 0.00001 = 1.2345678 -> 1.23
    assert fees(sell(100), "123456.78") == Fees(Decimal("30.86"), Decimal("61.73"), Decimal("1.23"))


@pytest.mark.parametrize(
    ("on", "tax"),
    [(date(2023, 8, 25), "100.00"), (date(2023, 8, 28), "50.00")],  # 财政部 税务总局公告2023年第39号: halved on Monday 2023-08-28
)
def test_stamp_tax_was_halved_on_2023_08_28(on: date, tax: str) -> None:
    assert fees(sell(100), "100000", on).stamp_tax == Decimal(tax)
    assert fees(buy(100), "100000", on).stamp_tax == 0


@pytest.mark.parametrize(("on", "fee"), [(date(2022, 4, 28), "2.00"), (date(2022, 4, 29), "1.00")])  # 0.002 % -> 0.001 %
@pytest.mark.parametrize("order", [buy(100), sell(100)], ids=["buy", "sell"])
def test_transfer_fee_was_halved_on_2022_04_29_on_both_sides(on: date, fee: str, order: Order) -> None:
    assert fees(order, "100000", on).transfer_fee == Decimal(fee)


def test_a_cent_is_rounded_half_up() -> None:
    # 500 x 0.00001 = 0.005 -> 0.01; 499.99 x 0.00001 = 0.0049999 -> 0.00
    assert fees(buy(100), "500").transfer_fee == Decimal("0.01")
    assert fees(buy(100), "499.99").transfer_fee == Decimal("0.00")


@pytest.mark.parametrize("symbol", [ETF, BOND_ETF])
def test_a_fund_pays_commission_only(symbol: str) -> None:
    assert fees(sell(100, symbol), "100000") == Fees(Decimal("25.00"), Decimal(0), Decimal(0))


def test_parts_of_one_order_on_one_day_pay_the_minimum_once() -> None:
    table, order = FeeTable(Commission(), rules), sell(1000)
    paid = []
    for amount in ("8000", "8000", "8000"):
        part = table.cost(order, Decimal(amount), DAY)
        table.book(order, Decimal(amount), part, DAY)
        paid.append(part.commission)
    # 8,000 x 0.00025 = 2.00 -> 5.00 paid; 16,000 -> 4.00 < 5.00, nothing more; 24,000 -> 6.00, another 1.00
    assert paid == [Decimal("5"), Decimal("0"), Decimal("1.00")]


def test_an_order_that_rests_overnight_pays_the_minimum_anew() -> None:
    table, order = FeeTable(Commission(), rules), sell(1000)
    table.book(order, Decimal(8000), table.cost(order, Decimal(8000), DAY), DAY)
    assert table.cost(order, Decimal(8000), NEXT_DAY).commission == 5


def test_another_order_pays_its_own_minimum() -> None:
    table, first, second = FeeTable(Commission(), rules), buy(100), buy(100)
    table.book(first, Decimal(8000), table.cost(first, Decimal(8000), DAY), DAY)
    assert table.cost(second, Decimal(8000), DAY).commission == 5


def test_a_broker_without_commission_still_leaves_the_tax() -> None:
    free = Commission(Decimal(0), Decimal(0))
    assert fees(sell(100, MAIN), "10000", commission=free) == Fees(Decimal(0), Decimal("5.00"), Decimal("0.10"))

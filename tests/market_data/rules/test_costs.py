from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from quantbox.market_data.rules import commission_cap_rate, commission_minimum_yuan, stamp_tax_rate, transfer_fee_rate

STOCK = "600519.SH"


@pytest.mark.parametrize(
    ("on", "buy", "sell"),
    [
        (date(2026, 11, 20), "0", "0.0005"),
        (date(2023, 8, 28), "0", "0.0005"),  # halved
        (date(2023, 8, 25), "0", "0.001"),
        (date(2008, 9, 19), "0", "0.001"),  # the seller alone
        (date(2008, 9, 18), "0.001", "0.001"),
        (date(2008, 4, 24), "0.001", "0.001"),
        (date(2008, 4, 23), "0.003", "0.003"),
        (date(2007, 5, 30), "0.003", "0.003"),  # "5·30"
        (date(2007, 5, 29), "0.001", "0.001"),
        (date(2005, 1, 24), "0.001", "0.001"),
        (date(2005, 1, 21), "0.002", "0.002"),
        (date(2001, 11, 15), "0.004", "0.004"),
        (date(1998, 6, 11), "0.005", "0.005"),
        (date(1997, 5, 9), "0.003", "0.003"),
    ],
)
def test_stamp_tax_by_date_and_side(on: date, buy: str, sell: str) -> None:
    assert stamp_tax_rate(STOCK, on, "buy") == Decimal(buy)
    assert stamp_tax_rate(STOCK, on, "sell") == Decimal(sell)
    assert stamp_tax_rate("000001.SZ", on, "sell") == Decimal(sell)


def test_beijing_pays_the_same_tax() -> None:
    assert stamp_tax_rate("920002.BJ", date(2023, 8, 25), "sell") == Decimal("0.001")
    assert stamp_tax_rate("920002.BJ", date(2023, 8, 28), "sell") == Decimal("0.0005")
    assert stamp_tax_rate("920002.BJ", date(2023, 8, 28), "buy") == 0


@pytest.mark.parametrize("symbol", ["510050.SH", "159919.SZ", "113050.SH", "508000.SH", "000300.SH"])
def test_funds_bonds_and_indices_pay_neither_tax_nor_transfer_fee(symbol: str) -> None:
    for on in (date(2024, 1, 2), date(2005, 3, 1)):
        assert stamp_tax_rate(symbol, on, "sell") == 0
        assert stamp_tax_rate(symbol, on, "buy") == 0
        assert transfer_fee_rate(symbol, on) == 0


@pytest.mark.parametrize(
    ("on", "rate"),
    [
        (date(2026, 11, 20), "0.00001"),
        (date(2022, 4, 29), "0.00001"),
        (date(2022, 4, 28), "0.00002"),
        (date(2015, 8, 3), "0.00002"),
        (date(2015, 7, 31), "0"),  # by par value in Shanghai, not a rate
    ],
)
def test_transfer_fee_by_date(on: date, rate: str) -> None:
    assert transfer_fee_rate(STOCK, on) == Decimal(rate)


def test_the_commission_has_a_ceiling_and_a_floor() -> None:
    assert commission_cap_rate(STOCK, date(2024, 1, 2)) == Decimal("0.003")
    assert commission_minimum_yuan(STOCK, date(2024, 1, 2)) == 5


def test_a_side_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="short"):
        stamp_tax_rate(STOCK, date(2024, 1, 2), "short")

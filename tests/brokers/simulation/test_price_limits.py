"""What a price limit lets through, and prices between two ticks."""

from __future__ import annotations

from decimal import Decimal

import pytest

from quantbox.brokers.models import Rule, Side
from quantbox.brokers.simulation.price_limits import locked_out, price_on_tick, trusted_limits

from .market import bar

UPPER, LOWER = Decimal("11.00"), Decimal("9.00")


@pytest.mark.parametrize(
    ("side", "price", "expected"),
    [
        (Side.BUY, "10.99", None),
        (Side.BUY, "11.00", Rule.LIMIT_UP),  # the queue at the limit is ahead of us
        (Side.BUY, "9.00", None),  # everybody sells there
        (Side.SELL, "9.01", None),
        (Side.SELL, "9.00", Rule.LIMIT_DOWN),
        (Side.SELL, "11.00", None),
    ],
)
def test_nobody_buys_at_the_upper_limit_nor_sells_at_the_lower(side: Side, price: str, expected: Rule | None) -> None:
    assert locked_out(side, Decimal(price), UPPER, LOWER) is expected


def test_without_limits_every_price_trades() -> None:
    assert locked_out(Side.BUY, Decimal(99), None, None) is None
    assert locked_out(Side.SELL, Decimal("0.01"), None, None) is None


@pytest.mark.parametrize(
    ("low", "high", "trusted"), [("9.00", "11.00", True), ("9.00", "11.01", False), ("8.99", "11.00", False)]
)
def test_limits_that_the_bar_itself_broke_are_not_believed(low: str, high: str, trusted: bool) -> None:
    expected = (UPPER, LOWER) if trusted else (None, None)
    assert trusted_limits(UPPER, LOWER, bar("10.00", low=low, high=high)) == expected


@pytest.mark.parametrize(
    ("side", "price", "limit", "expected"),
    [
        (Side.SELL, "12.3456", None, "12.34"),
        (Side.BUY, "12.3456", None, "12.35"),
        (Side.BUY, "12.3456", "12.3456", "12.34"),  # 12.35 is above what it may pay
        (Side.SELL, "12.3456", "12.3456", "12.35"),
        (Side.BUY, "12.34", "12.40", "12.34"),
        (Side.BUY, "12.350000000000001", None, "12.35"),  # the dust of 13 * 0.95 in floats
    ],
)
def test_a_price_between_ticks_moves_to_the_worse_one_within_the_limit(
    side: Side, price: str, limit: str | None, expected: str
) -> None:
    bound = None if limit is None else Decimal(limit)
    assert price_on_tick(Decimal(price), side, Decimal("0.01"), bound) == Decimal(expected)


def test_a_fund_has_ticks_of_a_thousandth() -> None:
    assert price_on_tick(Decimal("1.2345"), Side.SELL, Decimal("0.001")) == Decimal("1.234")

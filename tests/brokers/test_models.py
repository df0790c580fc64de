"""Words of trading."""

from __future__ import annotations

from decimal import Decimal

from quantbox.brokers.models import Fees


def test_total_of_fees_is_their_sum() -> None:
    assert Fees(Decimal("5"), Decimal("0.50"), Decimal("0.01")).total == Decimal("5.51")


def test_no_fees_cost_nothing() -> None:
    assert Fees().total == 0

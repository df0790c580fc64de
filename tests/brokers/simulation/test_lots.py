"""Order sizes: 交易规则 of the exchanges, buys in lots, an odd remainder sold at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.brokers.simulation.lots import largest_sell, whole_lots
from quantbox.market_data.rules import Lot

MAIN, STAR, BEIJING = Lot(100, 100), Lot(200, 1), Lot(100, 1)


@pytest.mark.parametrize(
    ("size", "lot", "expected"),
    [
        (99, MAIN, 0),
        (100, MAIN, 100),
        (199, MAIN, 100),
        (12345, MAIN, 12300),
        (199, STAR, 0),
        (200, STAR, 200),
        (201, STAR, 201),
        (99, BEIJING, 0),
        (100, BEIJING, 100),
        (137, BEIJING, 137),
    ],
)
def test_buys_are_whole_lots(size: int, lot: Lot, expected: int) -> None:
    assert whole_lots(size, lot) == expected


@pytest.mark.parametrize(
    ("size", "sellable", "lot", "expected"),
    [
        (300, 250, MAIN, 250),  # all of it, the odd 50 included
        (250, 250, MAIN, 250),
        (249, 250, MAIN, 200),  # 49 of the odd 50 may not go alone
        (150, 250, MAIN, 150),  # one lot and the whole odd part
        (149, 250, MAIN, 100),
        (50, 250, MAIN, 50),  # the odd part alone
        (49, 250, MAIN, 0),
        (60, 250, MAIN, 50),
        (30, 30, MAIN, 30),
        (29, 30, MAIN, 0),
        (250, 300, MAIN, 200),
        (150, 150, STAR, 150),  # below 200: only all at once
        (149, 150, STAR, 0),
        (199, 500, STAR, 0),  # at least 200 while there is more
        (333, 500, STAR, 333),
        (100, 0, MAIN, 0),
    ],
)
def test_sales_are_whole_lots_or_take_the_odd_part_at_once(size: int, sellable: int, lot: Lot, expected: int) -> None:
    assert largest_sell(size, sellable, lot) == expected


@given(st.integers(1, 5000), st.integers(0, 5000), st.sampled_from([MAIN, STAR, BEIJING]))
def test_a_sale_is_never_more_than_wanted_or_held_and_never_splits_the_odd_part(size: int, sellable: int, lot: Lot) -> None:
    sold = largest_sell(size, sellable, lot)
    odd = sellable % 100 if lot is MAIN else (sellable if sellable < lot.minimum else 0)
    assert 0 <= sold <= min(size, sellable)
    if lot is MAIN:
        assert sold % 100 in (0, odd)
    else:
        assert sold in (0, odd) or sold >= lot.minimum

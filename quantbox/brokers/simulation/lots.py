"""Order sizes an exchange takes: whole lots, and an odd remainder only when all of it is sold at once."""

from __future__ import annotations

from quantbox.brokers.simulation.rule_book import Lot

__all__ = ["largest_sell", "whole_lots"]


def whole_lots(size: int, lot: Lot) -> int:
    """Return the largest size an order may have that is not above `size`; 0 below the minimum.

    Main board, ChiNext and funds: multiples of 100. STAR: 200, then steps of 1. Beijing: 100, then steps of 1.
    """
    if size < lot.minimum:
        return 0
    return lot.minimum + (size - lot.minimum) // lot.step * lot.step


def largest_sell(size: int, sellable: int, lot: Lot) -> int:
    """Return the largest sale not above `size` out of `sellable` shares.

    The odd remainder of the holding (250 - 200 = 50 on the main board, all of a STAR holding below 200) goes in one
    piece, alone or with whole lots, or not at all.
    """
    wanted = min(size, sellable)
    odd = sellable - whole_lots(sellable, lot)
    with_odd = whole_lots(wanted - odd, lot) + odd if 0 < odd <= wanted else 0
    return max(whole_lots(wanted, lot), with_odd)

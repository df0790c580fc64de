"""Whether a price was within reach that day: limit boards, and prices on the tick.

The queue at a limit price is ahead of us, so a buy never fills at the upper limit nor a sale at the lower one. This one
sentence covers boards locked all day (low = high = limit), boards that open locked (an order at the open is judged at the
open, whatever the day brings later) and boards that lock later (a stop that would fill at the limit waits).
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from quantbox.brokers.models import Rule, SessionBar, Side

__all__ = ["locked_out", "price_on_tick", "trusted_limits"]

_NOISE = Decimal("0.000001")  # float arithmetic of a strategy leaves dust below this; no tick is as fine


def trusted_limits(upper: Decimal | None, lower: Decimal | None, bar: SessionBar) -> tuple[Decimal | None, Decimal | None]:
    """Return the limits, or none where the bar itself traded beyond them, so that they cannot have been in force."""
    if (upper is not None and bar.high > upper) or (lower is not None and bar.low < lower):
        return None, None
    return upper, lower


def locked_out(side: Side, price: Decimal, upper: Decimal | None, lower: Decimal | None) -> Rule | None:
    """Return the rule that keeps an order from trading at `price`, or None."""
    if side is Side.BUY and upper is not None and price >= upper:
        return Rule.LIMIT_UP
    if side is Side.SELL and lower is not None and price <= lower:
        return Rule.LIMIT_DOWN
    return None


def price_on_tick(price: Decimal, side: Side, tick: Decimal, limit: Decimal | None = None) -> Decimal:
    """Move a price between two ticks to the worse one, but never beyond the order's own limit.

    A strategy that sells below 12.3456 sells at 12.34; one that buys up to 12.3456 buys at 12.34 too, since 12.35 is
    above its limit.
    """
    worse, better = (ROUND_CEILING, ROUND_FLOOR) if side is Side.BUY else (ROUND_FLOOR, ROUND_CEILING)
    moved = _to_tick(price, tick, worse)
    if limit is None:
        return moved
    bound = _to_tick(limit, tick, better)
    return min(moved, bound) if side is Side.BUY else max(moved, bound)


def _to_tick(price: Decimal, tick: Decimal, rounding: str) -> Decimal:
    return (price.quantize(_NOISE) / tick).quantize(Decimal(1), rounding=rounding) * tick

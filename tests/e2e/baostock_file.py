"""A baostock file as its servers send it, built byte for byte: the twin of the real one where that is absent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

__all__ = ["write_baostock"]

HEADER = "date,code,open,high,low,close,preclose,volume,amount,adjustflag,turn,tradestatus,pctChg,isST\n"
PERIOD_DAYS, SWING = 40, 0.15
TICK = Decimal("0.01")


def write_baostock(path: Path, code: str, days: Sequence[str]) -> Path:
    """Write raw bars of `code` (``sh.600519``) whose price swings around 20.00, so that averages cross again and again.

    A day moves at most 15 % x 2 pi / 40 = 2.4 %, far from the price limits; its amount is its volume at the closing price.
    """
    before = Decimal("20.0000")
    lines = []
    for number, day in enumerate(days):
        close = Decimal(20 * (1 + SWING * math.sin(2 * math.pi * number / PERIOD_DAYS))).quantize(TICK)
        opening = ((before + close) / 2).quantize(TICK)
        high, low = max(opening, close) + TICK, min(opening, close) - TICK
        volume = 1_000_000 + 1_000 * (number % 7)
        change = (close / before - 1) * 100
        prices = ",".join(f"{price:.4f}" for price in (opening, high, low, close, before))
        lines.append(f"{day},{code},{prices},{volume},{close * volume:.4f},3,0.500000,1,{change:.6f},0\n")
        before = close
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path

"""Small frames of bars for tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from quantbox.market_data.models import BAR_SCHEMA

START = date(2024, 1, 2)


def make_bars(symbol: str, closes: Sequence[float], *, start: date = START, **columns: Any) -> pl.DataFrame:
    """Return one bar a calendar day with open = high = low = close; `columns` gives others whole or as one value."""
    days = [start + timedelta(days=number) for number in range(len(closes))]
    given: dict[str, Any] = {
        "symbol": [symbol] * len(closes),
        "date": days,
        "time": [None] * len(closes),
        **{name: list(closes) for name in ("open", "high", "low", "close")},
        "volume": [1000] * len(closes),
        "amount": [1000.0 * close for close in closes],
        "pre_close": [None, *closes[:-1]],
        "is_st": [None] * len(closes),
    }
    for name, value in columns.items():
        given[name] = list(value) if isinstance(value, list | tuple) else [value] * len(closes)
    return pl.DataFrame(given, schema=BAR_SCHEMA)

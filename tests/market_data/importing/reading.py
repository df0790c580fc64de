"""What tests of importing read with: real files by the csv module alone, and what is stored of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from quantbox.market_data.service import MarketData

ImportOne = Callable[..., dict[str, Any]]


def read_csv(path: Path, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(encoding), newline=""), skipinitialspace=True))


def stored(market_data: MarketData, symbol: str, *columns: str, display: bool = False) -> list[tuple[Any, ...]]:
    bars = market_data.bars(symbol, display=display).select("date", *columns)
    return [(row[0].isoformat(), *row[1:]) for row in bars.rows()]

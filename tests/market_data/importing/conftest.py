"""A store to import into, and bars of an invented share whose every figure is known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.market_data.service import MarketData


@pytest.fixture
def market_data(data_folder: DataFolder, clock: FixedClock) -> MarketData:
    """An empty store."""
    return MarketData(data_folder, clock)


@pytest.fixture
def import_one(market_data: MarketData) -> Callable[..., dict[str, Any]]:
    """Import one file and return what is said of it."""
    from quantbox.market_data.importing import import_files

    def run(path: Path, **options: Any) -> dict[str, Any]:
        (entry,) = import_files(market_data, [path], **options)["files"]
        return entry

    return run

"""A whole store with services, with backtests whose results are made by hand: no child process runs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from quantbox.app.services import Services, build_services
from quantbox.backtesting import store as backtests
from quantbox.backtesting.models import BacktestRequest, BacktestResult
from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.vault.fields import FieldCipher
from quantbox.vault.models import Keys
from tests.backup.store import NOW, OWNER

MARKER = "MARKER_alpha_secret_7731"
SOURCE = f"import backtrader as bt\n\n\nclass Secret(bt.Strategy):  # {MARKER} 独门策略\n    def next(self):\n        pass\n"


def open_store(root: Path, keys: Keys, clock: FixedClock | None = None) -> Services:
    return build_services(
        DataFolder(root),
        keys,
        bus=LocalBus(),
        clock=clock or FixedClock(NOW),
        owner="test",
        wake=lambda _job_id: None,
        is_throw_away=True,
    )


def submit(services: Services, source: str = SOURCE, file_name: str = f"{MARKER}.py") -> str:
    request = BacktestRequest(source, file_name, ("600000.SH",), date(2023, 12, 27), date(2024, 1, 3), Decimal(100_000))
    return services.backtesting.submit(request, OWNER).id


def finish(services: Services, backtest_id: str, value: float = 123456.78, log: str = MARKER) -> dict[str, Any]:
    """Give a backtest a result and return its document."""
    document: dict[str, Any] = {
        "status": "ok",
        "final_value": value,
        "statistics": {"total_return_pct": 1.5, "max_drawdown_pct": -0.25, "sharpe": None},
        "warnings": [],
        "trades": [{"symbol": MARKER, "price": 10.07, "size": -300}],
    }
    report = {"differences": [], "is_demo": False, "log": [log]}
    with services.sessions.begin() as session:
        backtests.write_result(session, FieldCipher(services.keys.fields), backtest_id, BacktestResult(document, report))
    return document

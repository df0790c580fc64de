"""The throw-away store of ``--demo``: made, filled with the demo market, and given one finished sample backtest."""

from __future__ import annotations

import json
import sys
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any

from quantbox.app.commands import finish_job
from quantbox.app.services import Services
from quantbox.app.store_access import ignore_progress, open_services_here
from quantbox.backtesting.models import BacktestRequest
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock
from quantbox.core.text import Language
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.vault.service import create

__all__ = ["main", "run_sample_backtest"]

SAMPLE = "sma_cross.py"
SAMPLE_START = date(2019, 1, 1)


def main(folder: DataFolder, language: Language) -> int:
    """Read a pass phrase on stdin, make the store and print `{backtest_id, document}` as JSON."""
    keys = create(folder, sys.stdin.readline().rstrip("\n"))
    with FileLock(folder.lock_file):
        services = open_services_here(folder, keys, is_throw_away=True)
        try:
            loaded = services.market_data.load_demo()
            answer = run_sample_backtest(services, loaded["sample_symbol"], language)
        finally:
            services.close()
    json.dump(answer, sys.stdout, ensure_ascii=False)
    return 0


def run_sample_backtest(services: Services, symbol: str, language: Language) -> dict[str, Any]:
    """Run the sample strategy on one demo stock and return its id and document."""
    end = max(series.last for series in services.market_data.series(symbol))
    request = BacktestRequest(
        source=files("quantbox.backtesting").joinpath("samples", SAMPLE).read_text(encoding="utf-8"),
        file_name=SAMPLE,
        symbols=(symbol,),
        start=SAMPLE_START,
        end=end,
        cash=Decimal(1_000_000),
    )
    job = finish_job(services, services.backtesting.submit(request, OWNER_ACCOUNT).id, ignore_progress)
    return {"backtest_id": job.id, "document": services.backtesting.document(job.id, OWNER_ACCOUNT, language)}

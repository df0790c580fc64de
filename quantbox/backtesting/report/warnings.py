"""What in a run needs the owner's eye beside the engine's own warnings, with symbol and date."""

from __future__ import annotations

from typing import Any

from quantbox.backtesting.report.trading import Trading
from quantbox.core.text import Text

__all__ = ["list_warnings"]

DAYS_MISSING = Text(
    "{symbol} 自 {date} 起有 {count} 个交易日没有行情，也没有停牌记录，当作停牌",
    "{symbol} has no bar on {count} trading days, the first on {date}, and no source calls them suspended; they count as such",
)


def list_warnings(trading: Trading) -> list[dict[str, Any]]:
    """Return what the engine cannot see because it gets bars only: days that should have a bar."""
    return [
        {
            "code": "backtesting.days_missing",
            "symbol": symbol,
            "date": days[0].isoformat(),
            "message": DAYS_MISSING.with_facts(symbol=symbol, date=days[0].isoformat(), count=len(days)).to_json(),
        }
        for symbol, days in trading.missing_days.items()
    ]

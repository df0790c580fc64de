"""What in a run needs the owner's eye, with symbol and date; and how many such points a report has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quantbox.backtesting.report.trading import Trading
from quantbox.core.text import Text

__all__ = ["count_warnings", "list_warnings"]

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


def count_warnings(warnings: Iterable[Mapping[str, Any]], differences: Iterable[Mapping[str, Any]]) -> int:
    """Return how many points may change the conclusion: what the lists and the report call its warnings.

    Many days or symbols of one cause are one point, and so are a warning and the difference that says the same.
    """
    named = {str(warning["code"]).removeprefix("backtesting.") for warning in warnings}
    return len(named | {str(difference["code"]) for difference in differences if difference["severity"] == "warn"})

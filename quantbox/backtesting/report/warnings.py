"""What in a run needs the owner's eye, each with its symbol and, where there is one, its date."""

from __future__ import annotations

from typing import Any

from quantbox.backtesting.report.trading import Trading
from quantbox.core.text import Text

__all__ = ["list_warnings"]


def list_warnings(trading: Trading) -> list[dict[str, Any]]:
    """Return the warnings of the document: what in this run needs the owner's eye, with symbol and date where there is one."""
    held = [
        _warning(
            "backtesting.held_over_ex_date",
            Text(
                "{symbol} 在 {date} 除权除息（昨收 {before} → 参考价 {after}），持仓跨过该日而分红送股尚未入账",
                "{symbol} went ex on {date} (close {before}, reference price {after}) while it was held; "
                "dividends and bonus shares are not booked yet",
            ).with_facts(
                symbol=ex.symbol, date=ex.date.isoformat(), before=f"{ex.previous_close:g}", after=f"{ex.reference_price:g}"
            ),
            ex.symbol,
            ex.date.isoformat(),
        )
        for ex in trading.held_ex_dates
    ]
    unknown = [
        _warning(
            "backtesting.ex_dates_unknown",
            Text(
                "{symbol} 有 {count} 天缺昨收价，无法知道是否除权除息",
                "{symbol} has {count} days without a previous close: ex-dates among them cannot be told",
            ).with_facts(symbol=symbol, count=count),
            symbol,
        )
        for symbol, count in trading.days_without_pre_close.items()
    ]
    missing = [
        _warning(
            "backtesting.days_missing",
            Text(
                "{symbol} 自 {date} 起有 {count} 个交易日没有行情，也没有停牌记录",
                "{symbol} has no bar on {count} trading days, the first on {date}, and no source calls them suspended",
            ).with_facts(symbol=symbol, count=len(days), date=days[0].isoformat()),
            symbol,
            days[0].isoformat(),
        )
        for symbol, days in trading.missing_days.items()
    ]
    return [*held, *unknown, *missing]


def _warning(code: str, message: Text, symbol: str, day: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message.to_json(), "symbol": symbol, **({"date": day} if day else {})}

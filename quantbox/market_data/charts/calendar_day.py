"""The exchange's calendar as a page shows it on one day."""

from __future__ import annotations

from datetime import date
from typing import Any

from quantbox.market_data.errors import CalendarEnded
from quantbox.market_data.service import MarketData

__all__ = ["calendar_today"]


def calendar_today(market_data: MarketData, today: date) -> dict[str, Any]:
    """Return the exchange's calendar as seen on `today`."""
    calendar = market_data.calendar
    try:
        next_session = calendar.next_session(today)
    except CalendarEnded:
        next_session = None
    return {
        "today": today,
        "is_session": calendar.is_session(today),
        "next_session": next_session,
        "end": calendar.end,
        "days_left": calendar.days_left(today),
    }

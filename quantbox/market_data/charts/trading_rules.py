"""The rules of an instrument's next session, as a page shows them beside its price."""

from __future__ import annotations

from datetime import date
from typing import Any

from quantbox.core.clock import market_date
from quantbox.core.money import exact
from quantbox.market_data import rules
from quantbox.market_data.charts.listing import Listed
from quantbox.market_data.errors import CalendarEnded
from quantbox.market_data.models import InstrumentKind
from quantbox.market_data.service import MarketData

__all__ = ["next_limits", "next_lot"]

#: What price limits and lots are shown for.
_TRADED = frozenset({InstrumentKind.STOCK, InstrumentKind.FUND})


def next_limits(market_data: MarketData, listed: Listed) -> dict[str, Any] | None:
    """Return highest and lowest price of the session after the last stored bar; None where they cannot be known.

    The close counts as the previous close, which an ex-date would change.
    """
    session = _next_session(market_data, listed)
    if session is None or listed.close is None or listed.last_date is None:
        return None
    is_st = market_data.bars(listed.symbol, listed.last_date, listed.last_date)["is_st"][-1]
    since_listing = len(market_data.calendar.sessions(listed.listed_on, session)) - 1 if listed.listed_on else None
    upper, lower = rules.limit_prices(
        listed.symbol,
        session,
        exact(listed.close),
        is_st=is_st,
        listed_on=listed.listed_on,
        sessions_since_listing=since_listing,
    )
    return {"upper": upper, "lower": lower}


def next_lot(market_data: MarketData, listed: Listed) -> dict[str, int] | None:
    """Return least number of shares of a buy and the step above it; None for what is not traded in lots."""
    if listed.kind not in _TRADED:
        return None
    lot = rules.lot(listed.symbol, _next_session(market_data, listed) or market_date(market_data.clock.now()))
    return {"minimum": lot.minimum, "step": lot.step}


def _next_session(market_data: MarketData, listed: Listed) -> date | None:
    if listed.kind not in _TRADED or listed.last_date is None:
        return None
    try:
        return market_data.calendar.next_session(listed.last_date)
    except CalendarEnded:
        return None

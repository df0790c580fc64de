"""What the first page shows, gathered from every capability."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from quantbox.app.doctor import examine_today
from quantbox.app.services import Services
from quantbox.core.clock import market_date
from quantbox.core.text import Language
from quantbox.jobs.models import Job, JobState
from quantbox.market_data.charts.calendar_day import calendar_today
from quantbox.market_data.charts.listing import Listed, listing_of
from quantbox.market_data.models import InstrumentKind

__all__ = ["build_overview"]

LATEST_BACKTESTS = 5
SHOWN_INDICES = 6
SHOWN_MOVERS = 5


def build_overview(
    services: Services, account_id: str, language: Language, show_job: Callable[[Job], dict[str, Any]]
) -> dict[str, Any]:
    """Return the overview of one account."""
    listing = listing_of(services.market_data)
    running = services.jobs.list_jobs(account_id, states=[JobState.RUNNING]).items
    waiting = services.jobs.list_jobs(account_id, states=[JobState.QUEUED, JobState.REQUEUED]).items
    return {
        "stored": services.market_data.stored_summary(),
        "latest_backtests": services.backtesting.list_backtests(account_id, limit=LATEST_BACKTESTS).items,
        "jobs": {"running": len(running), "queued": len(services.jobs.waiting())},
        "running_jobs": [show_job(job) for job in reversed(running)],
        "waiting_jobs": [show_job(job) for job in reversed(waiting)],
        "health": examine_today(services.folder, services, language),
        "calendar": calendar_today(services.market_data, market_date(services.clock.now())),
        "indices": [last_price(one) for one in listing.priced(InstrumentKind.INDEX)[:SHOWN_INDICES]],
        "movers": [last_price(one) for one in largest_moves(listing.priced(InstrumentKind.STOCK))],
    }


def largest_moves(listed: list[Listed]) -> list[Listed]:
    """Return the stocks that moved most on the newest stored day, up or down."""
    moved = [one for one in listed if one.change_pct is not None]
    return sorted(moved, key=lambda one: (-abs(one.change_pct or 0), one.symbol))[:SHOWN_MOVERS]


def last_price(listed: Listed) -> dict[str, Any]:
    """Return what a line with the last price shows."""
    fields = asdict(listed)
    shown = ("symbol", "name", "is_demo", "close", "change", "change_pct")
    return {"date": fields["last_date"], **{name: fields[name] for name in shown}}

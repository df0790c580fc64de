"""One reading of a finished run that every part of its report is made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from quantbox.backtesting.inputs import RunInput
from quantbox.backtesting.models import Curve
from quantbox.backtesting.report.holdings import Holdings, compute_holdings
from quantbox.backtesting.report.round_trips import OpenLot, RoundTrip, match_round_trips
from quantbox.brokers.models import Fees, Fill, Side
from quantbox.core.money import exact
from quantbox.market_data.models import InstrumentKind

__all__ = ["Trading"]


@dataclass(frozen=True)
class Trading:
    """What happened in a run, with the input it happened on.

    Attributes
    ----------
    fills : tuple of Fill
        In the order in which they happened.
    equity : Curve
        Value of the account at each close.
    warned : mapping of str to int
        How often the engine gave each warning, by its code.
    """

    run: RunInput
    fills: tuple[Fill, ...]
    equity: Curve
    warned: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def from_document(cls, run: RunInput, document: Mapping[str, Any]) -> Trading:
        """Read the trades, the equity and the warnings of the document the child made."""
        equity = document["equity"]
        return cls(
            run,
            tuple(_read_fill(trade) for trade in document["trades"]),
            Curve(
                tuple(date.fromisoformat(point["date"]) for point in equity),
                tuple(float(point["value"]) for point in equity),
            ),
            Counter(warning["code"] for warning in document["warnings"]),
        )

    @property
    def cash(self) -> float:
        """Return the yuan at the start."""
        return float(self.run.request.cash)

    @property
    def days(self) -> tuple[date, ...]:
        """Return the days on which any symbol has a bar."""
        return self.equity.dates

    @cached_property
    def holdings(self) -> Holdings:
        """Return the shares held at each close."""
        return compute_holdings(self.fills, self.days)

    @cached_property
    def matched(self) -> tuple[list[RoundTrip], list[OpenLot]]:
        """Return the closed round trips and what was still held at the end."""
        return match_round_trips(self.fills)

    @cached_property
    def missing_days(self) -> dict[str, list[date]]:
        """Return the trading days between a symbol's first and last bar that have neither a bar nor a known suspension."""
        missing = {}
        for feed in self.run.feeds:
            known = {*feed.bars["date"].to_list(), *feed.suspended}
            first, last = feed.bars["date"][0], feed.bars["date"][-1]
            days = [day for day in self.run.sessions if first <= day <= last and day not in known]
            if days:
                missing[feed.symbol] = days
        return missing

    @cached_property
    def days_without_pre_close(self) -> dict[str, int]:
        """Return how many days after a symbol's first bar lack a reference price; an index has no ex-dates."""
        counts = {
            feed.symbol: int(feed.bars["pre_close"].slice(1).null_count())
            for feed in self.run.feeds
            if feed.instrument.kind is not InstrumentKind.INDEX
        }
        return {symbol: count for symbol, count in counts.items() if count}


def _read_fill(trade: Mapping[str, Any]) -> Fill:
    return Fill(
        date=date.fromisoformat(trade["date"]),
        symbol=trade["symbol"],
        side=Side(trade["side"]),
        price=exact(trade["price"]),
        size=int(trade["size"]),
        fees=Fees(exact(trade["commission"]), exact(trade["stamp_tax"]), exact(trade["transfer_fee"])),
    )

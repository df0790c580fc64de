"""Puts a report together: the statistics and warnings of the document, and what only the page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from quantbox.backtesting.report.benchmark import build_benchmark
from quantbox.backtesting.report.costs import split_costs
from quantbox.backtesting.report.definitions import STATISTICS
from quantbox.backtesting.report.differences import list_differences
from quantbox.backtesting.report.drawdown import compute_drawdown, list_drawdown_periods
from quantbox.backtesting.report.holdings import compute_exposure
from quantbox.backtesting.report.returns import monthly_returns
from quantbox.backtesting.report.round_trips import OpenLot
from quantbox.backtesting.report.statistics import Statistics, compute_statistics
from quantbox.backtesting.report.trading import Trading
from quantbox.backtesting.report.warnings import list_warnings

__all__ = ["Report", "build_report"]

#: As many drawdowns as a table shows.
DRAWDOWN_ROWS = 5


@dataclass(frozen=True)
class Report:
    """What is added to the child's document, and the report beside it; all ready for JSON."""

    statistics: Statistics
    #: To be added to the engine's own.
    warnings: list[dict[str, Any]]
    sheet: dict[str, Any]


def build_report(trading: Trading) -> Report:
    """Return the statistics, the warnings and the report of a finished run."""
    equity, cash = trading.equity, trading.cash
    trips, open_lots = trading.matched
    closes = {feed.symbol: feed.bars for feed in trading.run.feeds}
    exposure = compute_exposure(trading.holdings, closes, equity)
    benchmark = build_benchmark(trading.run.benchmark, trading.days, cash, is_chosen=trading.run.request.benchmark is not None)
    drawdown = compute_drawdown(equity, cash)
    statistics = compute_statistics(equity, cash, benchmark=benchmark.curve, fills=trading.fills, trips=trips, exposure=exposure)
    sheet = {
        "benchmark": {
            "symbol": benchmark.symbol,
            "name": benchmark.name.to_json(),
            "is_total_return": benchmark.is_total_return,
            "values": benchmark.curve.to_json(),
        },
        "drawdown": drawdown.to_json(),
        "drawdown_periods": [period.to_json() for period in list_drawdown_periods(drawdown)[:DRAWDOWN_ROWS]],
        "monthly": [row.to_json() for row in monthly_returns(equity, cash)],
        "costs": split_costs(trading.fills).to_json(),
        "exposure": exposure.to_json("fraction"),
        "turnover_annual": statistics["turnover_annual"],
        "round_trips": [trip.to_json() for trip in trips],
        "open_positions": [_open_position(lot, closes[lot.symbol]) for lot in open_lots],
        "differences": [difference.to_json() for difference in list_differences(trading)],
        "statistics_meta": [definition.to_json() for definition in STATISTICS],
        "is_demo": trading.run.is_demo,
    }
    return Report(statistics, list_warnings(trading), sheet)


def _open_position(lot: OpenLot, bars: pl.DataFrame) -> Mapping[str, Any]:
    close = float(bars["close"][-1])
    sign = 1 if lot.direction == "long" else -1
    return {
        "symbol": lot.symbol,
        "direction": lot.direction,
        "size": lot.size,
        "entry_date": lot.entry_date.isoformat(),
        "entry_price": float(lot.entry_price),
        "fees": float(lot.fees),
        "close": close,
        "profit": round(sign * (close - float(lot.entry_price)) * lot.size - float(lot.fees), 2),
    }

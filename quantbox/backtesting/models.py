"""The words of a backtest: what was asked, what came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["BacktestRequest", "BacktestResult", "Costs", "Curve", "StrategyVersion", "VersionSaved"]


@dataclass(frozen=True)
class Costs:
    """What the owner's own broker charges; taxes and exchange fees are dated facts and not a choice.

    Attributes
    ----------
    commission_bps : Decimal
        Commission in basis points of the traded amount, both sides (2.5 = 万分之2.5, a usual rate in 2026).
    commission_min_yuan : Decimal
        Least commission of one fill.
    """

    commission_bps: Decimal = Decimal("2.5")
    commission_min_yuan: Decimal = Decimal(5)


@dataclass(frozen=True)
class BacktestRequest:
    """What was asked for; everything a rerun needs but the bars.

    Attributes
    ----------
    source : str
        Text of the strategy file; private.
    file_name : str
        Its name, for messages and the report ("sma_cross.py").
    class_name : str or None
        Which `backtrader.Strategy` of the file; None when it holds just one.
    symbols : tuple of str
        As 600519.SH, in the order of the feeds.
    start, end : date
        Both included.
    cash : Decimal
        Yuan at the start.
    params : dict of str to str
        As written; each takes the type of the parameter's default.
    rules : bool
        True: dated A-share rules and costs. False: stock Backtrader's default broker, no commission.
    benchmark : str or None
        Symbol the equity is compared with; None compares with holding the first symbol.
    """

    source: str
    file_name: str
    symbols: tuple[str, ...]
    start: date
    end: date
    cash: Decimal
    class_name: str | None = None
    params: dict[str, str] = field(default_factory=dict)
    rules: bool = True
    benchmark: str | None = None
    costs: Costs = field(default_factory=Costs)
    seed: int = 0


@dataclass(frozen=True)
class BacktestResult:
    """What the child reports and the store keeps: the command line's document plus what the report shows.

    `document` is the JSON of ``quantbox backtest run``: status, final_value, final_cash, trades, rejected, warnings,
    equity, statistics, fingerprints. `report` holds the rest (benchmark curve, drawdown, monthly returns, cost split,
    exposure, turnover, differences from real trading, log tail).
    """

    document: dict[str, Any]
    report: dict[str, Any]


@dataclass(frozen=True)
class Curve:
    """One value per trading day, days ascending: the account's equity, a benchmark, a drawdown."""

    dates: tuple[date, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.dates) != len(self.values):
            raise ValueError(f"{len(self.dates)} days and {len(self.values)} values")
        if any(later <= earlier for earlier, later in zip(self.dates, self.dates[1:], strict=False)):
            raise ValueError("the days of a curve ascend")

    def to_json(self, name: str = "value") -> list[dict[str, Any]]:
        """Return ``[{"date": "2024-01-02", name: value}, ...]``."""
        return [{"date": day.isoformat(), name: value} for day, value in zip(self.dates, self.values, strict=True)]


@dataclass(frozen=True)
class StrategyVersion:
    """One text of a strategy, saved by submitting it.

    Attributes
    ----------
    content_hash : str
        SHA-256 of the source.
    file_name : str
        What it was called when it was first submitted.
    """

    account_id: str
    content_hash: str
    file_name: str
    source: str = field(repr=False)


class VersionSaved(Protocol):
    """What is told of every strategy that is saved."""

    def __call__(self, session: Session, version: StrategyVersion, /) -> None:
        """Take note in the transaction that saves it; the same version may come again."""
        ...

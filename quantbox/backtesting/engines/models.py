"""What an engine is given and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from quantbox.backtesting.engines.feeds import FeedBars
from quantbox.brokers.models import Commission

__all__ = ["EngineInput", "EngineResult"]


@dataclass(frozen=True)
class EngineInput:
    """One run.

    Attributes
    ----------
    strategy : type
        The `backtrader.Strategy`.
    params : dict of str to object
        Its parameters, typed.
    feeds : tuple of FeedBars
        In the order in which the strategy sees them.
    cash : Decimal
        Yuan at the start.
    rules : bool
        True: the simulated A-share exchange. False: stock Backtrader's default broker, no commission.
    sessions : tuple of date
        Days of trading of the market; a symbol without a bar on one of them was suspended.
    """

    strategy: type
    params: dict[str, Any]
    feeds: tuple[FeedBars, ...]
    cash: Decimal
    rules: bool = True
    sessions: tuple[date, ...] = ()
    commission: Commission = field(default_factory=Commission)
    seed: int = 0


@dataclass
class EngineResult:
    """What happened; yuan as floats, exact to the cent with rules on.

    Attributes
    ----------
    trades : list of dict
        One per fill, in order: date, symbol, side, price, size, commission, stamp_tax, transfer_fee.
    rejected : list of dict
        date, symbol, side, size, rule.
    warnings : list of dict
        code, message {zh, en}, and symbol and date where there is one.
    equity : list of dict
        date, value: at the close, one per day on which any symbol has a bar.
    exposure : list of dict
        date, invested_yuan: holdings at the close.
    """

    final_value: float
    final_cash: float
    trades: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    warnings: list[dict[str, Any]]
    equity: list[dict[str, Any]]
    exposure: list[dict[str, Any]]

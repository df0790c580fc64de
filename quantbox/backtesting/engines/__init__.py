"""Engines that run a plain `backtrader.Strategy`: on stock Backtrader's broker, or on the simulated A-share exchange."""

from quantbox.backtesting.engines.feeds import BarFeed, FeedBars
from quantbox.backtesting.engines.models import EngineInput, EngineResult
from quantbox.backtesting.engines.stock import Engine

__all__ = ["BarFeed", "Engine", "EngineInput", "EngineResult", "FeedBars"]

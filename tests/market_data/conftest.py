"""The demo market, made once: it takes seconds, and is the same every time (test_demo.py holds that)."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest

from quantbox.market_data.sources import demo

_make = demo.make_demo_market


@cache
def made_once(days: tuple[date, ...]) -> demo.DemoMarket:
    """Return the demo market on these days."""
    return _make(days)


@pytest.fixture(autouse=True)
def demo_market_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every service of a test the same demo market."""

    monkeypatch.setattr(demo, "make_demo_market", lambda days: made_once(tuple(days)))

"""Bars for a chart against a hand calculation."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.market_data.charts.chart_bars import ChartPeriod, chart_bars, join_bars
from quantbox.market_data.errors import NoBars
from quantbox.market_data.models import Adjust, Frequency
from quantbox.market_data.service import MarketData

#: Monday 2024-01-29 to Friday 2024-02-02 and Monday 2024-02-05: two weeks, two months.
DAYS = [date(2024, 1, 29), date(2024, 1, 30), date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 2), date(2024, 2, 5)]


@pytest.fixture
def market_data(data_folder: DataFolder, clock: FixedClock) -> MarketData:
    market_data = MarketData(data_folder, clock)
    frame = pl.DataFrame(
        {
            "symbol": ["600519.SH"] * 6,
            "date": DAYS,
            "open": [10.0, 11.0, 12.0, 13.0, 14.0, 15.0],
            "high": [10.5, 11.5, 19.0, 13.5, 14.5, 15.5],
            "low": [9.5, 10.5, 11.5, 5.0, 13.5, 14.5],
            "close": [10.2, 11.2, 12.2, 13.2, 14.2, 15.2],
            "volume": [100, 200, 300, 400, 500, 600],
            "amount": [1000.0, 2000.0, 3000.0, 4000.0, 5000.0, 6000.0],
            "pre_close": [10.0, 10.2, 11.2, 12.2, 13.2, 14.2],
        }
    )
    market_data.write_bars(frame, origin="baostock", adjust=Adjust.NONE)
    return market_data


def bars_of(market_data: MarketData, period: ChartPeriod, limit: int = 100, **period_of: date) -> list[tuple[object, ...]]:
    found = chart_bars(
        market_data,
        "600519",
        period,
        Adjust.NONE,
        start=period_of.get("start"),
        end=period_of.get("end"),
        display=False,
        limit=limit,
    )
    return list(found["bars"])


def test_days_are_as_stored_with_their_day_as_text(market_data: MarketData) -> None:
    bars = bars_of(market_data, ChartPeriod.DAY)
    assert len(bars) == 6
    assert bars[0] == ("2024-01-29", 10.0, 10.5, 9.5, 10.2, 100, 1000.0)


def test_a_week_is_first_open_highest_lowest_last_close_and_sums(market_data: MarketData) -> None:
    # Monday to Friday: open 10.0, high 19.0 (Wednesday), low 5.0 (Thursday), close 14.2, 1500 shares, 15000 yuan
    assert bars_of(market_data, ChartPeriod.WEEK) == [
        ("2024-02-02", 10.0, 19.0, 5.0, 14.2, 1500, 15000.0),
        ("2024-02-05", 15.0, 15.5, 14.5, 15.2, 600, 6000.0),
    ]


def test_a_month_ends_with_its_last_trading_day(market_data: MarketData) -> None:
    assert bars_of(market_data, ChartPeriod.MONTH) == [
        ("2024-01-31", 10.0, 19.0, 9.5, 12.2, 600, 6000.0),
        ("2024-02-05", 13.0, 15.5, 5.0, 15.2, 1500, 15000.0),
    ]


def test_the_last_bars_are_kept_when_there_are_more_than_asked_for(market_data: MarketData) -> None:
    assert [bar[0] for bar in bars_of(market_data, ChartPeriod.DAY, limit=2)] == ["2024-02-02", "2024-02-05"]
    assert [bar[0] for bar in bars_of(market_data, ChartPeriod.DAY, end=DAYS[1])] == ["2024-01-29", "2024-01-30"]


def test_adjusted_bars_name_the_day_on_which_the_factor_is_one(market_data: MarketData) -> None:
    for adjust, base in ((Adjust.QFQ, DAYS[-1]), (Adjust.HFQ, DAYS[0]), (Adjust.NONE, None)):
        found = chart_bars(market_data, "600519.SH", ChartPeriod.DAY, adjust, start=None, end=None, display=False, limit=10)
        assert (found["base_date"], found["factor_known"], found["origin"]) == (base, True, "baostock")


def test_minute_bars_carry_the_end_in_milliseconds_of_shanghai(market_data: MarketData) -> None:
    frame = pl.DataFrame(
        {
            "symbol": ["600519.SH"],
            "date": [date(2024, 2, 5)],
            "time": [datetime(2024, 2, 5, 9, 35)],  # noqa: DTZ001 - the store keeps Shanghai's wall clock
            "open": [15.0],
            "high": [15.1],
            "low": [14.9],
            "close": [15.0],
            "volume": [100],
            "amount": [1500.0],
        }
    )
    market_data.write_bars(frame, origin="tdx_lc5", adjust=Adjust.NONE, frequency=Frequency.MINUTE_5)
    # 2024-02-05 09:35 in Shanghai is 01:35 UTC: 1707096900 s (date -u -d 2024-02-05T01:35 +%s)
    assert bars_of(market_data, ChartPeriod.MINUTE_5)[0][0] == 1707096900000


def test_a_frequency_that_is_not_stored_is_refused(market_data: MarketData) -> None:
    with pytest.raises(NoBars):
        bars_of(market_data, ChartPeriod.MINUTE_1)


def test_joining_nothing_gives_nothing(market_data: MarketData) -> None:
    empty = market_data.bars("600519.SH").clear()
    assert join_bars(empty, "1w").is_empty()

"""Instruments and bars through HTTP."""

from __future__ import annotations

from datetime import date, datetime, time

import polars as pl
import pytest

from quantbox.market_data.models import Adjust, Board, Frequency, Instrument, InstrumentKind
from tests.web.program import Browser, Program, browser, new_program, program, stranger

__all__ = ["browser", "new_program", "program", "stranger"]


@pytest.fixture(autouse=True)
def stored(program: Program) -> None:
    market_data = program.open_services.market_data
    frame = pl.DataFrame(
        {
            "symbol": ["600519.SH"] * 2,
            "date": [date(2024, 1, 2), date(2024, 1, 3)],
            "open": [1715.0, 1681.11],
            "high": [1718.19, 1695.22],
            "low": [1678.1, 1676.33],
            "close": [1685.01, 1694.0],
            "volume": [3215600, 2022700],
            "amount": [5440082500.0, 3411400700.0],
            "pre_close": [1726.0, 1685.01],
            "is_st": [False, False],
        }
    )
    market_data.write_bars(frame, origin="baostock", adjust=Adjust.NONE)
    market_data.instruments.add([Instrument("600519.SH", "贵州茅台", "", InstrumentKind.STOCK, Board.MAIN, date(2001, 8, 27))])


def test_an_instrument_shows_price_series_limits_and_lot(browser: Browser) -> None:
    found = browser.api("/market/instruments/sh600519")
    assert (found["symbol"], found["name"], found["pinyin"]) == ("600519.SH", "贵州茅台", "gzmt")
    assert (found["last_date"], found["close"], found["change"]) == ("2024-01-03", 1694.0, 8.99)
    assert round(found["change_pct"], 2) == 0.53  # as akshare states it for that day
    assert [(one["frequency"], one["rows"], one["origin"]) for one in found["series"]] == [("1d", 2, "baostock")]
    # main board ±10 %: 1694.00 x 1.1 = 1863.40, x 0.9 = 1524.60; 100 shares a lot
    assert {name: float(price) for name, price in found["limits"].items()} == {"upper": 1863.4, "lower": 1524.6}
    assert found["lot"] == {"minimum": 100, "step": 100}


def test_minute_bars_that_reach_further_leave_day_and_limits_with_the_daily_close(browser: Browser, program: Program) -> None:
    prices = {name: [1700.0] for name in ("open", "high", "low", "close")}
    moment = {
        "symbol": ["600519.SH"],
        "date": [date(2024, 2, 1)],
        "time": [datetime.combine(date(2024, 2, 1), time(9, 45))],
        "volume": [100],
    }
    minutes = pl.DataFrame({**moment, **prices})
    program.open_services.market_data.write_bars(minutes, origin="csv", adjust=Adjust.NONE, frequency=Frequency.MINUTE_15)
    found = browser.api("/market/instruments/600519")
    assert (found["last_date"], found["close"]) == ("2024-01-03", 1694.0)
    assert float(found["limits"]["upper"]) == 1863.4
    assert [one["frequency"] for one in found["series"]] == ["15m", "1d"]


def test_instruments_are_found_by_pinyin_and_filtered_by_kind(browser: Browser) -> None:
    assert [one["symbol"] for one in browser.api("/market/instruments", search="gzmt")["items"]] == ["600519.SH"]
    assert browser.api("/market/instruments", search="gzmt", kind="index")["items"] == []


def test_bars_say_what_they_are(browser: Browser) -> None:
    answer = browser.api("/market/bars/600519", adjust="qfq", frequency="1w")
    assert (answer["symbol"], answer["adjust"], answer["frequency"]) == ("600519.SH", "qfq", "1w")
    assert (answer["base_date"], answer["factor_known"], answer["is_demo"]) == ("2024-01-03", True, False)
    assert answer["bars"] == [["2024-01-03", 1715.0, 1718.19, 1676.33, 1694.0, 5238300, 8851483200.0]]


def test_what_is_not_there_or_not_sensible_is_refused_by_name(browser: Browser) -> None:
    for path, status, code in (
        ("/market/bars/600000", 404, "market_data.symbol_unknown"),
        ("/market/bars/nonsense", 400, "market_data.symbol_invalid"),
        ("/market/bars/600519?start=2025-01-01", 404, "market_data.no_bars"),
        ("/market/bars/600519?start=yesterday", 400, "web.request_invalid"),
        ("/market/bars/600519?frequency=2d", 400, "web.request_invalid"),
        ("/market/instruments/600000", 404, "market_data.symbol_unknown"),
        ("/market/instruments?kind=dream", 400, "web.request_invalid"),
    ):
        answer = browser.get("/api/v1" + path)
        assert (answer.status_code, answer.get_json()["code"]) == (status, code), path

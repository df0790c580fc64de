"""What a run is fed with, read from a real bar store."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from quantbox.backtesting.errors import DisplaySeriesRefused
from quantbox.backtesting.inputs import choose_series, load_input
from quantbox.core.clock import SystemClock
from quantbox.core.paths import DataFolder
from quantbox.market_data.errors import NoBars, SymbolUnknown
from quantbox.market_data.models import BAR_SCHEMA, Adjust, Frequency, Instrument, InstrumentKind
from quantbox.market_data.service import MarketData
from tests.backtesting.made_by_hand import DAYS, make_bars, make_request

RAW, SHOWN, BOTH, MINUTES, INDEX = "600000.SH", "000001.SZ", "600036.SH", "000002.SZ", "000300.SH"


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> MarketData:
    """One raw series with a suspended day, one for display, one of both, one of minutes, one index."""
    market = MarketData(DataFolder(tmp_path_factory.mktemp("market")), SystemClock())
    suspended = pl.DataFrame({"symbol": [RAW], "date": [DAYS[2]]}, schema={"symbol": pl.String, "date": pl.Date})
    traded = [day for day in DAYS if day != DAYS[2]]
    market.write_bars(make_bars(RAW, (10, 11, 12, 13), traded), origin="csv", adjust=Adjust.NONE, suspensions=suspended)
    market.write_bars(make_bars(SHOWN, (1, 2, 3, 4, 5)), origin="csv", adjust=Adjust.HFQ, display_only=True)
    market.write_bars(make_bars(BOTH, (10, 10, 10, 10, 10)), origin="csv", adjust=Adjust.NONE)
    market.write_bars(make_bars(BOTH, (1, 1, 1, 1, 1)), origin="csv", adjust=Adjust.QFQ, display_only=True)
    market.write_bars(make_bars(INDEX, (3000, 3001, 3002, 3003, 3004)), origin="csv", adjust=Adjust.NONE)
    timed = make_bars(MINUTES, (10, 10, 10, 10, 10)).with_columns(time=pl.col("date").cast(pl.Datetime("us")).dt.offset_by("10h"))
    market.write_bars(timed, origin="csv", adjust=Adjust.NONE, frequency=Frequency.MINUTE_5)
    market.instruments.add([Instrument(RAW, "浦发银行", "pfyh", InstrumentKind.STOCK, None, listed_on=date(1999, 11, 10))])
    return market


def test_feeds_come_in_the_order_of_the_symbols_with_both_ends(market: MarketData) -> None:
    run = load_input(market, make_request(symbols=(BOTH, RAW), start=DAYS[1], end=DAYS[3]))
    assert [feed.symbol for feed in run.feeds] == [BOTH, RAW]
    assert run.feeds[0].bars["date"].to_list() == list(DAYS[1:4])
    assert run.feeds[1].bars["close"].to_list() == [11.0, 12.0]
    assert run.feeds[1].suspended == (DAYS[2],)
    assert run.sessions == DAYS[1:4]
    assert not run.is_demo


def test_benchmark_is_the_first_symbol_unless_one_is_named(market: MarketData) -> None:
    assert load_input(market, make_request(symbols=(RAW, BOTH))).benchmark.symbol == RAW
    named = load_input(market, make_request(symbols=(RAW,), benchmark=INDEX)).benchmark
    assert (named.symbol, named.bars["close"][0]) == (INDEX, 3000.0)


def test_raw_bars_are_read_where_both_are_stored(market: MarketData) -> None:
    for rules in (True, False):
        assert load_input(market, make_request(symbols=(BOTH,), rules=rules)).feeds[0].bars["close"][0] == 10.0


def test_a_display_series_feeds_a_run_without_rules_only(market: MarketData) -> None:
    with pytest.raises(DisplaySeriesRefused):
        load_input(market, make_request(symbols=(SHOWN,)))
    feed = load_input(market, make_request(symbols=(SHOWN,), rules=False)).feeds[0]
    assert (feed.series.adjust, feed.bars["close"][0]) == (Adjust.HFQ, 1.0)
    # nothing is traded in a benchmark
    assert load_input(market, make_request(symbols=(RAW,), benchmark=SHOWN)).benchmark.symbol == SHOWN


def test_what_is_not_stored_is_named(market: MarketData) -> None:
    with pytest.raises(SymbolUnknown):
        choose_series(market, "600999.SH", make_request(), is_traded=True)
    with pytest.raises(NoBars):
        choose_series(market, MINUTES, make_request(), is_traded=True)
    with pytest.raises(NoBars) as caught:
        choose_series(market, RAW, make_request(start=date(2025, 1, 1), end=date(2025, 2, 1)), is_traded=True)
    assert (caught.value.facts["first"], caught.value.facts["last"]) == ("2024-01-08", "2024-01-12")
    # within first and last, but only on the suspended day
    with pytest.raises(NoBars):
        load_input(market, make_request(symbols=(RAW,), start=DAYS[2], end=DAYS[2]))


def test_child_is_told_everything_in_plain_json_and_arrow(market: MarketData, tmp_path: Path) -> None:
    run = load_input(market, make_request(symbols=(RAW,)))
    header = run.to_header()
    assert (header["kind"], header["request"]["cash"], header["request"]["start"]) == ("backtest", "10000", "2024-01-08")
    assert header["sessions"] == [day.isoformat() for day in DAYS]
    assert header["feeds"] == [
        {
            "symbol": RAW,
            "kind": "stock",
            "adjust": "none",
            "is_display_only": False,
            "listed_on": "1999-11-10",
            "suspended": ["2024-01-10"],
        }
    ]
    read = pl.read_ipc(io.BytesIO(run.feeds[0].to_arrow()))
    assert read.equals(run.feeds[0].bars)
    assert dict(read.schema) == BAR_SCHEMA

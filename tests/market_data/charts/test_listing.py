"""The list of instruments with their last prices."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.market_data.charts.listing import Listing, listing_of
from quantbox.market_data.models import Adjust, Board, Instrument, InstrumentKind
from quantbox.market_data.service import MarketData


@pytest.fixture
def market_data(data_folder: DataFolder, clock: FixedClock) -> MarketData:
    market_data = MarketData(data_folder, clock)
    names = {"600519.SH": "贵州茅台", "600000.SH": "浦发银行", "000001.SZ": "平安银行", "600001.SH": "邯郸钢铁"}
    market_data.instruments.add(Instrument(symbol, name, "", InstrumentKind.STOCK, Board.MAIN) for symbol, name in names.items())
    return market_data


def write(market_data: MarketData, symbol: str, closes: dict[date, float], pre_close: float | None = None) -> None:
    size = len(closes)
    prices = list(closes.values())
    frame = pl.DataFrame(
        {
            "symbol": [symbol] * size,
            "date": list(closes),
            **dict.fromkeys(("open", "high", "low", "close"), prices),
            "volume": [100] * size,
            "amount": [price * 100 for price in prices],
            "pre_close": [None] * (size - 1) + [pre_close],
        },
        schema_overrides={"pre_close": pl.Float64},
    )
    market_data.write_bars(frame, origin="csv", adjust=Adjust.NONE)


def one(listing: Listing, market_data: MarketData, symbol: str) -> tuple[object, ...]:
    listed = listing.get(market_data.instruments.get(symbol))
    return listed.last_date, listed.close, listed.change, listed.change_pct, listed.has_bars


def test_the_change_is_against_the_exchanges_previous_close_where_it_is_known(market_data: MarketData) -> None:
    # an ex-date: last close 20, previous close 19, close 19.95 -> +0.95, 0.95 / 19 = 5 %
    write(market_data, "600519.SH", {date(2024, 1, 2): 20.0, date(2024, 1, 3): 19.95}, pre_close=19.0)
    day, close, change, change_pct, has_bars = one(listing_of(market_data), market_data, "600519.SH")
    assert (day, close, change, has_bars) == (date(2024, 1, 3), 19.95, 0.95, True)
    assert change_pct == pytest.approx(5.0, abs=1e-9)


def test_else_it_is_against_the_last_stored_close(market_data: MarketData) -> None:
    write(market_data, "600519.SH", {date(2024, 1, 2): 20.0, date(2024, 1, 3): 21.0})
    assert one(listing_of(market_data), market_data, "600519.SH")[2:4] == (1.0, 5.0)


def test_a_single_bar_without_previous_close_has_no_change(market_data: MarketData) -> None:
    write(market_data, "600519.SH", {date(2024, 1, 2): 20.0})
    assert one(listing_of(market_data), market_data, "600519.SH") == (date(2024, 1, 2), 20.0, None, None, True)


def test_an_instrument_without_bars_is_listed_without_price(market_data: MarketData) -> None:
    assert one(listing_of(market_data), market_data, "600000.SH") == (None, None, None, None, False)


def test_a_series_that_ended_long_ago_keeps_its_last_price(market_data: MarketData) -> None:
    write(market_data, "600001.SH", {date(2009, 12, 28): 5.0, date(2009, 12, 29): 5.5})
    write(market_data, "600519.SH", {date(2024, 1, 2): 20.0})
    listing = listing_of(market_data)
    assert one(listing, market_data, "600001.SH")[:3] == (date(2009, 12, 29), 5.5, 0.5)
    assert [listed.symbol for listed in listing.priced(InstrumentKind.STOCK)] == ["600519.SH"]


def test_new_bars_are_seen_at_once(market_data: MarketData) -> None:
    listing = listing_of(market_data)
    write(market_data, "600519.SH", {date(2024, 1, 2): 20.0})
    assert one(listing, market_data, "600519.SH")[1] == 20.0
    write(market_data, "600519.SH", {date(2024, 1, 3): 22.0})
    assert one(listing, market_data, "600519.SH")[1:4] == (22.0, 2.0, 10.0)
    assert listing_of(market_data) is listing


def test_pages_follow_each_other_without_gap_or_repeat(market_data: MarketData) -> None:
    listing, symbols, cursor = listing_of(market_data), [], None
    for _ in range(10):
        page = listing.search("", None, cursor=cursor, limit=3)
        symbols += [listed.symbol for listed in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert symbols == ["000001.SZ", "600000.SH", "600001.SH", "600519.SH"]


@pytest.mark.parametrize(("text", "symbol"), [("600519", "600519.SH"), ("茅台", "600519.SH"), ("pfyh", "600000.SH")])
def test_code_name_and_pinyin_find_the_instrument(market_data: MarketData, text: str, symbol: str) -> None:
    assert listing_of(market_data).search(text, None).items[0].symbol == symbol

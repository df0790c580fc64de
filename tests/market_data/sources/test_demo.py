from __future__ import annotations

import hashlib
from datetime import date

import exchange_calendars
import polars as pl
import pytest

from quantbox.core.money import exact
from quantbox.market_data.adjustment import is_factor_known
from quantbox.market_data.models import BAR_SCHEMA, Board, InstrumentKind
from quantbox.market_data.raw_test import find_contradictions
from quantbox.market_data.rules import limit_prices
from quantbox.market_data.sources.demo import DEMO_END, DEMO_START, DemoMarket, make_demo_market
from quantbox.market_data.sources.demo_listings import STOCKS
from quantbox.market_data.symbols import parse_symbol
from tests.market_data.conftest import made_once

SESSIONS = [day.date() for day in exchange_calendars.get_calendar("XSHG").sessions_in_range("2016-10-31", "2026-10-30")]


@pytest.fixture(scope="module")
def demo() -> DemoMarket:
    return made_once(tuple(SESSIONS))


@pytest.fixture(scope="module")
def stocks(demo: DemoMarket) -> pl.DataFrame:
    return demo.bars.filter(pl.col("symbol").is_in([stock.symbol for stock in STOCKS]))


def test_there_are_thirty_instruments_on_every_board_all_flagged(demo: DemoMarket) -> None:
    assert len({one.symbol for one in demo.instruments}) == 30
    assert all(one.is_demo for one in demo.instruments)
    assert {one.board for one in demo.instruments} == {*Board, None}
    kinds = [one.kind for one in demo.instruments]
    assert (kinds.count(InstrumentKind.INDEX), kinds.count(InstrumentKind.FUND), kinds.count(InstrumentKind.STOCK)) == (2, 1, 27)
    assert all(parse_symbol(one.symbol) == one.symbol for one in demo.instruments)
    assert {one.symbol for one in demo.instruments} == set(demo.bars["symbol"].unique())


def test_bars_lie_on_real_sessions_over_ten_years(demo: DemoMarket) -> None:
    assert demo.bars.schema == pl.Schema(BAR_SCHEMA)
    days = demo.bars["date"].unique().sort().to_list()
    assert days == SESSIONS
    assert (days[0], days[-1]) == (DEMO_START, DEMO_END)


def test_the_market_is_the_same_every_time_and_on_every_machine(demo: DemoMarket) -> None:
    again = make_demo_market(SESSIONS)
    assert again.bars.equals(demo.bars)
    assert again.suspensions.equals(demo.suspensions)
    # Integers only, so this is not a matter of the platform; it changes when the market is changed on purpose.
    text = demo.bars.select("symbol", "date", "open", "high", "low", "close", "volume", "amount", "pre_close").write_csv()
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "0d891a8cb50d8492"


def test_every_price_is_on_the_tick_and_within_the_dated_limits(stocks: pl.DataFrame) -> None:
    listed = {stock.symbol: stock.listed_on for stock in STOCKS}
    for bars in stocks.partition_by("symbol"):
        symbol = bars["symbol"][0]
        is_new = listed[symbol] >= DEMO_START
        for session, row in enumerate(bars.iter_rows(named=True)):
            upper, lower = limit_prices(
                symbol,
                row["date"],
                exact(row["pre_close"]),
                is_st=row["is_st"],
                listed_on=listed[symbol],
                sessions_since_listing=session if is_new else None,
            )
            assert upper is None or row["high"] <= float(upper), row
            assert lower is None or row["low"] >= float(lower), row
    for column in ("open", "high", "low", "close", "pre_close"):
        fen = stocks[column] * 100
        assert (fen - fen.round()).abs().max() < 1e-6  # type: ignore[operator]


def test_bars_are_sound(demo: DemoMarket) -> None:
    bars = demo.bars
    assert bars.filter(pl.col("high") < pl.max_horizontal("open", "close")).is_empty()
    assert bars.filter(pl.col("low") > pl.min_horizontal("open", "close")).is_empty()
    assert bars["low"].min() > 0  # type: ignore[operator]
    assert bars["volume"].min() > 0  # type: ignore[operator]
    traded = bars.filter(~pl.col("symbol").str.starts_with("899"))
    assert find_contradictions(traded, tick=0.001).is_empty()
    assert all(is_factor_known(one) for one in bars.partition_by("symbol"))


def test_it_has_what_a_strategy_meets_in_real_data(stocks: pl.DataFrame, demo: DemoMarket) -> None:
    close_before = pl.col("close").shift(1).over("symbol")
    steps = stocks.with_columns((close_before / pl.col("pre_close")).alias("step")).filter(pl.col("step") > 1.001)
    assert steps.filter(pl.col("step") < 1.05).height > 50, "dividends"
    assert steps.filter(pl.col("step") > 1.15).height >= 5, "bonus shares"
    one_price = stocks.filter(pl.col("high") == pl.col("low"))
    assert one_price.filter(pl.col("close") > pl.col("pre_close")).height >= 10, "locked at the upper limit"
    assert one_price.filter(pl.col("close") < pl.col("pre_close")).height >= 10, "locked at the lower limit"
    assert demo.suspensions.height > 50
    risk = stocks.filter("is_st")
    assert risk["symbol"].unique().to_list() == ["009902.SZ"]
    assert risk["date"].min() > date(2021, 5, 6)  # type: ignore[operator]  # suspended on the day it is announced
    assert (risk["close"] / risk["pre_close"] - 1).abs().max() < 0.06  # type: ignore[operator]


def test_a_suspended_day_is_no_bar(demo: DemoMarket) -> None:
    assert demo.suspensions.join(demo.bars, on=["symbol", "date"], how="semi").is_empty()


def test_new_shares_begin_on_their_listing_day(demo: DemoMarket) -> None:
    first = dict(demo.bars.group_by("symbol").agg(pl.col("date").min()).iter_rows())
    for stock in STOCKS:
        assert first[stock.symbol] == max(stock.listed_on, DEMO_START)

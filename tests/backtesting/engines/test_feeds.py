"""Bars of the store as engine and exchange read them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import backtrader as bt
import pandas as pd
import polars as pl
import pytest

from quantbox.backtesting.engines import BarFeed, FeedBars
from quantbox.brokers.models import Listing, SessionBar
from quantbox.market_data.models import BAR_SCHEMA

from .bars import feed_bars, handmade, invented

MON, TUE, WED = date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6)
ROWS = [
    (MON, 10.1, 10.2, 9.8, 10.0, 1000, None, None),
    (TUE, 10.0, 10.3, 9.9, 10.05, 0, 10.0, False),
    (WED, 9.5, 9.6, 9.4, 9.5, 7, 9.55, True),
]


def bars() -> FeedBars:
    (found,) = feed_bars({"600000.SH": handmade(ROWS)})
    return found


def test_a_bar_is_exact_in_decimals() -> None:
    assert bars().session_bar(2, 5) == SessionBar(
        date=WED,
        open=Decimal("9.5"),
        high=Decimal("9.6"),
        low=Decimal("9.4"),
        close=Decimal("9.5"),
        pre_close=Decimal("9.55"),
        is_st=True,
        sessions_since_listing=5,
        has_traded=True,
    )


def test_an_unknown_previous_close_is_the_close_before_where_there_is_one() -> None:
    assert bars().session_bar(0, None).pre_close is None
    (later,) = feed_bars({"600000.SH": handmade([ROWS[0], (*ROWS[1][:6], None, None)])})
    assert later.session_bar(1, None).pre_close == Decimal("10.0")


def test_no_volume_is_no_trade_and_unknown_volume_is() -> None:
    assert not bars().session_bar(1, None).has_traded
    (silent,) = feed_bars({"600000.SH": handmade(ROWS).with_columns(volume=pl.lit(None, pl.Int64))})
    assert silent.session_bar(1, None).has_traded


def test_a_frame_of_the_store_is_taken_sorted_and_without_rows_that_lack_a_price() -> None:
    rows = [
        {"symbol": "600000.SH", "date": WED, "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0},
        {"symbol": "600000.SH", "date": TUE, "open": None, "high": None, "low": None, "close": 1.0},
        {"symbol": "600000.SH", "date": MON, "open": 2.0, "high": 2.0, "low": 2.0, "close": 2.0},
    ]
    taken = FeedBars.from_frame(pl.DataFrame(rows, schema=BAR_SCHEMA), Listing("600000.SH"))
    assert (taken.dates, taken.close, len(taken)) == ([MON, WED], [2.0, 1.0], 2)


@pytest.mark.parametrize("column", ["volume", "pre_close", "is_st"])
def test_a_column_the_source_lacks_is_unknown(column: str) -> None:
    (taken,) = feed_bars({"600000.SH": handmade(ROWS).drop(column)})
    assert getattr(taken, column) == [None, None, None]


def test_the_lines_hold_what_a_pandas_feed_holds() -> None:
    frame = invented(2, 60)
    columns = frame.to_dict(as_series=False)
    stock = pd.DataFrame(
        {name: columns[name] for name in ("open", "high", "low", "close", "volume")}, index=pd.DatetimeIndex(columns["date"])
    )
    seen: list[list[float]] = []

    class Reader(bt.Strategy):
        def start(self) -> None:
            for data in self.datas:
                assert len(data) == 0
                seen.extend(list(line.array) for line in data.lines)

    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(BarFeed(bars=feed_bars({"600000.SH": frame})[0]))
    cerebro.adddata(bt.feeds.PandasData(dataname=stock))
    cerebro.addstrategy(Reader)
    cerebro.run()
    ours, theirs = seen[: len(seen) // 2], seen[len(seen) // 2 :]
    assert [list(map(repr, line)) for line in ours] == [list(map(repr, line)) for line in theirs]  # repr: nan equals nan


def test_a_strategy_that_asks_for_bar_by_bar_running_sees_the_same() -> None:
    closes: list[float] = []

    class Candles(bt.Strategy):
        def __init__(self) -> None:
            self.heikin = bt.ind.HeikinAshi(self.data)  # turns vector mode off

        def next(self) -> None:
            closes.append(self.data.close[0])

    frame = invented(2, 60)
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(BarFeed(bars=feed_bars({"600000.SH": frame})[0]))
    cerebro.addstrategy(Candles)
    cerebro.run()
    assert closes == frame["close"].to_list()[-len(closes) :]
    assert len(closes) >= 58

"""The benchmark curve against values worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from quantbox.backtesting.report.benchmark import build_benchmark
from quantbox.market_data.models import Adjust, InstrumentKind
from tests.backtesting.made_by_hand import DAYS, make_feed


def test_dividends_are_reinvested_by_the_exchanges_reference_price() -> None:
    # 10 → 11 (+10 %), then a dividend of 1: reference 10, close 10 (0 %), then 12 (+20 %), 12 (0 %)
    feed = make_feed(closes=(10, 11, 10, 12, 12), pre_close=[10.0, 10.0, 10.0, 10.0, 12.0])
    benchmark = build_benchmark(feed, DAYS, 10_000.0, is_chosen=False)
    assert benchmark.curve.values == pytest.approx((10_000, 11_000, 11_000, 13_200, 13_200))
    assert benchmark.is_total_return
    assert benchmark.name.in_language("zh") == "买入持有 浦发银行 600000.SH（后复权，含分红再投）"


def test_without_reference_prices_the_curve_follows_closes_and_says_so() -> None:
    feed = make_feed(closes=(10, 11, 10, 12, 12), pre_close=[10.0, 10.0, None, 10.0, 12.0])
    benchmark = build_benchmark(feed, DAYS, 10_000.0, is_chosen=True)
    assert benchmark.curve.values == pytest.approx((10_000, 11_000, 10_000, 12_000, 12_000))
    assert not benchmark.is_total_return
    assert benchmark.name.in_language("en") == "浦发银行 600000.SH (prices only, without dividends)"


def test_an_index_is_prices_only() -> None:
    feed = make_feed("000300.SH", (3000, 3300, 3300, 3300, 3000), kind=InstrumentKind.INDEX)
    benchmark = build_benchmark(feed, DAYS, 100.0, is_chosen=True)
    assert benchmark.curve.values == pytest.approx((100, 110, 110, 110, 100))
    assert not benchmark.is_total_return


def test_an_adjusted_series_holds_its_dividends_already() -> None:
    feed = make_feed(closes=(10, 11, 12, 13, 14), adjust=Adjust.HFQ, display_only=True, pre_close=[None] * 5)
    benchmark = build_benchmark(feed, DAYS, 10.0, is_chosen=False)
    assert benchmark.curve.values == pytest.approx((10, 11, 12, 13, 14))
    assert benchmark.is_total_return


def test_days_without_a_bar_keep_the_value_and_days_before_the_first_are_cash() -> None:
    feed = make_feed(closes=(10, 20), days=(DAYS[1], DAYS[3]))
    benchmark = build_benchmark(feed, DAYS, 100.0, is_chosen=False)
    assert benchmark.curve.values == pytest.approx((100, 100, 100, 200, 200))


def test_without_a_name_the_symbol_stands_alone() -> None:
    feed = make_feed()
    unnamed = replace(feed, instrument=replace(feed.instrument, name=""))
    label = build_benchmark(unnamed, DAYS, 100.0, is_chosen=False).name
    assert label.in_language("en") == "Buy and hold 600000.SH (adjusted, dividends reinvested)"

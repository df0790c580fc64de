from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.market_data.adjustment import adjust_bars, is_factor_known, with_factor
from quantbox.market_data.models import Adjust
from tests.market_data.baostock import read_raw
from tests.market_data.bars import make_bars


def test_a_cash_dividend_steps_the_factor_by_last_close_over_pre_close() -> None:
    # Day 3 is ex 0.50 yuan: pre_close 9.50 against a last close of 10.00, so the step is 10/9.5 = 1.0526...
    bars = with_factor(make_bars("600519.SH", [9.0, 10.0, 9.6, 9.7], pre_close=[None, 9.0, 9.5, 9.6]))
    assert bars["factor"].to_list() == pytest.approx([1, 1, 10 / 9.5, 10 / 9.5], rel=1e-15)
    assert adjust_bars(bars, Adjust.HFQ)["close"].to_list() == pytest.approx([9, 10, 9.6 * 10 / 9.5, 9.7 * 10 / 9.5], rel=1e-15)
    assert adjust_bars(bars, Adjust.QFQ)["close"].to_list() == pytest.approx([9 * 0.95, 9.5, 9.6, 9.7], rel=1e-15)


def test_ten_for_ten_bonus_shares_halve_the_prices_before() -> None:
    bars = with_factor(make_bars("600519.SH", [20.0, 10.2], pre_close=[None, 10.0]))
    adjusted = adjust_bars(bars, Adjust.QFQ)
    assert adjusted["close"].to_list() == [10.0, 10.2]
    assert adjusted["factor"].to_list() == [0.5, 1.0]
    assert adjusted["volume"].to_list() == [1000, 1000]


def test_the_factor_is_one_on_the_first_day_of_hfq_and_the_last_of_qfq_and_everywhere_without() -> None:
    bars = with_factor(make_bars("600519.SH", [10.0, 8.0, 7.0], pre_close=[None, 9.0, 7.5]))
    assert adjust_bars(bars, Adjust.HFQ)["factor"][0] == 1
    assert adjust_bars(bars, Adjust.QFQ)["factor"][-1] == 1
    assert adjust_bars(bars, Adjust.NONE)["factor"].to_list() == [1, 1, 1]
    assert adjust_bars(bars, Adjust.NONE)["close"].to_list() == [10.0, 8.0, 7.0]


def test_the_same_price_written_by_another_hand_is_no_step() -> None:
    bars = with_factor(make_bars("600519.SH", [10.1, 10.2], pre_close=[None, 10.1 + 1e-9]))
    assert bars["factor"].to_list() == [1, 1]


def test_suspended_days_are_bridged_by_the_last_traded_close() -> None:
    # Last trade at 10.00, then suspended over an ex-date of 1.00 yuan: the pre_close of the first day back is 9.00.
    bars = with_factor(make_bars("600519.SH", [10.0, 9.3], pre_close=[None, 9.0]))
    assert bars["factor"].to_list() == pytest.approx([1, 10 / 9])


def test_an_unknown_pre_close_is_said_and_steps_by_nothing() -> None:
    bars = make_bars("600519.SH", [10.0, 5.0, 5.5], pre_close=[None, None, 5.0])
    assert not is_factor_known(bars)
    assert with_factor(bars)["factor"].to_list() == [1, 1, 1]
    assert is_factor_known(bars.head(1))


def test_an_unknown_adjustment_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="unknown"):
        adjust_bars(with_factor(make_bars("600519.SH", [1.0])), Adjust.UNKNOWN)


days = st.lists(st.tuples(st.integers(100, 50_000), st.integers(100, 50_000)), min_size=2, max_size=40)


@given(days)
def test_adjusted_returns_are_the_true_ones_and_prices_stay_positive(given_days: list[tuple[int, int]]) -> None:
    closes = [close / 100 for close, _ in given_days]
    pre_closes = [None, *(pre / 100 for _, pre in given_days[1:])]
    bars = with_factor(make_bars("600519.SH", closes, pre_close=pre_closes))
    for adjust in (Adjust.QFQ, Adjust.HFQ):
        adjusted = adjust_bars(bars, adjust)["close"]
        assert adjusted.min() > 0
        for day in range(1, len(closes)):
            assert adjusted[day] / adjusted[day - 1] == pytest.approx(closes[day] / pre_closes[day], rel=1e-9)  # type: ignore[operator]
    ratio = adjust_bars(bars, Adjust.HFQ)["close"] / adjust_bars(bars, Adjust.QFQ)["close"]
    assert ratio.max() == pytest.approx(ratio.min(), rel=1e-9)


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("raw", "published", "constant"),
    [
        ("sh.600519.csv", "baostock_qfq_2026/sh600519.csv", 0.94206),
        ("sh.600036.csv", "baostock_qfq_2026/sh600036.csv", 0.90952),
        ("sz.300750.csv", "baostock_qfq_2026/sz300750.csv", 0.96177),
    ],
)
def test_rebuilt_prices_are_the_published_ones_up_to_their_base_date(
    real_data: Path, raw: str, published: str, constant: float
) -> None:
    rebuilt = adjust_bars(with_factor(read_raw(real_data / "baostock_csi300_raw" / raw)), Adjust.QFQ)
    theirs = pl.read_csv(real_data / published).select(pl.col("date").str.to_date(), pl.col("close").alias("theirs"))
    both = rebuilt.join(theirs, on="date", how="inner")
    ratio = both["theirs"] / both["close"]
    assert both.height > 1200
    assert float(ratio.max()) - float(ratio.min()) <= 2e-6  # type: ignore[arg-type]
    assert ratio.mean() == pytest.approx(constant, abs=1e-5)


@pytest.mark.real_data
def test_all_ex_dates_of_the_real_files_are_found(real_data: Path) -> None:
    steps = 0
    for path in sorted((real_data / "baostock_csi300_raw").glob("*.csv")):
        steps += with_factor(read_raw(path)).select((pl.col("factor").diff().abs() > 0).sum()).item()
    assert steps == 272

"""Orders of a plain strategy on the simulated exchange: real days, and what is true whatever is ordered."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import backtrader as bt
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantbox.backtesting.loading import find_strategy, load_module
from quantbox.backtesting.samples import SAMPLES

from .bars import invented, read_baostock, weekdays
from .script import rejected, run, script
from .strategies import KINDS_OF_ORDERS

SYMBOL, OTHER = "600000.SH", "000001.SZ"
SAMPLES_FOLDER = Path(__file__).resolve().parents[3] / "quantbox" / "backtesting" / "samples"

# --- real days -------------------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_600515_could_not_be_bought_while_it_was_locked_up_in_february_2021(real_data: Path) -> None:
    # ST 海航基础: 7.12 (6.78 x 1.05) and 7.48 all day on 2021-02-24 and -25; on the 26th it opened at 7.85 and traded down to 7.11
    bars = read_baostock(real_data, "600515.SH").filter(pl.col("date").is_between(date(2021, 2, 23), date(2021, 3, 2)))
    days = [day.isoformat() for day in bars["date"]]
    result = run(script({day: lambda s: s.buy(size=100) for day in days}), {"600515.SH": bars})
    assert rejected(result)[:3] == [
        ("2021-02-24", "buy", 100, "limit_up"),
        ("2021-02-25", "buy", 100, "limit_up"),
        ("2021-02-26", "buy", 100, "limit_up"),
    ]
    assert {trade["date"] for trade in result.trades} == {"2021-03-01", "2021-03-02"}


@pytest.mark.real_data
def test_600515_could_not_be_sold_for_three_days_in_december_2021(real_data: Path) -> None:
    # one-price boards at 5.58, 5.30, 5.04 (5 % each) after the suspended 2021-12-21
    bars = read_baostock(real_data, "600515.SH").filter(pl.col("date").is_between(date(2021, 12, 15), date(2021, 12, 30)))
    sessions = weekdays(date(2021, 12, 15), 12)
    plan = {"2021-12-16": lambda s: s.buy(size=100)}
    plan |= {f"2021-12-{day}": lambda s: s.close() for day in ("20", "22", "23", "24")}
    result = run(script(plan), {"600515.SH": bars}, sessions=sessions)
    assert rejected(result) == [
        ("2021-12-21", "sell", 100, "suspended"),
        ("2021-12-23", "sell", 100, "limit_down"),
        ("2021-12-24", "sell", 100, "limit_down"),
    ]
    assert [trade["date"] for trade in result.trades] == ["2021-12-17", "2021-12-27"]


@pytest.mark.real_data
def test_000792_was_suspended_from_2020_05_06_on(real_data: Path) -> None:
    bars = read_baostock(real_data, "000792.SZ")
    other = read_baostock(real_data, "000001.SZ")  # traded every session of those years
    plan = {"2020-04-29": lambda s: s.buy(s.datas[0], size=100), "2021-08-06": lambda s: s.buy(s.datas[0], size=100)}
    result = run(script(plan), {"000792.SZ": bars, "000001.SZ": other})
    assert rejected(result) == [("2020-04-30", "buy", 100, "suspended"), ("2021-08-09", "buy", 100, "suspended")]
    assert result.trades == []


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("ordered", "sold", "tax_rate"), [("2023-08-24", "2023-08-25", "0.001"), ("2023-08-25", "2023-08-28", "0.0005")]
)
def test_600519_pays_stamp_tax_by_the_day_of_sale(ordered: str, sold: str, tax_rate: str, real_data: Path) -> None:
    bars = read_baostock(real_data, "600519.SH").filter(pl.col("date").is_between(date(2023, 8, 14), date(2023, 9, 1)))
    plan = {"2023-08-14": lambda s: s.buy(size=100), ordered: lambda s: s.close()}
    result = run(script(plan), {"600519.SH": bars}, cash="1000000")
    sale = result.trades[-1]
    assert (sale["date"], sale["side"]) == (sold, "sell")
    assert sale["stamp_tax"] == float(round(Decimal(str(sale["price"])) * 100 * Decimal(tax_rate), 2))


@pytest.mark.real_data
@pytest.mark.parametrize(("ordered", "rate"), [("2022-04-27", "0.00002"), ("2022-04-28", "0.00001")])
def test_600519_pays_the_transfer_fee_of_the_day(ordered: str, rate: str, real_data: Path) -> None:
    bars = read_baostock(real_data, "600519.SH").filter(pl.col("date").is_between(date(2022, 4, 25), date(2022, 5, 5)))
    result = run(script({ordered: lambda s: s.buy(size=100)}), {"600519.SH": bars}, cash="1000000")
    (trade,) = result.trades
    assert trade["transfer_fee"] == float(round(Decimal(str(trade["price"])) * 100 * Decimal(rate), 2))


@pytest.mark.real_data
@pytest.mark.parametrize("name", SAMPLES)
def test_samples_on_real_bars_agree_with_the_referee(name: str, real_data: Path) -> None:
    strategy = find_strategy(load_module((SAMPLES_FOLDER / name).read_text(encoding="utf-8"), name))
    symbols = ("600515.SH", "000792.SZ", "688009.SH", "300750.SZ")
    result = run(strategy, {symbol: read_baostock(real_data, symbol) for symbol in symbols}, cash="1000000")
    assert len(result.trades) > 10


# --- invariants ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", KINDS_OF_ORDERS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("cash", ["3000", "1000000"])
def test_every_kind_of_order_keeps_the_ledger_true(strategy: type, cash: str) -> None:
    frames = {f"60000{seed}.SH": invented(seed, gaps=True) for seed in range(3)}
    result = run(strategy, frames, cash)
    assert result.trades or cash == "3000"
    assert all(trade["size"] % 100 == 0 for trade in result.trades if trade["side"] == "buy")


_acts = st.dictionaries(
    st.integers(0, 38),
    st.lists(
        st.tuples(
            st.integers(0, 1),  # feed
            st.sampled_from(["buy", "sell", "close"]),
            st.integers(1, 40).map(lambda lots: lots * 50),
            st.sampled_from([bt.Order.Market, bt.Order.Close, bt.Order.Limit, bt.Order.Stop, bt.Order.StopTrail]),
            st.floats(0.93, 1.07),
        ),
        max_size=3,
    ),
    max_size=20,
)


@given(acts=_acts, seed=st.integers(0, 50), cash=st.integers(1, 60000))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_ordered_the_ledger_stays_true(acts: dict[int, list[Any]], seed: int, cash: int) -> None:
    class Random(bt.Strategy):
        def prenext(self) -> None:
            self.next()

        def next(self) -> None:
            for feed, side, size, kind, factor in acts.get(len(self), ()):
                data = self.datas[feed]
                if not len(data):
                    continue
                if side == "close":
                    self.close(data)
                    continue
                price = None if kind in (bt.Order.Market, bt.Order.Close) else data.close[0] * factor
                trail = {"trailpercent": 0.03} if kind == bt.Order.StopTrail else {}
                order = self.buy if side == "buy" else self.sell
                order(data, size=size, exectype=kind, price=price, valid=timedelta(days=9), **trail)

    run(Random, {SYMBOL: invented(seed, 40), OTHER: invented(seed + 1, 40, gaps=True)}, str(cash))

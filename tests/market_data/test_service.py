from __future__ import annotations

import json
import shutil
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.market_data.errors import NoBars, NoSeries, SymbolInvalid, SymbolUnknown
from quantbox.market_data.models import BAR_SCHEMA, Adjust, Frequency
from quantbox.market_data.service import MarketData
from tests.market_data.bars import make_bars

#: Day 3 is ex 0.50 yuan: pre_close 9.50 against a last close of 10.00, step 10/9.5.
CLOSES, PRE_CLOSES = [9.0, 10.0, 9.6, 9.7], [None, 9.0, 9.5, 9.6]
STEP = 10 / 9.5


@pytest.fixture(scope="module")
def seeded_calendar(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("seed")
    moment = datetime.fromisoformat("2026-11-20T15:30:00+08:00")
    assert MarketData(DataFolder(folder), FixedClock(moment)).calendar.end >= date(2026, 12, 31)
    return folder / "market" / "calendar.parquet"


@pytest.fixture
def market(data_folder: DataFolder, clock: FixedClock, seeded_calendar: Path) -> MarketData:
    data_folder.market.mkdir()
    shutil.copy(seeded_calendar, data_folder.market)
    return MarketData(data_folder, clock)


@pytest.fixture
def stocked(market: MarketData) -> MarketData:
    bars = make_bars("600519.SH", CLOSES, pre_close=PRE_CLOSES)
    assert market.write_bars(bars, origin="baostock", adjust=Adjust.NONE) == 4
    return market


# --- bars -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["600519", "sh600519", "600519.SH", "600519.XSHG"])
def test_bars_come_in_the_schema_and_with_their_factor_for_every_spelling(stocked: MarketData, spelling: str) -> None:
    bars = stocked.bars(spelling)
    assert bars.columns == [*BAR_SCHEMA, "factor"]
    assert bars["close"].to_list() == CLOSES
    assert bars["factor"].to_list() == [1.0] * 4


def test_adjusted_bars_stand_on_all_stored_days_whatever_the_period(stocked: MarketData) -> None:
    two = stocked.bars("600519", date(2024, 1, 3), date(2024, 1, 4), adjust=Adjust.HFQ)
    assert two["close"].to_list() == pytest.approx([10.0, 9.6 * STEP])
    one = stocked.bars("600519", date(2024, 1, 3), date(2024, 1, 3), adjust=Adjust.QFQ)
    assert one["close"].to_list() == pytest.approx([9.5])
    assert one["factor"].to_list() == pytest.approx([1 / STEP])


def test_minute_bars_take_the_factor_of_their_day(stocked: MarketData) -> None:
    times = [datetime.fromisoformat("2024-01-03T15:00"), datetime.fromisoformat("2024-01-04T09:45")]
    minutes = make_bars("600519.SH", [10.0, 9.6], date=[date(2024, 1, 3), date(2024, 1, 4)], time=times, pre_close=None)
    stocked.write_bars(minutes, origin="sina", adjust=Adjust.NONE, frequency=Frequency.MINUTE_15)
    adjusted = stocked.bars("600519", adjust=Adjust.QFQ, frequency=Frequency.MINUTE_15)
    assert adjusted["close"].to_list() == pytest.approx([9.5, 9.6])


def test_the_factor_of_minute_bars_is_known_where_that_of_their_days_is(stocked: MarketData) -> None:
    def minutes_on(day: date) -> pl.DataFrame:
        moment = datetime.fromisoformat(f"{day}T15:00")
        return make_bars("600519.SH", [10.0], start=day, time=[moment], pre_close=None)

    def is_known() -> bool:
        (series,) = [one for one in stocked.series("600519") if one.frequency is Frequency.MINUTE_5]
        return series.factor_known

    stocked.write_bars(minutes_on(date(2024, 1, 3)), origin="sina", adjust=Adjust.NONE, frequency=Frequency.MINUTE_5)
    assert is_known()
    stocked.write_bars(minutes_on(date(2024, 1, 8)), origin="sina", adjust=Adjust.NONE, frequency=Frequency.MINUTE_5)
    assert not is_known()  # no daily bar says whether the 8th was an ex-date


def test_an_index_has_nothing_to_adjust(market: MarketData) -> None:
    market.write_bars(make_bars("000300.SH", [3000.0, 3100.0], pre_close=[None, 2999.0]), origin="csv", adjust=Adjust.NONE)
    assert market.bars("sh000300", adjust=Adjust.QFQ)["close"].to_list() == [3000.0, 3100.0]
    assert market.series("sh000300")[0].factor_known


def test_a_symbol_kept_for_display_alone_has_no_bars_to_trade(market: MarketData) -> None:
    market.write_bars(make_bars("600519.SH", [1.0]), origin="em", adjust=Adjust.QFQ, display_only=True)
    with pytest.raises(NoSeries) as caught:
        market.bars("600519")
    assert caught.value.code == "market_data.no_series"
    assert "1d qfq (display)" in caught.value.message("zh")


def test_a_display_series_comes_as_it_is_stored(stocked: MarketData) -> None:
    negative = make_bars("600519.SH", [-1.0, 10.0], pre_close=None)
    stocked.write_bars(negative, origin="eastmoney", adjust=Adjust.QFQ, display_only=True)
    assert stocked.bars("600519", adjust=Adjust.QFQ, display=True)["close"].to_list() == [-1.0, 10.0]
    assert stocked.bars("600519")["close"].to_list() == CLOSES


def test_an_unknown_symbol_an_empty_period_and_nonsense_are_told_apart(stocked: MarketData) -> None:
    with pytest.raises(SymbolUnknown) as unknown:
        stocked.bars("300750")
    assert unknown.value.facts == {"symbol": "300750.SZ"}
    with pytest.raises(NoBars) as empty:
        stocked.bars("600519", date(2025, 1, 1), date(2025, 12, 31))
    assert empty.value.facts["last"] == date(2024, 1, 5)
    assert "2025-01-01" in empty.value.message("zh")
    with pytest.raises(NoSeries) as other:
        stocked.bars("600519", frequency=Frequency.MINUTE_5)
    assert other.value.facts["stored"] == "1d none"
    with pytest.raises(SymbolInvalid):
        stocked.bars("AAPL")


# --- documents --------------------------------------------------------------------------------------------------------


def test_show_names_the_base_day_and_leaves_prices_unrounded(stocked: MarketData) -> None:
    document = stocked.show("600519", Adjust.HFQ, date(2024, 1, 4), date(2024, 1, 4))
    assert json.loads(json.dumps(document)) == document
    assert (document["symbol"], document["adjust"], document["base_date"], document["factor_known"]) == (
        "600519.SH",
        "hfq",
        "2024-01-02",
        True,
    )
    (bar,) = document["bars"]
    assert list(bar) == ["date", "open", "high", "low", "close", "volume", "amount", "pre_close", "factor"]
    assert bar["date"] == "2024-01-04"
    assert bar["close"] == pytest.approx(9.6 * STEP, rel=1e-15)
    assert bar["factor"] == pytest.approx(STEP, rel=1e-15)
    assert bar["volume"] == 1000
    assert stocked.show("600519", Adjust.QFQ)["base_date"] == "2024-01-05"
    assert stocked.show("600519")["base_date"] is None


def test_show_says_when_the_factor_is_not_known(market: MarketData) -> None:
    market.write_bars(make_bars("600000.SH", [10.0, 5.0], pre_close=None), origin="tdx_day", adjust=Adjust.NONE)
    assert market.show("600000", Adjust.QFQ)["factor_known"] is False


def test_check_names_symbol_day_kind_and_evidence(stocked: MarketData) -> None:
    stocked.write_bars(make_bars("000001.SZ", [10.0, 10.1], high=9.0), origin="csv", adjust=Adjust.NONE)
    kinds = {(one["symbol"], one["date"], one["kind"]) for one in stocked.check()["findings"]}
    assert ("000001.SZ", "2024-01-02", "high_below_low") in kinds
    assert not any(symbol == "600519.SH" for symbol, _, _ in kinds)
    assert stocked.check(["600519"]) == {"findings": []}
    with pytest.raises(SymbolUnknown):
        stocked.check(["300750"])


def test_the_summary_counts_what_is_stored(market: MarketData) -> None:
    assert market.stored_summary() == {"symbols": 0, "bars": 0, "first": None, "last": None, "bytes": 0, "is_demo": False}
    market.write_bars(make_bars("600519.SH", CLOSES), origin="csv", adjust=Adjust.NONE)
    summary = market.stored_summary()
    assert summary.pop("bytes") > 0
    assert summary == {"symbols": 1, "bars": 4, "first": date(2024, 1, 2), "last": date(2024, 1, 5), "is_demo": False}


# --- writing ----------------------------------------------------------------------------------------------------------


def test_a_write_makes_its_symbol_known_by_code_and_says_when_it_was(stocked: MarketData, clock: FixedClock) -> None:
    assert [one.symbol for one in stocked.instruments.search("6005")] == ["600519.SH"]
    (series,) = stocked.series("600519")
    assert (series.updated_at, series.origin, series.factor_known, series.is_demo) == (clock.now(), "baostock", True, False)


def test_suspended_days_are_answered_within_the_period(market: MarketData) -> None:
    halts = pl.DataFrame({"symbol": ["600519.SH"] * 2, "date": [date(2024, 1, 9), date(2024, 2, 1)]})
    market.write_bars(make_bars("600519.SH", CLOSES), origin="baostock", adjust=Adjust.NONE, suspensions=halts)
    assert market.suspended("600519") == [date(2024, 1, 9), date(2024, 2, 1)]
    assert market.suspended("600519", date(2024, 1, 10), date(2024, 2, 1)) == [date(2024, 2, 1)]
    assert market.suspended("000001") == []


def test_removing_needs_something_to_remove(stocked: MarketData) -> None:
    assert stocked.remove("600519") == 4
    with pytest.raises(SymbolUnknown):
        stocked.remove("600519")


def test_bars_after_the_calendar_ends_extend_it(market: MarketData) -> None:
    market.write_bars(make_bars("600519.SH", [10.0], start=date(2027, 1, 4)), origin="akshare.eastmoney", adjust=Adjust.NONE)
    assert market.calendar.end == date(2027, 1, 4)


# --- the demo market --------------------------------------------------------------------------------------------------


def test_the_demo_market_is_loaded_once_flagged_and_sound(market: MarketData) -> None:
    stages: list[tuple[float, str]] = []
    loaded = market.load_demo(progress=lambda fraction, stage: stages.append((fraction, stage)))
    assert loaded["symbols"] == 30
    assert stages[-1] == (1.0, "done")
    summary = market.stored_summary()
    assert (summary["symbols"], summary["bars"], summary["is_demo"]) == (30, loaded["bars"], True)
    assert all(series.is_demo and series.factor_known for series in market.series())
    assert market.instruments.search("nxdq")[0].name == "南溪电气"
    assert market.instruments.get(loaded["sample_symbol"]).name == "东岭制造"
    before = {path: path.stat().st_mtime_ns for path in market.folder.market.rglob("*.parquet")}
    assert market.load_demo() == loaded
    assert {path: path.stat().st_mtime_ns for path in market.folder.market.rglob("*.parquet")} == before
    assert market.check() == {"findings": []}
    market.write_bars(make_bars("600519.SH", CLOSES), origin="csv", adjust=Adjust.NONE)
    assert market.stored_summary()["is_demo"] is False


def test_loading_the_demo_market_can_be_cancelled_before_anything_is_stored(market: MarketData) -> None:
    def cancel(_fraction: float, stage: str) -> None:
        if stage == "writing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        market.load_demo(progress=cancel)
    assert market.series() == []

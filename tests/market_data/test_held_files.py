"""A backup reads the bar store as it was at one moment, whole or without what a source can give again."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.market_data.models import Adjust, Frequency
from quantbox.market_data.service import MarketData

CLOCK = FixedClock(datetime(2024, 6, 1, tzinfo=UTC))


def bars(symbol: str, days: list[date], close: float = 10.0) -> pl.DataFrame:
    prices = dict.fromkeys(("open", "high", "low", "close"), close)
    return pl.DataFrame({"symbol": symbol, "date": days, **prices, "volume": 100.0, "amount": 1000.0})


DECEMBER, JANUARY = [date(2023, 12, 28), date(2023, 12, 29)], [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)]


@pytest.fixture
def market(data_folder: DataFolder) -> MarketData:
    """Imported: 600000 in both years. Downloaded: 600519 in 2024 alone, 000001 in 2023. Both: 600036."""
    market = MarketData(data_folder, CLOCK)
    market.write_bars(bars("600000.SH", DECEMBER + JANUARY), origin="csv", adjust=Adjust.NONE)
    market.write_bars(bars("600519.SH", JANUARY), origin="akshare.eastmoney", adjust=Adjust.NONE, is_download=True)
    market.write_bars(bars("000001.SZ", DECEMBER), origin="akshare.eastmoney", adjust=Adjust.NONE, is_download=True)
    market.write_bars(bars("600036.SH", DECEMBER), origin="csv", adjust=Adjust.NONE)
    market.write_bars(bars("600036.SH", JANUARY), origin="akshare.eastmoney", adjust=Adjust.NONE, is_download=True)
    return market


def copy(market: MarketData, folder: Path, *, with_downloads: bool) -> tuple[MarketData, dict[str, int]]:
    with market.hold_files(with_downloads=with_downloads) as held:
        # a writer goes on meanwhile and clears away every file it replaced
        market.write_bars(bars("601398.SH", DECEMBER + JANUARY), origin="csv", adjust=Adjust.NONE)
        for path, size, content in held.files():
            target = folder / "market" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            assert target.write_bytes(content.read()) == size
        counts = {name: getattr(held, name) for name in ("symbols", "bars", "left_out_symbols", "left_out_bars")}
    return MarketData(DataFolder(folder), CLOCK), counts


def test_all_bars_come_along_as_they_were_when_the_copy_began(market: MarketData, tmp_path: Path) -> None:
    copied, counts = copy(market, tmp_path / "copy", with_downloads=True)
    assert counts == {"symbols": 4, "bars": 5 + 3 + 2 + 5, "left_out_symbols": 0, "left_out_bars": 0}
    assert copied.stored_summary()["bars"] == 15
    assert copied.bars("600519.SH")["date"].to_list() == JANUARY
    assert copied.instruments.find("600519.SH") is not None
    assert {one.symbol for one in copied.series()} == {"600000.SH", "600519.SH", "000001.SZ", "600036.SH"}


def test_only_series_of_which_every_bar_was_downloaded_are_left_out(market: MarketData, tmp_path: Path) -> None:
    copied, counts = copy(market, tmp_path / "copy", with_downloads=False)
    assert counts == {"symbols": 2, "bars": 10, "left_out_symbols": 2, "left_out_bars": 5}
    assert {one.symbol for one in copied.series()} == {"600000.SH", "600036.SH"}
    assert copied.bars("600036.SH")["date"].to_list() == DECEMBER + JANUARY


def test_a_store_written_before_this_was_noted_leaves_nothing_out(market: MarketData, tmp_path: Path) -> None:
    path = next((market.folder.market).glob("series.*.parquet"))
    buffer = io.BytesIO()
    pl.read_parquet(path).drop("is_all_downloaded").write_parquet(buffer)
    path.write_bytes(buffer.getvalue())
    _copied, counts = copy(MarketData(market.folder, CLOCK), tmp_path / "copy", with_downloads=False)
    assert counts["left_out_bars"] == 0
    assert counts["bars"] == 15


def test_an_empty_store_gives_no_files(data_folder: DataFolder) -> None:
    with MarketData(data_folder, CLOCK).hold_files() as held:
        assert list(held.files()) == []
        assert held.bars == 0


def test_the_demo_market_can_be_made_again(data_folder: DataFolder) -> None:
    market = MarketData(data_folder, CLOCK)
    market.write_bars(bars("600000.SH", JANUARY), origin="csv", adjust=Adjust.NONE, frequency=Frequency.DAY)
    loaded = market.load_demo()
    with market.hold_files(with_downloads=False) as held:
        assert (held.symbols, held.bars, held.left_out_bars) == (1, 3, loaded["bars"])

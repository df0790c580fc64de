"""Plain tables, real and as a twin made by hand, and files that are none of bars.

The expected figures of real files are read with the csv module alone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest

from quantbox.market_data.models import Adjust, Frequency
from quantbox.market_data.service import MarketData
from tests.market_data.importing.reading import ImportOne, read_csv, stored
from tests.market_data.importing.twins import BARS, table

# --- plain tables ----------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_real_plain_csv_newest_first_with_short_dates(real_data: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = real_data / "cloudquant_bt/sh600000.csv"
    rows = [(datetime.strptime(row["datetime"], "%Y/%m/%d").date().isoformat(), row) for row in read_csv(path)][::-1]  # noqa: DTZ007
    traded = [(day, row) for day, row in rows if float(row["close"]) > 0]
    entry = import_one(path)
    assert (entry["format"], entry["symbols"], entry["rows"]) == ("csv", ["600000.SH"], 5451)
    assert (entry["first"], entry["last"], entry["adjust"]) == ("1999-11-10", "2022-11-03", "unknown")
    assert stored(market_data, "600000.SH", "close", "volume") == [
        (day, float(row["close"]), int(row["volume"])) for day, row in traded
    ]
    assert len(market_data.suspended("600000.SH")) == 118


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "symbol", "rows", "first", "last"),
    [
        ("stockstats/002032.csv", "002032.SZ", 2813, "2004-08-17", "2016-08-17"),
        ("stockstats/987654.csv", "600000.SH", 3659, "1999-11-10", "2015-04-30"),
        ("baostock_qfq_long/sh000300.csv", None, 3993, "2010-01-04", "2026-06-16"),
    ],
)
def test_real_plain_csv(
    name: str, symbol: str | None, rows: int, first: str, last: str, real_data: Path, import_one: ImportOne
) -> None:
    if symbol is not None:
        assert import_one(real_data / name)["refused_code"] == "market_data.symbol_missing"
    entry = import_one(real_data / name, symbol=symbol)
    assert (entry["format"], entry["symbols"], entry["refused"]) == ("csv", [symbol or "000300.SH"], None)
    assert (entry["rows"], entry["first"], entry["last"]) == (rows, first, last)


@pytest.mark.real_data
@pytest.mark.parametrize(("code", "rows", "market"), [("300750", 1944, "SZ"), ("600519", 3987, "SH")])
def test_real_plain_qfq_csv(code: str, rows: int, market: str, real_data: Path, import_one: ImportOne) -> None:
    path = real_data / "baostock_qfq_long" / f"{code}.csv"
    assert import_one(path, symbol=code)["refused_code"] == "market_data.adjusted_content"
    entry = import_one(path, symbol=code, adjust=Adjust.QFQ)
    assert (entry["symbols"], entry["rows"], entry["adjust"]) == ([f"{code}.{market}"], rows, "qfq")


@pytest.mark.real_data
def test_real_hikyuu_tables_of_an_index(real_data: Path, import_one: ImportOne, market_data: MarketData) -> None:
    days = import_one(real_data / "hikyuu/test_day_data.csv", symbol="000001.SH")
    assert (days["format"], days["rows"], days["first"], days["last"]) == ("hikyuu", 100, "2017-03-07", "2017-07-31")
    minutes = import_one(real_data / "hikyuu/test_min_data.csv", symbol="000001.SH")
    assert (minutes["format"], minutes["rows"], minutes["first"], minutes["last"]) == (
        "hikyuu",
        24000,
        "2017-03-03",
        "2017-07-31",
    )
    # baostock: 16,406,423,552 shares and 209,931,206,656 yuan on 2017-03-07.
    first = market_data.bars("000001.SH").row(0, named=True)
    assert first["volume"] == pytest.approx(16_406_423_552, rel=1e-6)
    assert first["amount"] == pytest.approx(209_931_206_656, rel=1e-6)
    bars = market_data.bars("000001.SH", frequency=Frequency.MINUTE_1)
    whole_day = bars.filter(bars["date"] == date(2017, 3, 7))
    assert whole_day["amount"].sum() == pytest.approx(209_931_206_656, rel=1e-6)
    assert whole_day["volume"].null_count() == whole_day.height  # the file's count is no volume
    assert import_one(real_data / "hikyuu/test_day_data.csv")["refused_code"] == "market_data.symbol_missing"


def plain_rows(join: str = ",") -> list[str]:
    return [join.join(map(str, (bar.date, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.amount))) for bar in BARS]


PLAIN = "date,open,high,low,close,volume,amount"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize(
    "header", [PLAIN, "日期,开盘价,最高价,最低价,收盘价,成交量,成交额", "Date, Open, High, Low, Close, Volume, Amount"]
)
def test_plain_twin_in_every_encoding_and_header(
    encoding: str, header: str, tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "sh600010.csv"
    path.write_bytes(table(header, plain_rows(), encoding=encoding))
    entry = import_one(path)
    assert (entry["format"], entry["rows"], entry["refused"], entry["notes"]) == ("csv", 12, None, [])
    assert stored(market_data, "600010.SH", "close", "volume", "amount") == [(b.date, b.close, b.volume, b.amount) for b in BARS]


@pytest.mark.parametrize(
    "write",
    [
        lambda day: day.replace("-", "/").replace("/0", "/"),
        lambda day: day.replace("-", ""),
        lambda day: day.replace("-", "") + ".0",
        lambda day: day + " 0:0:0",
        lambda day: day + " 15:00:00",
        lambda day: day + "T00:00:00",
    ],
)
def test_plain_twin_in_every_way_to_write_a_day(
    write: Callable[[str], str], tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "sh600010.csv"
    rows = [f"{write(bar.date)},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume},{bar.amount}" for bar in BARS]
    path.write_bytes(table(PLAIN, rows))
    assert import_one(path)["quarantined"] == []
    assert [day for day, _ in stored(market_data, "600010.SH", "close")] == [bar.date for bar in BARS]


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_plain_twin_with_another_delimiter(delimiter: str, tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "sh600010.csv"
    path.write_bytes(table(PLAIN.replace(",", delimiter), plain_rows(delimiter)))
    assert (import_one(path)["rows"], import_one(path)["refused"]) == (12, None)


def test_plain_twin_with_several_symbols(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "market.csv"
    rows = [f"{code},{row}" for row in plain_rows() for code in ("sh600010", "000002.XSHE")]
    path.write_bytes(table("code," + PLAIN, rows))
    entry = import_one(path)
    assert (entry["symbols"], entry["rows"], entry["quarantined"]) == (["000002.SZ", "600010.SH"], 24, [])


def test_hikyuu_twin(tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    rows = [
        f"{bar.date.replace('-0', '-')} 0:0:0,{bar.open}00,{bar.high}00,{bar.low}00,{bar.close}00,{bar.amount / 10_000},{bar.volume / 100}"
        for bar in BARS
    ]
    path = tmp_path / "x.csv"
    path.write_bytes(table("date, open, high, low, close, amount, count", rows))
    assert import_one(path, symbol="sh600010")["format"] == "hikyuu"
    assert stored(market_data, "600010.SH", "volume", "amount") == [(bar.date, bar.volume, bar.amount) for bar in BARS]


# --- what is no file of bars -----------------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("pattern", "count", "code"),
    [
        ("fund_nav_ttjj*/*.csv", 21, "market_data.not_importable"),
        ("cloudquant_bt/RB*.csv", 4, "market_data.not_importable"),
        ("cloudquant_bt/SSE50_ETF.csv", 1, "market_data.not_importable"),
        ("reference_rqalpha/*.csv", 1, "market_data.not_importable"),
        ("akshare_em_qfq/stock_list_sh.csv", 1, "market_data.not_importable"),
        ("broker/*.xls", 1, "market_data.not_importable"),
        ("broker/*.xlsx", 1, "market_data.foreign_file"),
        ("hikyuu/*.h5", 3, "market_data.foreign_file"),
        ("hikyuu/stock.db", 1, "market_data.foreign_file"),
        ("upstream/*.json", 7, "market_data.foreign_file"),
        ("upstream/SinaRTData.dat", 1, "market_data.foreign_file"),
        ("jqfactor/VOL5.csv", 1, "market_data.not_bars"),
        ("backtesting_py/GOOG.csv", 1, "market_data.symbol_missing"),
        ("backtrader_datas/*.txt", 4, "market_data.symbol_missing"),
    ],
)
def test_real_file_that_is_no_bars_of_shares_is_refused_with_its_kind(
    pattern: str, count: int, code: str, real_data: Path, market_data: MarketData
) -> None:
    files = sorted(real_data.glob(pattern))
    entries = market_data.import_files(files)["files"]
    assert len(files) == count
    assert {entry["refused_code"] for entry in entries} == {code}
    assert {entry["rows"] for entry in entries} == {0}
    assert market_data.series() == []

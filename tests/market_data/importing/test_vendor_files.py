"""Files of the vendors, real and as a twin made by hand: what is stored of them, in shares and yuan.

The expected figures of real files are read with the csv module alone.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from quantbox.market_data.models import Adjust, Frequency
from quantbox.market_data.service import MarketData
from tests.market_data.importing.reading import ImportOne, read_csv, stored
from tests.market_data.importing.twins import BARS, SUSPENDED, table

# --- akshare and efinance --------------------------------------------------------------------------------------------

# Adjusted in effect, by data-notes.md 20 of 27: the seven others had no dividend in the time they cover.
RAW_IN_EFFECT = {
    "600074": (348, "2018-01-02", "2020-05-26"),
    "600083": (1706, "2018-01-02", "2025-01-16"),
    "600247": (759, "2018-01-02", "2021-02-24"),
    "600401": (55, "2018-01-02", "2019-07-08"),
    "600811": (1685, "2018-01-02", "2025-04-14"),
    "688981": (1337, "2020-07-16", "2026-01-26"),
    "920008": (341, "2024-08-29", "2026-01-26"),
}


@pytest.mark.real_data
def test_twenty_of_the_27_real_qfq_files_are_refused_as_raw(real_data: Path, import_one: ImportOne) -> None:
    files = sorted((real_data / "akshare_em_qfq").glob("[0-9]*.csv"))
    entries = {path.stem: import_one(path) for path in files}
    refused = {code: entry["refused_code"] for code, entry in entries.items() if entry["refused"]}
    assert (len(files), len(refused)) == (27, 20)
    assert set(refused.values()) == {"market_data.adjusted_content", "market_data.negative_prices"}
    # The three files with closes below zero; no price below zero was ever traded.
    negative = {code for code, reason in refused.items() if reason == "market_data.negative_prices"}
    assert negative == {path.stem for path in files if any(float(row["收盘"]) < 0 for row in read_csv(path))}
    taken = {code: (entry["rows"], entry["first"], entry["last"]) for code, entry in entries.items() if not entry["refused"]}
    assert taken == RAW_IN_EFFECT
    assert all(entry["format"] == "akshare" for entry in entries.values())
    assert all("--adjust qfq" in entry["refused"] for entry in entries.values() if entry["refused"])


@pytest.mark.real_data
def test_real_akshare_file_is_stored_in_shares_and_yuan(real_data: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = real_data / "akshare_em_qfq/688981.csv"
    assert import_one(path)["adjust"] == "unknown"  # passing the test proves nothing by itself
    assert stored(market_data, "688981.SH", "open", "high", "low", "close", "volume", "amount") == [
        (
            row["日期"],
            *(float(row[name]) for name in ("开盘", "最高", "最低", "收盘")),
            int(row["成交量"]) * 100,
            float(row["成交额"]),
        )
        for row in read_csv(path)
    ]


@pytest.mark.real_data
def test_real_qfq_files_are_kept_for_display_when_declared(
    real_data: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    files = sorted((real_data / "akshare_em_qfq").glob("[0-9]*.csv"))
    for path in files:
        entry = import_one(path, adjust=Adjust.QFQ)
        assert (entry["refused"], entry["adjust"], entry["display_only"]) == (None, "qfq", True)
        assert entry["rows"] == len(read_csv(path))
    assert {series.is_display_only for series in market_data.series()} == {True}
    assert min(close for _, close in stored(market_data, "601919.SH", "close", display=True)) < 0


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "rows", "first", "code"),
    [
        ("600519", 4994, "2001-08-27", "market_data.negative_prices"),
        ("601728", 218, "2021-08-20", "market_data.adjusted_content"),
    ],
)
def test_real_efinance_file(name: str, rows: int, first: str, code: str, real_data: Path, import_one: ImportOne) -> None:
    path = real_data / "efinance_em_qfq_negative" / f"{name}.csv"
    assert import_one(path)["refused_code"] == code
    entry = import_one(path, adjust=Adjust.QFQ)
    assert (entry["format"], entry["symbols"], entry["rows"]) == ("efinance", [f"{name}.SH"], rows)
    assert (entry["first"], entry["last"]) == (first, "2022-07-18")


AKSHARE_HEADER = "日期,股票代码,开盘,收盘,最高,最低,成交量,成交额,振幅,涨跌幅,涨跌额,换手率"


def akshare_rows() -> list[str]:
    return [
        f"{bar.date},000001,{bar.open},{bar.close},{bar.high},{bar.low},{bar.volume // 100},{bar.amount},1.0,0.5,0.1,0.2"
        for bar in BARS
    ]


def test_akshare_twin_with_bom_keeps_the_zeros_of_its_code(
    tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "any.txt"
    path.write_bytes(table(AKSHARE_HEADER, akshare_rows(), encoding="utf-8-sig"))
    entry = import_one(path)
    assert (entry["format"], entry["symbols"], entry["rows"]) == ("akshare", ["000001.SZ"], 12)
    assert (entry["first"], entry["last"], entry["quarantined"], entry["refused"]) == ("2024-03-01", "2024-03-19", [], None)
    assert stored(market_data, "000001.SZ", "close", "volume") == [(bar.date, bar.close, bar.volume) for bar in BARS]


def test_akshare_twin_whose_code_lost_its_zeros(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(table(AKSHARE_HEADER, [row.replace(",000001,", ",1,") for row in akshare_rows()], encoding="utf-8-sig"))
    assert import_one(path)["symbols"] == ["000001.SZ"]


def test_efinance_twin(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "x"
    path.write_bytes(table("股票名称," + AKSHARE_HEADER, ["平安银行," + row for row in akshare_rows()], encoding="utf-8-sig"))
    entry = import_one(path)
    assert (entry["format"], entry["symbols"], entry["rows"]) == ("efinance", ["000001.SZ"], 12)


def test_akshare_frame_of_nothing_is_refused_not_a_crash(tmp_path: Path, import_one: ImportOne) -> None:
    # A null answer of the upstream gives an empty frame, which pandas writes as one line end.
    path = tmp_path / "sh600000.csv"
    path.write_bytes(b'""\n')
    assert import_one(path)["refused_code"] == "market_data.not_bars"
    path.write_bytes(table(AKSHARE_HEADER, []))
    assert import_one(path)["refused_code"] == "market_data.file_empty"


# --- baostock --------------------------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_all_52_real_baostock_files(real_data: Path, market_data: MarketData) -> None:
    files = sorted((real_data / "baostock_csi300_raw").glob("*.csv"))
    entries = market_data.import_files(files)["files"]
    assert len(entries) == 52
    suspended_days = st_days = 0
    for path, entry in zip(files, entries, strict=True):
        market, code = path.stem.upper().split(".")
        rows = read_csv(path)
        traded = [row for row in rows if row["tradestatus"] == "1"]
        assert (entry["format"], entry["symbols"], entry["adjust"]) == ("baostock", [f"{code}.{market}"], "none")
        assert (entry["rows"], entry["first"], entry["last"]) == (len(traded), traded[0]["date"], traded[-1]["date"])
        assert (entry["quarantined"], entry["refused"]) == ([], None)
        columns = ("open", "high", "low", "close", "volume", "amount", "pre_close", "is_st")
        assert stored(market_data, f"{code}.{market}", *columns) == [
            (
                row["date"],
                *(float(row[name]) for name in ("open", "high", "low", "close")),
                int(row["volume"]),
                float(row["amount"]),
                float(row["preclose"]),
                row["isST"] == "1",
            )
            for row in traded
        ]
        halted = [date.fromisoformat(row["date"]) for row in rows if row["tradestatus"] == "0"]
        assert market_data.suspended(f"{code}.{market}") == halted
        suspended_days += len(halted)
        st_days += sum(row["isST"] == "1" for row in rows)
    assert (suspended_days, st_days) == (376, 789)  # data-notes.md
    assert all(series.factor_known for series in market_data.series())


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "symbol", "bad_lines"),
    [
        ("sh000001", "000001.SH", [380]),  # 1992-06-16: high 1135.61, low 1164.24
        ("sh000300", "000300.SH", []),
        ("sh000905", "000905.SH", []),
        ("sz399001", "399001.SZ", [966, 967, 968, 969, 970]),  # five days of February 1995 without any value
    ],
)
def test_real_baostock_index(
    name: str, symbol: str, bad_lines: list[int], real_data: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = real_data / "index_baostock" / f"{name}.csv"
    rows = [row for line, row in enumerate(read_csv(path), 2) if line not in bad_lines]
    entry = import_one(path)
    assert (entry["format"], entry["symbols"], entry["adjust"], entry["refused"]) == ("baostock", [symbol], "unknown", None)
    assert (entry["rows"], entry["first"], entry["last"]) == (len(rows), rows[0]["date"], "2026-07-31")
    assert sorted({row["line"] for row in entry["quarantined"]}) == bad_lines
    assert stored(market_data, symbol, "close", "volume") == [
        (row["date"], float(row["close"]), int(row["volume"])) for row in rows
    ]


@pytest.mark.real_data
@pytest.mark.parametrize("name", ["sh600036", "sh600519", "sz300750"])
def test_real_baostock_qfq_without_a_flag(name: str, real_data: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = real_data / "baostock_qfq_2026" / f"{name}.csv"
    assert import_one(path)["refused_code"] == "market_data.adjusted_content"
    assert import_one(path, adjust=Adjust.NONE)["refused_code"] == "market_data.raw_contradicted"
    assert market_data.series() == []
    entry = import_one(path, adjust=Adjust.QFQ)
    traded = [row for row in read_csv(path) if float(row["volume"]) > 0]
    assert (entry["rows"], entry["first"], entry["last"]) == (len(traded), traded[0]["date"], "2026-07-31")
    assert (entry["format"], entry["adjust"], entry["display_only"]) == ("baostock", "qfq", True)


BAOSTOCK_HEADER = "volume,code,high,adjustflag,tradestatus,preclose,pctChg,open,close,isST,turn,low,date,amount,time"


def baostock_rows(flag: str = "3") -> list[str]:
    rows = [
        f"{bar.volume},sh.600010,{bar.high},{flag},1,{bar.pre_close},0.1,{bar.open},{bar.close},0,0.2,{bar.low},{bar.date},{bar.amount},{bar.date}"
        for bar in BARS
    ]
    # A suspended day as baostock writes it: the last close throughout, no volume.
    rows.insert(6, f",sh.600010,10.55,{flag},0,10.55,0,10.55,10.55,1,,10.55,{SUSPENDED},0.0,{SUSPENDED}")
    return rows


def test_baostock_twin_in_shuffled_columns(tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(table(BAOSTOCK_HEADER, baostock_rows()))
    entry = import_one(path)
    assert (entry["format"], entry["symbols"], entry["rows"], entry["adjust"]) == ("baostock", ["600010.SH"], 12, "none")
    assert stored(market_data, "600010.SH", "pre_close") == [(bar.date, bar.pre_close) for bar in BARS]
    assert market_data.suspended("600010.SH") == [date.fromisoformat(SUSPENDED)]


@pytest.mark.parametrize(("flag", "name"), [("2", "qfq"), ("1", "hfq")])
def test_baostock_twin_that_declares_itself_adjusted(flag: str, name: str, tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(table(BAOSTOCK_HEADER, baostock_rows(flag)))
    entry = import_one(path)
    assert entry["refused_code"] == "market_data.adjusted_by_declaration"
    assert f"--adjust {name}" in entry["refused"]
    assert import_one(path, adjust=Adjust.NONE)["refused_code"] == "market_data.adjust_contradicted"
    assert import_one(path, adjust=Adjust(name))["adjust"] == name


def test_baostock_minute_twin_has_its_time_in_seventeen_digits(
    tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "bars.csv"
    times = ["0935", "0940", "0945", "0950"]
    rows = [f"2024-03-01,20240301{time}00000,sh.600010,10.0,10.1,9.9,10.0,1000,10000.0,3" for time in times]
    path.write_bytes(table("date,time,code,open,high,low,close,volume,amount,adjustflag", rows))
    assert import_one(path)["rows"] == 4
    bars = market_data.bars("600010.SH", frequency=Frequency.MINUTE_5)
    assert bars["time"].to_list() == [datetime.fromisoformat(f"2024-03-01 09:{minute}") for minute in (35, 40, 45, 50)]


# --- tushare ---------------------------------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize("code", ["600000", "600185", "600233", "600320", "600519"])
def test_real_tushare_file(code: str, real_data: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = real_data / "tushare_raw_2012_2022" / f"{code}.csv"
    rows = read_csv(path)[::-1]  # newest first
    entry = import_one(path)
    assert (entry["format"], entry["symbols"], entry["rows"], entry["quarantined"]) == ("tushare", [f"{code}.SH"], len(rows), [])
    columns = ("close", "pre_close", "volume", "amount")
    for got, row in zip(stored(market_data, f"{code}.SH", *columns), rows, strict=True):
        assert got[0].replace("-", "") == row["trade_date"]
        assert got[1:4] == (float(row["close"]), float(row["pre_close"]), round(float(row["vol"]) * 100))
        assert got[4] == pytest.approx(float(row["amount"]) * 1000, rel=1e-12)


def test_tushare_twin_newest_first(tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    rows = [
        f"{bar.date.replace('-', '')},600010.SH,{bar.open},{bar.high},{bar.low},{bar.close},{bar.pre_close},0,0,{bar.volume / 100},{bar.amount / 1000}"
        for bar in reversed(BARS)
    ]
    path = tmp_path / "x.csv"
    path.write_bytes(table("trade_date,ts_code,open,high,low,close,pre_close,change,pct_chg,vol,amount", rows))
    assert import_one(path)["format"] == "tushare"
    assert stored(market_data, "600010.SH", "volume", "amount") == [(bar.date, bar.volume, bar.amount) for bar in BARS]


# --- netease ---------------------------------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "symbol", "shares_per_unit"),
    # 沪深300 counts in 手 (baostock has 11,671,610,200 shares on 2020-10-16), 创业板指 in shares.
    [("000300.csv", "000300.SH", 100), ("399006.csv", "399006.SZ", 1), ("600489_stock.csv", "600489.SH", 1)],
)
def test_real_netease_file(
    name: str, symbol: str, shares_per_unit: int, real_data: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    rows = read_csv(real_data / "netease_gbk" / name, "gbk")[::-1]
    traded = [row for row in rows if float(row["收盘价"]) > 0]
    entry = import_one(real_data / "netease_gbk" / name)
    assert (entry["format"], entry["symbols"], entry["rows"]) == ("netease", [symbol], len(traded))
    assert (entry["first"], entry["last"], entry["quarantined"]) == (traded[0]["日期"], traded[-1]["日期"], [])
    assert stored(market_data, symbol, "open", "close", "volume") == [
        (row["日期"], float(row["开盘价"]), float(row["收盘价"]), int(float(row["成交量"])) * shares_per_unit) for row in traded
    ]
    assert market_data.suspended(symbol) == [date.fromisoformat(row["日期"]) for row in rows if float(row["收盘价"]) == 0]


NETEASE_HEADER = "日期,股票代码,名称,收盘价,最高价,最低价,开盘价,前收盘,涨跌额,涨跌幅,换手率,成交量,成交金额,总市值,流通市值"


def test_netease_twin_in_gbk_with_none_and_zero_prices(tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    rows = [
        f"{bar.date},'000001,平安银行,{bar.close},{bar.high},{bar.low},{bar.open},{bar.pre_close},0.1,0.1,0.2,{bar.volume},{bar.amount},1,1"
        for bar in BARS
    ]
    rows[0] = rows[0].replace(f",{BARS[0].pre_close},0.1,0.1,", ",None,None,None,")
    rows.insert(6, f"{SUSPENDED},'000001,平安银行,0.0,0.0,0.0,0.0,10.55,None,None,0.0,0,0.0,1,1")
    path = tmp_path / "x.csv"
    path.write_bytes(table(NETEASE_HEADER, rows[::-1], encoding="gbk", line_end="\r\n"))
    entry = import_one(path)
    assert (entry["format"], entry["symbols"], entry["rows"], entry["quarantined"]) == ("netease", ["000001.SZ"], 12, [])
    assert stored(market_data, "000001.SZ", "pre_close")[:2] == [("2024-03-01", None), ("2024-03-04", 10.10)]
    assert market_data.suspended("000001.SZ") == [date.fromisoformat(SUSPENDED)]


def test_netease_twin_of_an_index_is_told_by_its_name(tmp_path: Path, import_one: ImportOne) -> None:
    rows = [f"{bar.date},'000001,上证指数,3000,3010,2990,3005,2999,1,0.1,,{bar.volume},{bar.amount},," for bar in BARS]
    path = tmp_path / "x.csv"
    path.write_bytes(table(NETEASE_HEADER, rows, encoding="gbk"))
    assert import_one(path)["symbols"] == ["000001.SH"]


# --- 通达信 text -------------------------------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize(("name", "rows", "first"), [("601003", 3366, "2007-02-27"), ("601005", 3095, "2007-02-28")])
def test_real_tdx_text(name: str, rows: int, first: str, real_data: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = real_data / "tdx_mootdx" / f"SH#{name}.txt"
    lines = path.read_bytes().decode("gbk").splitlines()[2:-1]
    refused = import_one(path)
    assert (refused["refused_code"], refused["adjust"]) == ("market_data.adjusted_by_declaration", "qfq")
    assert import_one(path, adjust=Adjust.HFQ)["refused_code"] == "market_data.adjust_contradicted"
    entry = import_one(path, adjust=Adjust.QFQ)
    assert (entry["format"], entry["symbols"], entry["rows"]) == ("tdx_text", [f"{name}.SH"], rows)
    assert (entry["first"], entry["last"], entry["quarantined"]) == (first, "2021-09-23", [])
    assert stored(market_data, f"{name}.SH", "close", "volume", display=True) == [
        (cells[0].replace("/", "-"), float(cells[4]), int(cells[5])) for cells in (line.split(",") for line in lines)
    ]


@pytest.mark.real_data
def test_real_tdx_csv_is_qfq_that_falls_below_zero(real_data: Path, import_one: ImportOne) -> None:
    path = real_data / "tdx_mootdx/SH#601003.csv"
    assert import_one(path)["refused_code"] == "market_data.negative_prices"
    entry = import_one(path, adjust=Adjust.QFQ)
    assert (entry["format"], entry["symbols"], entry["rows"], entry["first"]) == ("csv", ["601003.SH"], 3365, "2007-02-28")


def tdx_text(title: str) -> bytes:
    rows = [
        f"{bar.date.replace('-', '/')},{bar.open:.2f},{bar.high:.2f},{bar.low:.2f},{bar.close:.2f},{bar.volume},{bar.amount:.2f}"
        for bar in BARS
    ]
    header = "      日期\t    开盘\t    最高\t    最低\t    收盘\t    成交量\t    成交额"
    return table(title, [header, *rows, "数据来源:通达信"], encoding="gbk")


@pytest.mark.parametrize(("word", "adjust"), [("不复权", "none"), ("", "unknown")])
def test_tdx_text_twin(word: str, adjust: str, tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = tmp_path / "export.txt"
    path.write_bytes(tdx_text(f"600010 包钢股份 日线 {word}"))
    entry = import_one(path)
    assert (entry["format"], entry["symbols"], entry["rows"], entry["adjust"]) == ("tdx_text", ["600010.SH"], 12, adjust)
    assert stored(market_data, "600010.SH", "close", "volume") == [(bar.date, bar.close, bar.volume) for bar in BARS]


def test_tdx_text_twin_of_weeks_is_refused(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "export.txt"
    path.write_bytes(tdx_text("600010 包钢股份 周线 不复权"))
    assert import_one(path)["refused_code"] == "market_data.bar_length_unknown"


def test_tdx_text_of_an_index_takes_the_market_of_the_file_name(
    tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "SH#000016.txt"
    path.write_bytes(tdx_text("000016 上证50 日线"))
    assert import_one(path)["symbols"] == ["000016.SH"]
    assert market_data.bars("000016.SH")["volume"][0] == BARS[0].volume * 100  # an index counts in 手


# --- minutes of sina -------------------------------------------------------------------------------------------------


@pytest.mark.real_data
@pytest.mark.parametrize("code", ["000001", "600000", "600036", "600188", "600276", "600519", "600900", "601318", "601398"])
def test_real_sina_minutes(code: str, real_data: Path, import_one: ImportOne, market_data: MarketData) -> None:
    symbol = f"{code}.SZ" if code == "000001" else f"{code}.SH"
    rows = read_csv(real_data / "minute15_sina" / f"{code}.csv")
    entry = import_one(real_data / "minute15_sina" / f"{code}.csv")
    assert (entry["format"], entry["symbols"], entry["rows"], entry["refused"]) == ("sina_minute", [symbol], 4800, None)
    bars = market_data.bars(symbol, frequency=Frequency.MINUTE_15)
    assert bars["time"].to_list() == [datetime.fromisoformat(row["datetime"]) for row in rows]
    assert bars["volume"].to_list() == [int(float(row["volume"])) for row in rows]


def test_sina_minute_twin_with_lost_zeros(tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    rows = [
        f"{day} {clock},1,{day},{clock},15,10.0,10.1,9.9,10.05,{1000 * at},{10_000.0 * at}"
        for day in ("2024-03-01", "2024-03-04")
        for at, clock in enumerate(("09:45:00", "10:00:00", "10:15:00"), 1)
    ]
    path = tmp_path / "x.csv"
    path.write_bytes(table("datetime,symbol,date,time,period,open,high,low,close,volume,amount", rows))
    entry = import_one(path)
    assert (entry["format"], entry["symbols"], entry["rows"]) == ("sina_minute", ["000001.SZ"], 6)
    assert market_data.bars("000001.SZ", frequency=Frequency.MINUTE_15)["time"][0] == datetime.fromisoformat("2024-03-01 09:45")

"""通达信 binary files: real ones and twins made with struct."""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from quantbox.market_data.models import Frequency
from quantbox.market_data.service import MarketData
from tests.market_data.importing.twins import BARS, Day, day_file, day_record, minute_file

ImportOne = Callable[..., dict[str, Any]]


def records_of(path: Path, form: str) -> list[tuple[Any, ...]]:
    return list(struct.iter_unpack(form, path.read_bytes()))


# rows and last days are those of data-notes.md; the expected values come from struct alone.
@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "symbol", "rows", "first", "last"),
    [
        ("hikyuu/hk_sh600000.day", "600000.SH", 6119, "1999-11-10", "2025-08-05"),
        ("tdx_mootdx/sz000001.day", "000001.SZ", 4995, "2000-02-14", "2021-05-14"),
        ("tdx_mootdx/sh000001.day", "000001.SH", 5156, "2000-02-14", "2021-05-14"),
        # One record (1992-06-16) has its high below its low; baostock has the same day wrong.
        ("hikyuu/hk_sh000001.day", "000001.SH", 8454, "1990-12-19", "2025-08-05"),
    ],
)
def test_real_day_file(
    name: str, symbol: str, rows: int, first: str, last: str, real_data: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    records = [record for record in records_of(real_data / name, "<IIIIIfII") if record[2] >= record[3]]
    entry = import_one(real_data / name)
    assert (entry["refused"], entry["format"], entry["symbols"]) == (None, "tdx_day", [symbol])
    assert (entry["rows"], entry["first"], entry["last"]) == (rows, first, last)
    assert entry["rows"] == len(records)
    shares_per_unit = 100 if symbol == "000001.SH" else 1  # an index counts in 手
    expected = [
        (
            f"{day // 10000}-{day // 100 % 100:02}-{day % 100:02}",
            o / 100,
            h / 100,
            low / 100,
            c / 100,
            volume * shares_per_unit,
            amount,
        )
        for day, o, h, low, c, amount, volume, _ in records
    ]
    bars = market_data.bars(symbol)
    stored = bars.select("date", "open", "high", "low", "close", "volume", "amount").rows()
    assert [(row[0].isoformat(), *row[1:]) for row in stored] == expected


@pytest.mark.real_data
def test_real_index_bar_with_high_below_low_is_set_aside(real_data: Path, import_one: ImportOne) -> None:
    name = real_data / "hikyuu/hk_sh000001.day"
    (bad,) = [number for number, record in enumerate(records_of(name, "<IIIIIfII"), 1) if record[2] < record[3]]
    assert [(row["line"], row["column"]) for row in import_one(name)["quarantined"]] == [(bad, "high")]


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("name", "frequency", "rows", "first", "last"),
    [
        ("sh688001.lc1", Frequency.MINUTE_1, 2880, "2021-04-23", "2021-06-03"),
        ("sh688001.lc5", Frequency.MINUTE_5, 144, "2021-06-01", "2021-06-03"),
    ],
)
def test_real_minute_file(
    name: str,
    frequency: Frequency,
    rows: int,
    first: str,
    last: str,
    real_data: Path,
    import_one: ImportOne,
    market_data: MarketData,
) -> None:
    records = records_of(real_data / "tdx_mootdx" / name, "<HHfffffII")
    entry = import_one(real_data / "tdx_mootdx" / name)
    assert (entry["refused"], entry["format"], entry["symbols"]) == (None, "tdx_minute", ["688001.SH"])
    assert (entry["rows"], entry["first"], entry["last"], entry["quarantined"]) == (rows, first, last, [])
    bars = market_data.bars("688001.SH", frequency=frequency)
    assert bars["volume"].to_list() == [record[7] for record in records]
    assert bars["close"].to_list() == [round(record[5], 2) for record in records]
    day, minute = records[-1][:2]
    end = datetime.fromisoformat(
        f"{day // 2048 + 2004}-{day % 2048 // 100:02}-{day % 2048 % 100:02} {minute // 60:02}:{minute % 60:02}"
    )
    assert bars["time"][-1] == end


def test_day_file_of_a_share_under_any_name(tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = tmp_path / "export.csv"  # the name says nothing of the content
    path.write_bytes(day_file())
    entry = import_one(path, symbol="600010.SH")
    assert (entry["format"], entry["rows"], entry["first"], entry["last"]) == ("tdx_day", 12, "2024-03-01", "2024-03-19")
    bars = market_data.bars("600010.SH")
    assert bars["close"].to_list() == [bar.close for bar in BARS]
    assert bars["volume"].to_list() == [bar.volume for bar in BARS]
    assert bars["pre_close"].null_count() == 12


def test_day_file_of_a_fund_has_three_decimals(tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = tmp_path / "sh510050.day"
    path.write_bytes(day_file([bar.with_(close=bar.close - 0.001) for bar in BARS], scale=1000))
    assert import_one(path)["refused"] is None
    assert market_data.bars("510050.SH")["close"].to_list() == [round(bar.close - 0.001, 3) for bar in BARS]


def test_day_file_of_a_fund_with_two_decimals_contradicts_its_amounts(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "sh510050.day"
    path.write_bytes(day_file(scale=100))
    assert import_one(path)["refused_code"] == "market_data.units_contradicted"


def test_day_file_of_an_index_counts_in_lots(tmp_path: Path, import_one: ImportOne, market_data: MarketData) -> None:
    path = tmp_path / "sh000300.day"
    path.write_bytes(day_file([bar.with_(amount=bar.amount * 100) for bar in BARS]))
    assert import_one(path)["refused"] is None
    assert market_data.bars("000300.SH")["volume"].to_list() == [bar.volume * 100 for bar in BARS]


def test_truncated_record_is_set_aside_and_the_rest_kept(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "sh600000.day"
    path.write_bytes(day_file()[:-5])
    entry = import_one(path)
    assert entry["rows"] == 11
    assert [(row["line"], row["column"], row["code"]) for row in entry["quarantined"]] == [
        (12, "record", "market_data.row_truncated")
    ]


def test_record_with_an_impossible_day_is_set_aside(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "sh600000.day"
    bad = day_record(Day("2024-02-30", 10, 10, 10, 10, 100, 1000.0, 0))
    path.write_bytes(bad + day_file())
    entry = import_one(path)
    assert entry["rows"] == 12
    assert [(row["line"], row["column"]) for row in entry["quarantined"]] == [(1, "date")]


@pytest.mark.parametrize(("step", "frequency"), [(1, Frequency.MINUTE_1), (5, Frequency.MINUTE_5)])
def test_minute_length_is_told_by_the_gaps(
    step: int, frequency: Frequency, tmp_path: Path, import_one: ImportOne, market_data: MarketData
) -> None:
    path = tmp_path / "sh600000.lc1"  # also for five minutes
    path.write_bytes(minute_file([*range(570 + step, 691, step), *range(780 + step, 901, step)]))
    entry = import_one(path)
    assert (entry["format"], entry["rows"]) == ("tdx_minute", 480 // step)
    bars = market_data.bars("600000.SH", frequency=frequency)
    assert bars["time"][0] == datetime.fromisoformat(f"2024-03-01 09:{30 + step}")
    assert bars["close"][0] == 10.01  # float32 10.01 is 10.0100002…


def test_minutes_of_no_stored_length_are_refused(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "sh600000.lc1"
    path.write_bytes(minute_file([577, 584, 591, 598]))
    assert import_one(path)["refused_code"] == "market_data.bar_length_unknown"


def test_day_file_with_float_prices_is_of_another_market(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "sh600000.day"
    path.write_bytes(
        b"".join(struct.pack("<IffffIII", 20240301 + day, 3300.0, 3310.0, 3290.0, 3305.0, 0, 10, 0) for day in range(5))
    )
    assert import_one(path)["refused_code"] == "market_data.not_importable"


def test_old_minute_file_is_refused_by_name(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "sh600000.5"
    number = (2024 - 2004) * 2048 + 301
    path.write_bytes(
        b"".join(struct.pack("<HHIIIIfII", number, 575 + 5 * at, 1000, 1002, 999, 1001, 1e6, 1000, 0) for at in range(5))
    )
    assert import_one(path)["refused_code"] == "market_data.not_importable"

"""What a file is, by content alone."""

from __future__ import annotations

import gzip
import io
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantbox.market_data.importing.sniffing import read_title_line, split_line
from quantbox.market_data.models import Adjust

ImportOne = Callable[..., dict[str, Any]]


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bars.csv", "date,open")
    return buffer.getvalue()


def parquet() -> bytes:
    buffer = io.BytesIO()
    pl.DataFrame({"date": [1]}).write_parquet(buffer)
    return buffer.getvalue()


def sqlite() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("create table bars (date text)")
    content = connection.serialize()
    connection.close()
    return content


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (zipped(), "ZIP"),
        (parquet(), "Parquet"),
        (sqlite(), "SQLite"),
        (gzip.compress(b"date,open", mtime=0), "GZIP"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(64), "OLE"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML"),
        (b"\xef\xbb\xbf  <html>", "HTML"),
        (b'{"rc":100,"data":null}', "JSON"),
        ('var hq_str_sz002074="国轩高科,32.400";'.encode("gbk"), "JavaScript"),
    ],
)
def test_foreign_file_named_csv_is_refused_with_what_it_is(
    content: bytes, kind: str, tmp_path: Path, import_one: ImportOne
) -> None:
    path = tmp_path / "sh600010.csv"
    path.write_bytes(content)
    entry = import_one(path)
    assert entry["refused_code"] == "market_data.foreign_file"
    assert kind in entry["refused"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b" \n\n", "file_empty"),
        (b"\x00\x01\x02\x03" * 100, "not_bars"),
        (b"hello world\n", "not_bars"),
        (b"2024-03-01,10,10.2,9.9,10,1000,10000\n", "header_missing"),
        (b"date,open,high,low,close,volume\n", "file_empty"),
        (b"date,open,close\n2024-03-01,1,1\n", "columns_missing"),
        ("净值日期,单位净值,累计净值\n2024-03-01,1,1\n".encode(), "not_importable"),
        ("证券代码,证券名称,成交日期,成交数量,成交价格\n".encode("gbk"), "not_importable"),
        ('="交收日期"\t="证券代码"\t="成交价格"\n'.encode("gbk"), "not_importable"),
        ("序号,代码,名称,最新价\n".encode(), "not_importable"),
        (b"datetime,open,high,low,close,volume,openinterest\n2024-03-01 21:30:00,1,1,1,1,1,5\n", "not_importable"),
    ],
)
def test_what_is_no_table_of_bars_is_refused(content: bytes, code: str, tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "sh600010.csv"
    path.write_bytes(content)
    assert import_one(path)["refused_code"] == f"market_data.{code}"


def test_open_interest_of_nothing_is_no_future(tmp_path: Path, import_one: ImportOne) -> None:
    path = tmp_path / "sh600010.csv"
    path.write_bytes(b"Date,Open,High,Low,Close,Volume,OpenInterest\n2024-03-01,10,10.2,9.9,10,1000,0\n")
    assert import_one(path)["refused"] is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("601005 重庆钢铁 日线 前复权", ("601005", "重庆钢铁", "日线", Adjust.QFQ)),
        ("000001 平 安 银 行 5分钟线 后复权", ("000001", "平安银行", "5分钟线", Adjust.HFQ)),
        ("000300\t沪深300\t日线\t不复权", ("000300", "沪深300", "日线", Adjust.NONE)),
        ("600000 浦发银行 日线", ("600000", "浦发银行", "日线", None)),
    ],
)
def test_title_line(line: str, expected: tuple[Any, ...]) -> None:
    title = read_title_line(line)
    assert title is not None
    assert (title.code, title.name, title.length, title.adjust) == expected


@pytest.mark.parametrize("line", ["date,open,high", "601005,重庆钢铁,1.0", "", "60100 x 日线"])
def test_other_first_lines_are_no_title(line: str) -> None:
    assert read_title_line(line) is None


def test_cells_lose_their_spaces_and_quotes_and_keep_their_delimiters() -> None:
    assert split_line(' a, "b,c" ,d', ",") == ["a", "b,c", "d"]
    assert split_line("a;b", ";") == ["a", "b"]


def test_cell_longer_than_any_is_one_line_not_a_crash() -> None:
    assert len(split_line('"' + "x" * 200_000, ",")) == 1

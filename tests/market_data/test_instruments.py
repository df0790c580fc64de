from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from quantbox.core.processes import FileLock
from quantbox.market_data.errors import SymbolInvalid, SymbolUnknown
from quantbox.market_data.instruments import Instruments, initials
from quantbox.market_data.models import Board, Instrument, InstrumentKind
from quantbox.market_data.symbols import board_of, kind_of


def instrument(symbol: str, name: str = "", **facts: object) -> Instrument:
    return replace(Instrument(symbol, name, "", kind_of(symbol), board_of(symbol)), **facts)  # type: ignore[arg-type]


@pytest.fixture
def instruments(tmp_path: Path) -> Instruments:
    return Instruments(tmp_path / "instruments.parquet", FileLock(tmp_path / "write.lock"))


@pytest.fixture
def known(instruments: Instruments) -> Instruments:
    instruments.add(
        [
            instrument("600519.SH", "贵州茅台"),
            instrument("600000.SH", "浦发银行"),
            instrument("600132.SH", "重庆啤酒"),
            instrument("000001.SZ", "平安银行"),
            instrument("000001.SH", "上证指数"),
            instrument("600515.SH", "*ST基础"),
            instrument("000002.SZ", "万  科Ａ"),
            instrument("000625.SZ", "长安汽车"),
        ]
    )
    return instruments


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("贵州茅台", ["gzmt"]),
        ("浦发银行", ["pfyh"]),
        ("重庆啤酒", ["cqpj", "zqpj"]),
        ("长安汽车", ["caqc", "zaqc"]),
        ("万  科Ａ", ["wka"]),
        ("*ST基础", ["stjc"]),
        ("", []),
    ],
)
def test_initials_begin_with_the_usual_reading_and_keep_the_others(name: str, expected: list[str]) -> None:
    found = initials(name)
    assert found[:1] == expected[:1]
    assert set(expected) <= set(found)


def test_long_names_keep_one_reading(instruments: Instruments) -> None:
    assert initials("中国长江电力股份") == ["zgcjdlgf"]


@pytest.mark.parametrize(
    ("text", "symbols"),
    [
        ("600519", ["600519.SH"]),
        ("sh600519", ["600519.SH"]),
        ("600519.SH", ["600519.SH"]),
        ("000001", ["000001.SZ", "000001.SH"]),
        ("sh000001", ["000001.SH"]),
        ("gzmt", ["600519.SH"]),
        ("GZ", ["600519.SH"]),
        ("茅台", ["600519.SH"]),
        ("银行", ["000001.SZ", "600000.SH"]),
        ("cqpj", ["600132.SH"]),
        ("zqpj", ["600132.SH"]),
        ("*st", ["600515.SH"]),
        ("st", ["600515.SH"]),
        ("万", ["000002.SZ"]),
        ("万科", []),
        ("zzzz", []),
    ],
)
def test_search_finds_by_code_pinyin_and_name(known: Instruments, text: str, symbols: list[str]) -> None:
    assert [one.symbol for one in known.search(text)] == symbols


def test_codes_come_before_pinyin_and_pinyin_before_names(instruments: Instruments) -> None:
    instruments.add([instrument("600600.SH", "六零银行"), instrument("000600.SZ", "六百"), instrument("300601.SZ", "甲600乙")])
    assert [one.symbol for one in instruments.search("600")] == ["600600.SH", "300601.SZ"]
    assert [one.symbol for one in instruments.search("六")] == ["000600.SZ", "600600.SH"]
    assert [one.symbol for one in instruments.search("l")] == ["000600.SZ", "600600.SH"]


def test_an_empty_search_lists_all_by_symbol_and_kind_and_limit_narrow_it(known: Instruments) -> None:
    assert [one.symbol for one in known.search("", limit=2)] == ["000001.SH", "000001.SZ"]
    assert [one.symbol for one in known.search("", kind=InstrumentKind.INDEX)] == ["000001.SH"]
    assert len(known.search("", limit=None)) == 8


def test_adding_the_same_again_changes_nothing(known: Instruments) -> None:
    before = known._file.path.read_bytes()
    assert known.add([instrument("600519.SH", "贵州茅台")]) == 0
    assert known._file.path.read_bytes() == before


def test_what_a_source_does_not_say_stays_as_it_was_known(known: Instruments) -> None:
    known.add([instrument("600519.SH", "", listed_on=date(2001, 8, 27))])
    found = known.get("600519")
    assert (found.name, found.pinyin, found.listed_on) == ("贵州茅台", "gzmt", date(2001, 8, 27))
    known.add([instrument("600519.SH", "茅台新名")])
    assert (known.get("600519").pinyin, known.get("600519").listed_on) == ("mtxm", date(2001, 8, 27))


def test_a_symbol_without_a_name_is_found_by_its_code(instruments: Instruments) -> None:
    assert instruments.add_nameless(["300750.SZ", "688981.SH"]) == 2
    assert instruments.add_nameless(["300750.SZ"]) == 0
    assert instruments.search("3007")[0] == Instrument("300750.SZ", "", "", InstrumentKind.STOCK, Board.CHINEXT)


def test_demo_instruments_stay_flagged(instruments: Instruments) -> None:
    instruments.add([instrument("009146.SZ", "南溪电气", is_demo=True)])
    assert instruments.search("nxdq")[0].is_demo


def test_an_unknown_symbol_is_refused_and_nonsense_as_nonsense(known: Instruments) -> None:
    assert known.find("300750.SZ") is None
    with pytest.raises(SymbolUnknown) as caught:
        known.get("300750")
    assert caught.value.code == "market_data.symbol_unknown"
    with pytest.raises(SymbolInvalid):
        known.get("nonsense")


def test_another_process_sees_what_was_added(known: Instruments, tmp_path: Path) -> None:
    other = Instruments(tmp_path / "instruments.parquet", FileLock(tmp_path / "write.lock"))
    assert other.find("300750.SZ") is None
    known.add([instrument("300750.SZ", "宁德时代")])
    assert other.search("ndsd")[0].symbol == "300750.SZ"


def test_five_thousand_names_are_told_apart(instruments: Instruments) -> None:
    names = ("贵州茅台", "浦发银行", "重庆啤酒", "平安银行", "长安汽车")
    instruments.add([instrument(f"{600000 + number}.SH", names[number % 5]) for number in range(5000)])
    assert [found.symbol for found in instruments.search("601999")] == ["601999.SH"]
    assert {found.name for found in instruments.search("银行", 5000)} == {"浦发银行", "平安银行"}
    assert {found.name for found in instruments.search("zqpj", 5000)} | {
        found.name for found in instruments.search("cqpj", 5000)
    } == {"重庆啤酒"}

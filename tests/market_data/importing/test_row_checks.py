"""Bad rows: each is set aside with its line, its column and the reason, and the good ones are stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantbox.market_data.importing.row_checks import _longest_rising
from quantbox.market_data.service import MarketData
from tests.market_data.importing.twins import BARS, Day, table

ImportOne = Callable[..., dict[str, Any]]
HEADER = "date,open,high,low,close,volume,amount"


def row(bar: Day) -> str:
    return f"{bar.date},{bar.open},{bar.high},{bar.low},{bar.close},{bar.volume},{bar.amount}"


ROWS = [row(bar) for bar in BARS]  # line 2 to 13


@pytest.fixture
def import_rows(tmp_path: Path, import_one: ImportOne) -> Callable[..., dict[str, Any]]:
    def run(rows: list[str], header: str = HEADER, **options: Any) -> dict[str, Any]:
        path = tmp_path / "sh600010.csv"
        path.write_bytes(table(header, rows))
        return import_one(path, **options)

    return run


def changed(at: int, **changes: object) -> list[str]:
    return [row(bar.with_(**changes)) if place == at else row(bar) for place, bar in enumerate(BARS)]


@pytest.mark.parametrize(
    ("changes", "column", "code"),
    [
        ({"high": 9.0, "low": 11.0}, "high", "high_below_low"),
        ({"high": 10.51}, "high", "high_too_low"),
        ({"low": 10.6}, "low", "low_too_high"),
        ({"close": "abc"}, "close", "not_a_number"),
        ({"close": "1,0"}, "volume", None),
        ({"close": "inf"}, "close", "not_a_number"),
        ({"close": ""}, "close", "no_price"),
        ({"open": 0.0, "low": 0.0}, "open", "price_not_positive"),
        ({"high": 1e9}, "high", "price_absurd"),
        ({"volume": -5}, "volume", "negative"),
        ({"amount": -5.0}, "amount", "negative"),
        ({"volume": 10**18}, "volume", "absurd"),
        ({"date": "2024-02-30"}, "date", "not_a_date"),
        ({"date": "03/08/2024"}, "date", "not_a_date"),
        ({"date": "1985-01-02"}, "date", "before_first_session"),
        ({"date": "2026-11-21"}, "date", "in_the_future"),  # the clock stands on 2026-11-20
        ({"date": "2024-03-08 25:00:00"}, "date", "not_a_time"),
        ({"date": "2024-03-07"}, "date", "duplicate"),
        ({"date": "2024-02-01"}, "date", "out_of_order"),
    ],
)
def test_bad_row_is_set_aside_and_the_others_are_stored(
    changes: dict[str, object], column: str, code: str | None, import_rows: ImportOne, market_data: MarketData
) -> None:
    entry = import_rows(changed(5, **changes))
    assert entry["refused"] is None
    (bad,) = entry["quarantined"]
    assert (bad["line"], bad["column"]) == (7, column) if code else bad["line"] == 7
    assert code is None or bad["code"] == f"market_data.row_{code}"
    assert bad["reason"]
    assert entry["rows"] == 11
    days = [day.isoformat() for day in market_data.bars("600010.SH")["date"]]
    assert days == [bar.date for place, bar in enumerate(BARS) if place != 5]


def test_identical_row_twice_is_set_aside_once(import_rows: ImportOne) -> None:
    entry = import_rows([*ROWS[:4], ROWS[3], *ROWS[4:]])
    assert entry["rows"] == 12
    assert [(bad["line"], bad["code"]) for bad in entry["quarantined"]] == [(6, "market_data.row_duplicate")]
    assert "第 5 行" in entry["quarantined"][0]["reason"]  # the line it repeats, not its own


def test_line_cut_short_names_the_first_missing_column(import_rows: ImportOne) -> None:
    entry = import_rows([*ROWS[:-1], "2024-03-19,10.9,11.2"])
    assert [(bad["line"], bad["column"], bad["code"]) for bad in entry["quarantined"]] == [
        (13, "low", "market_data.row_cells_missing")
    ]


def test_missing_column_refuses_the_file_and_names_it(import_rows: ImportOne) -> None:
    entry = import_rows(["2024-03-01,1,2,1"], header="date,open,high,low")
    assert entry["refused_code"] == "market_data.columns_missing"
    assert "close" in entry["refused"]
    assert "volume" in entry["refused"]


def test_blank_lines_do_not_shift_the_line_numbers(import_rows: ImportOne) -> None:
    rows = changed(5, close="x")
    entry = import_rows([*rows[:2], "", "", *rows[2:]])
    assert [bad["line"] for bad in entry["quarantined"]] == [9]


def test_stray_quote_spoils_one_line_only(import_rows: ImportOne) -> None:
    rows = list(ROWS)
    rows[5] = '"' + rows[5]
    entry = import_rows(rows)
    assert entry["rows"] == 11
    assert [bad["line"] for bad in entry["quarantined"]] == [7]


def test_own_name_of_the_column_is_reported(import_rows: ImportOne) -> None:
    entry = import_rows(changed(5, close="x"), header="日期,开盘,最高,最低,收盘,成交量,成交额元")
    assert entry["quarantined"][0]["column"] == "收盘"


def test_more_than_a_twentieth_of_bad_rows_refuses_the_file(import_rows: ImportOne, market_data: MarketData) -> None:
    days = [f"20{year}-{month:02}-{day:02}" for year in (22, 23) for month in range(1, 13) for day in range(1, 11)]  # 240
    rows = [f"{day},10,10.2,9.9,10,1000,10000" for day in days]
    good = import_rows([*rows[:228], *(line.replace(",10.2,", ",1,") for line in rows[228:])])  # 12 bad of 240 is 5 %
    assert (good["refused"], good["rows"], len(good["quarantined"])) == (None, 228, 12)
    refused = import_rows([*rows[:227], *(line.replace(",10.2,", ",1,") for line in rows[227:])])
    assert (refused["refused_code"], refused["rows"]) == ("market_data.too_many_bad_rows", 0)
    assert len(refused["quarantined"]) == 13


def test_half_bad_short_file_is_refused(import_rows: ImportOne) -> None:
    bad = [line.replace(",10", ",x") for line in ROWS[:7]]
    assert import_rows([*bad, *ROWS[7:]])["refused_code"] == "market_data.too_many_bad_rows"


def test_minute_outside_the_session_is_set_aside(import_rows: ImportOne) -> None:
    clocks = ["09:31", "09:32", "09:33", "12:00", "20:00"]
    rows = [f"2024-03-01 {clock}:00,10,10.1,9.9,10,1000,10000" for clock in clocks]
    assert [(bad["line"], bad["code"]) for bad in import_rows(rows)["quarantined"]] == [(6, "market_data.row_outside_session")]


def test_day_without_trade_is_a_suspension_of_a_share_but_a_bar_of_an_index(tmp_path: Path, import_one: ImportOne) -> None:
    rows = [*ROWS, "2024-03-20,11.15,11.15,11.15,11.15,0,0"]
    for name, count in (("sh600010.csv", 12), ("sh000300.csv", 13)):
        (tmp_path / name).write_bytes(table(HEADER, rows))
        entry = import_one(tmp_path / name)
        assert (entry["rows"], entry["quarantined"]) == (count, [])


@pytest.mark.parametrize(
    ("values", "length"),
    [([], 0), ([1, 2, 3], 3), ([5, 1, 2, 3], 3), ([1, 9, 2, 3, 4], 4), ([3, 2, 1], 1), ([2, 5, 3, 7, 11, 8, 10, 13, 6], 6)],
)
def test_longest_rising_run(values: list[int], length: int) -> None:
    places = _longest_rising(values)
    assert len(places) == length
    assert [values[place] for place in places] == sorted({values[place] for place in places})

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

import pytest

from quantbox.market_data.rules import Lot, lot, sessions, settlement_days, tick

NOW = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("600519.SH", Lot(100, 100)),
        ("000001.SZ", Lot(100, 100)),
        ("300750.SZ", Lot(100, 100)),
        ("688981.SH", Lot(200, 1)),
        ("920002.BJ", Lot(100, 1)),
        ("430047.BJ", Lot(100, 1)),
        ("510050.SH", Lot(100, 100)),
        ("159919.SZ", Lot(100, 100)),
        ("113050.SH", Lot(10, 10)),
        ("123001.SZ", Lot(10, 10)),
    ],
)
def test_lots_by_board(symbol: str, expected: Lot) -> None:
    assert lot(symbol, NOW) == expected


@pytest.mark.parametrize(
    ("symbol", "on", "expected"),
    [
        ("600519.SH", NOW, "0.01"),
        ("600519.SH", date(2005, 1, 4), "0.01"),
        ("920002.BJ", NOW, "0.01"),
        ("510050.SH", NOW, "0.001"),
        ("510050.SH", date(2005, 2, 23), "0.001"),
        ("900901.SH", NOW, "0.001"),
        ("200002.SZ", NOW, "0.01"),
        ("113050.SH", NOW, "0.001"),
        ("000300.SH", NOW, "0.01"),
    ],
)
def test_price_steps(symbol: str, on: date, expected: str) -> None:
    assert tick(symbol, on) == Decimal(expected)


@pytest.mark.parametrize(
    ("symbol", "on", "expected"),
    [
        ("600519.SH", NOW, 1),
        ("600519.SH", date(1995, 1, 3), 1),
        ("600601.SH", date(1994, 12, 30), 0),
        ("920002.BJ", NOW, 1),
        ("510300.SH", NOW, 1),  # stock fund
        ("511880.SH", NOW, 0),  # money fund
        ("518880.SH", NOW, 0),  # gold fund
        ("513100.SH", NOW, 0),  # foreign stocks
        ("513100.SH", date(2015, 1, 16), 1),
        ("511010.SH", date(2014, 1, 2), 1),
        ("113050.SH", NOW, 0),
        ("200002.SZ", NOW, 1),
        ("200002.SZ", date(2000, 1, 4), 0),
    ],
)
def test_settlement(symbol: str, on: date, expected: int) -> None:
    assert settlement_days(symbol, on) == expected


def test_the_closing_call_came_on_its_day() -> None:
    # Shanghai's stocks trade continuously to 15:00 until 2018-08-17; its funds until 2026-07-03.
    before, after = sessions("600519.SH", date(2018, 8, 17)), sessions("600519.SH", date(2018, 8, 20))
    assert before.close_call is None
    assert before.continuous[-1] == (time(13), time(15))
    assert after.close_call == (time(14, 57), time(15))
    assert after.continuous[-1] == (time(13), time(14, 57))
    assert sessions("510050.SH", date(2026, 7, 3)).close_call is None
    assert sessions("510050.SH", date(2026, 7, 6)).close_call == (time(14, 57), time(15))
    assert sessions("000001.SZ", date(2010, 1, 4)).close_call == (time(14, 57), time(15))
    assert sessions("920002.BJ", NOW).open_call == (time(9, 15), time(9, 25))


@pytest.mark.parametrize(
    "symbol",
    ["600519.SH", "000001.SZ", "900901.SH", "200002.SZ", "510050.SH", "159915.SZ", "511880.SH", "518880.SH", "513100.SH",
     "508000.SH", "113050.SH", "123001.SZ", "920002.BJ", "000300.SH", "300750.SZ", "688981.SH"],
)  # fmt: skip
def test_no_day_since_the_opening_is_without_a_rule(symbol: str) -> None:
    for year in range(1991, 2028):
        for on in (date(year, 1, 4), date(year, 7, 6)):
            assert lot(symbol, on).minimum >= 1
            assert tick(symbol, on) > 0
            assert settlement_days(symbol, on) in (0, 1)
            assert sessions(symbol, on).open_call == (time(9, 15), time(9, 25))

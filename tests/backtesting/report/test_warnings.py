"""Warnings name symbol and date."""

from __future__ import annotations

from quantbox.backtesting.report.warnings import count_warnings, list_warnings
from tests.backtesting.made_by_hand import DAYS, make_feed, make_run, make_trading


def test_missing_days_are_named_with_the_first_of_them() -> None:
    feed = make_feed(closes=(10, 10, 10), days=(DAYS[0], DAYS[3], DAYS[4]))
    (warning,) = list_warnings(make_trading(run=make_run(feed)))
    assert (warning["code"], warning["symbol"], warning["date"]) == ("backtesting.days_missing", "600000.SH", "2024-01-09")
    assert "2 个交易日" in warning["message"]["zh"]
    assert "2 trading days" in warning["message"]["en"]


def test_complete_bars_need_no_warning() -> None:
    assert list_warnings(make_trading()) == []


def test_a_cause_counts_once_however_often_it_is_named() -> None:
    warnings = [{"code": "backtesting.ex_date_held"}, {"code": "backtesting.ex_date_held"}, {"code": "backtesting.cash_added"}]
    differences = [
        {"code": "ex_date_held", "severity": "warn"},  # the same as the first two
        {"code": "demo_data", "severity": "warn"},
        {"code": "no_slippage", "severity": "info"},
    ]
    assert count_warnings(warnings, differences) == 3
    assert count_warnings([], differences[2:]) == 0

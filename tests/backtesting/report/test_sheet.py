"""The whole report of a run worked out by hand."""

from __future__ import annotations

import json

import pytest

from quantbox.backtesting.report import build_report
from quantbox.backtesting.report.trading import Trading
from quantbox.brokers.models import Side
from tests.backtesting.made_by_hand import DAYS, make_feed, make_fill, make_run, make_trading

#: What the page reads, by the contract of /backtests/{id}/report.
PAGE_KEYS = {
    "benchmark", "drawdown", "monthly", "costs", "exposure", "turnover_annual", "round_trips", "differences", "statistics_meta",
}  # fmt: skip


def test_report_of_one_round_trip_and_one_open_lot() -> None:
    # 10000 yuan: 500 bought at 10 (5 yuan), 300 sold at 12 (5 yuan), 200 kept at 13
    run = make_run(make_feed(closes=(10, 11, 12, 13, 13)))
    trading = make_trading(
        make_fill(DAYS[0], Side.BUY, "10", 500, "5"),
        make_fill(DAYS[2], Side.SELL, "12", 300, "5"),
        run=run,
        values=(9_995, 10_495, 10_990, 11_190, 11_190),
    )
    report = build_report(trading)
    sheet = report.sheet
    assert sheet.keys() >= PAGE_KEYS
    json.dumps([report.statistics, report.warnings, sheet], allow_nan=False)
    assert report.statistics["total_return_pct"] == pytest.approx(11.9)
    # (12 − 10) × 300 − 3/5 of 5 − 5
    assert [trip["profit"] for trip in sheet["round_trips"]] == [592.0]
    # (13 − 10) × 200 − 2/5 of 5
    assert [(lot["size"], lot["profit"]) for lot in sheet["open_positions"]] == [(200, 598.0)]
    # together with the cash they are the whole gain
    assert 10_000 + 592.0 + 598.0 == 11_190
    assert sheet["costs"]["total"] == 10.0
    assert sheet["exposure"][0] == {"date": "2024-01-08", "fraction": pytest.approx(5_000 / 9_995)}
    assert sheet["exposure"][4]["fraction"] == pytest.approx(200 * 13 / 11_190)
    assert sheet["benchmark"]["values"][-1]["value"] == pytest.approx(13_000)
    assert sheet["drawdown"][0]["value"] == pytest.approx(-0.05)
    assert sheet["monthly"] == [{"year": 2024, "months": [pytest.approx(11.9)] + [None] * 11, "year_pct": pytest.approx(11.9)}]


def test_trading_is_read_from_the_childs_document() -> None:
    document = {
        "trades": [
            {
                "date": "2024-01-09",
                "symbol": "600000.SH",
                "side": "sell",
                "price": 10.23,
                "size": 100,
                "commission": 5.0,
                "stamp_tax": 0.51,
                "transfer_fee": 0.01,
            }
        ],
        "equity": [{"date": "2024-01-08", "value": 10_000.0}, {"date": "2024-01-09", "value": 10_001.5}],
        "warnings": [{"code": "backtesting.ex_date_held"}, {"code": "backtesting.st_unknown"}],
    }
    trading = Trading.from_document(make_run(), document)
    (fill,) = trading.fills
    assert (str(fill.price), fill.side, str(fill.fees.total)) == ("10.23", Side.SELL, "5.52")
    assert trading.equity.values == (10_000.0, 10_001.5)
    assert trading.warned == {"backtesting.ex_date_held": 1, "backtesting.st_unknown": 1}


def test_no_trade_is_a_report_too() -> None:
    report = build_report(make_trading())
    json.dumps([report.statistics, report.sheet], allow_nan=False)
    assert report.sheet["round_trips"] == []
    assert report.statistics["win_rate_pct"] is None

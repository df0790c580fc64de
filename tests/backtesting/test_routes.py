"""Backtests through HTTP; the run itself is done by the job's handler, as the worker does it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from quantbox.market_data.models import Adjust
from tests.web.program import Browser, Program, browser, new_program, program, stranger

__all__ = ["browser", "new_program", "program", "stranger"]

STRATEGY = """
import backtrader as bt


class Hold(bt.Strategy):
    params = (("size", 100),)

    def next(self):
        if not self.position:
            self.buy(size=self.p.size)
"""


@pytest.fixture(autouse=True)
def stored(program: Program) -> None:
    """Twenty weekdays at 10 yuan."""
    days = [day for number in range(28) if (day := date(2024, 1, 8) + timedelta(days=number)).weekday() < 5]
    frame = pl.DataFrame({"symbol": ["600519.SH"] * 20, "date": days}).with_columns(
        *(pl.lit(10.0).alias(name) for name in ("open", "high", "low", "close", "pre_close")),
        pl.lit(1_000_000).alias("volume"),
        pl.lit(10_000_000.0).alias("amount"),
    )
    program.open_services.market_data.write_bars(frame, origin="csv", adjust=Adjust.NONE)


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "source": STRATEGY,
        "file_name": "hold.py",
        "symbols": ["600519"],
        "start": "2024-01-08",
        "end": "2024-02-02",
        "cash": "100000",
        "params": {"size": 200},
        **changes,
    }


def test_samples_come_with_text_titles_and_parameters(browser: Browser) -> None:
    samples = browser.api("/backtests/samples")
    assert samples[0]["file_name"] == "sma_cross.py"
    assert len(samples) == 3
    for one in samples:
        assert f"class {one['class_name']}" in one["source"]
        assert one["title"]["zh"]
        assert one["title"]["en"]
        assert one["params"]


def test_inspecting_reads_classes_and_never_runs_the_file(browser: Browser) -> None:
    trap = "raise SystemExit('it ran')\n" + STRATEGY
    assert browser.post("/backtests/inspect", {"source": trap}).get_json() == {
        "classes": [{"name": "Hold", "params": [{"name": "size", "default": 100, "type": "int"}]}],
        "error": None,
    }
    broken = browser.post("/backtests/inspect", {"source": "class A(:\n"}).get_json()
    assert (broken["classes"], broken["error"]["line"]) == ([], 1)


def test_a_backtest_is_queued_run_listed_shown_reported_repeated_and_deleted(browser: Browser, program: Program) -> None:
    browser.send("PUT", "/settings", {"commission_bps": "3"})
    answer = browser.post("/backtests", asked())
    assert answer.status_code == 202, answer.get_data(as_text=True)
    backtest_id = answer.get_json()["id"]
    assert browser.get(f"/api/v1/backtests/{backtest_id}/report").get_json()["code"] == "backtesting.no_result"
    refused = browser.send("DELETE", f"/backtests/{backtest_id}")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "backtesting.unfinished")
    run_jobs(program)

    (row,) = browser.api("/backtests")["items"]
    assert (row["id"], row["state"], row["symbols"]) == (backtest_id, "succeeded", ["600519.SH"])
    shown = browser.api(f"/backtests/{backtest_id}")
    assert shown["request"]["source"] == STRATEGY
    assert shown["request"]["costs"] == {"commission_bps": "3", "commission_min_yuan": "5"}
    assert shown["job"]["state"] == "succeeded"
    report = browser.api(f"/backtests/{backtest_id}/report")
    (trade,) = report["document"]["trades"]
    assert (trade["side"], trade["size"], trade["price"]) == ("buy", 200, 10.0)
    # 200 shares at 10 yuan: 2000 yuan, commission 3 bps = 0.6 yuan, so the minimum of 5; transfer fee 0.02
    assert (trade["commission"], trade["transfer_fee"], trade["stamp_tax"]) == (5.0, 0.02, 0.0)
    assert report["document"]["final_value"] == pytest.approx(100_000 - 5.02, abs=1e-9)

    again = browser.post(f"/backtests/{backtest_id}/rerun")
    assert (again.status_code, again.get_json()["compare_with"]) == (202, backtest_id)
    run_jobs(program)
    rerun_id = again.get_json()["id"]
    assert browser.api(f"/backtests/{rerun_id}")["comparison"]["same"] is True
    compared = browser.api(f"/backtests/{rerun_id}/comparison", other=backtest_id)
    assert compared == {"same": True, "first_difference": None, "changed": []}
    assert browser.send("DELETE", f"/backtests/{backtest_id}").get_json() == {"id": backtest_id}
    assert browser.get(f"/api/v1/backtests/{backtest_id}").status_code == 404


def test_what_cannot_be_run_is_refused_before_a_job_is_made(browser: Browser) -> None:
    refusals: tuple[tuple[dict[str, Any], int, str, str], ...] = (
        ({"symbols": ["600000"]}, 404, "market_data.symbol_unknown", "symbols"),
        ({"benchmark": "000300.SH"}, 404, "market_data.symbol_unknown", "benchmark"),
        ({"symbols": []}, 400, "backtesting.symbol_count_invalid", "symbols"),
        ({"start": "2024-03-01"}, 400, "backtesting.period_invalid", "end"),
        ({"cash": "-1"}, 400, "backtesting.cash_invalid", "cash"),
        ({"cash": "lots"}, 400, "web.request_invalid", "cash"),
        ({"costs": {"commission_bps": "5000"}}, 400, "backtesting.costs_invalid", "costs.commission_bps"),
        ({"source": " "}, 400, "backtesting.source_invalid", "source"),
        ({"leverage": 3}, 400, "web.request_invalid", "leverage"),
    )
    for changes, status, code, field in refusals:
        answer = browser.post("/backtests", asked(**changes))
        assert (answer.status_code, answer.get_json()["code"], answer.get_json()["facts"]["field"]) == (status, code, field)
    assert browser.api("/jobs")["items"] == []


def test_the_source_is_in_no_answer_but_its_own_backtest(browser: Browser) -> None:
    browser.post("/backtests", asked())
    for path in ("/backtests", "/jobs"):
        assert "class Hold" not in browser.get("/api/v1" + path).get_data(as_text=True)


def test_half_a_surrogate_pair_a_strategy_prints_breaks_no_answer(browser: Browser, program: Program) -> None:
    hostile = (
        STRATEGY
        + """
    def start(self):
        print("half \\ud83d of \\udfff")
"""
    )
    finished = browser.post("/backtests", asked(source=hostile)).get_json()["id"]
    run_jobs(program)
    assert browser.api(f"/backtests/{finished}/report")["report"]["log"] == ["half ? of ?"]
    assert browser.api(f"/backtests/{finished}")["log"] == ["half ? of ?"]


def run_jobs(program: Program) -> None:
    while program.woken:
        program.open_services.job_runner.run(program.woken.pop(0))

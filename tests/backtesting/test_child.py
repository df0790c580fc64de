"""The child's work: header and Arrow bars in, one JSON text out, errors that say where."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from quantbox.backtesting.child import run
from quantbox.backtesting.strategy_errors import ParamUnknown, StrategyFailed, StrategyMissing, StrategySyntaxWrong
from quantbox.core.errors import QuantBoxError
from quantbox.jobs.models import Reason

from .engines.bars import handmade, invented, read_baostock

BUY_AND_HOLD = """import backtrader as bt

class Hold(bt.Strategy):
    params = (("size", 100),)

    def next(self):
        if len(self) == 1:
            self.buy(size=self.p.size)
"""
FLAT = [(day, 10.0, 10.2, 9.8, 10.0, 10**6, 10.0, False) for day in (date(2024, 3, 4), date(2024, 3, 5), date(2024, 3, 6))]


def arrow(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_ipc(buffer)
    return buffer.getvalue()


def header(
    source: str = BUY_AND_HOLD, *feeds: dict[str, Any], sessions: list[date] | None = None, **request: Any
) -> dict[str, Any]:
    """A header as the service writes it: decimals as text, days in ISO."""
    asked = {"source": source, "file_name": "mine.py", "class_name": None, "cash": "100000", "params": {}, "rules": True}
    costs = {"costs": {"commission_bps": "2.5", "commission_min_yuan": "5"}, "seed": 0}
    default = {"symbol": "600000.SH", "kind": "stock", "adjust": "none", "is_display_only": False, "listed_on": "1999-11-10"}
    return {
        "kind": "backtest",
        "request": asked | costs | request,
        "sessions": [day.isoformat() for day in sessions or [row[0] for row in FLAT]],
        "feeds": [default | feed for feed in feeds or ({},)],
    }


def run_body(head: dict[str, Any], *frames: pl.DataFrame) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(run(head, [arrow(frame) for frame in frames or (handmade(FLAT),)], lambda frame: None))
    return body


def codes(body: dict[str, Any]) -> list[str]:
    return [warning["code"].removeprefix("backtesting.") for warning in body["warnings"]]


def test_the_body_holds_what_happened_to_the_cent() -> None:
    body = run_body(header())
    assert body["engine"] == "a_share"
    assert body["bars"] == 3
    assert body["run_seconds"] > 0
    assert body["trades"] == [
        {
            "date": "2024-03-05",
            "symbol": "600000.SH",
            "side": "buy",
            "price": 10.0,
            "size": 100,
            "commission": 5.0,
            "stamp_tax": 0.0,
            "transfer_fee": 0.01,
        }
    ]
    # 100,000.00 - 1,000.00 - 5.01
    assert (body["final_cash"], body["final_value"]) == (98994.99, 99994.99)
    assert body["equity"] == [
        {"date": "2024-03-04", "value": 100000.0},
        {"date": "2024-03-05", "value": 99994.99},
        {"date": "2024-03-06", "value": 99994.99},
    ]
    assert [day["invested_yuan"] for day in body["exposure"]] == [0.0, 1000.0, 1000.0]
    assert (body["rejected"], body["warnings"]) == ([], [])


def test_costs_and_parameters_of_the_request_are_used() -> None:
    costs = {"commission_bps": "10", "commission_min_yuan": "0"}
    body = run_body(header(params={"size": "300"}, costs=costs))
    assert (body["trades"][0]["size"], body["trades"][0]["commission"]) == (300, 3.0)  # 3,000.00 x 0.001


def test_rules_off_costs_nothing_and_takes_odd_sizes() -> None:
    body = run_body(header(params={"size": "7"}, rules=False))
    assert body["engine"] == "stock"
    assert body["trades"][0]["size"] == 7
    assert body["final_cash"] == 99930.0


def test_progress_is_told_with_the_day_of_the_bar() -> None:
    told: list[dict[str, Any]] = []
    run(header(), [arrow(handmade(FLAT))], told.append)
    assert told[-1] == {"type": "progress", "fraction": 1.0, "bar_date": "2024-03-06"}


# --- failures -----------------------------------------------------------------------------------------------------------


def failure(source: str, **request: Any) -> StrategyFailed:
    with pytest.raises(StrategyFailed) as caught:
        run(header(source, **request), [arrow(handmade(FLAT))], lambda frame: None)
    return caught.value


def facts(error: QuantBoxError) -> tuple[Any, ...]:
    return tuple(error.facts[name] for name in ("exception", "detail", "file", "line", "bar_date"))


def test_an_exception_names_the_innermost_line_of_the_file_and_the_bar() -> None:
    source = BUY_AND_HOLD + "        if len(self) == 2:\n            self.go()\n\n    def go(self):\n        int('x')\n"
    error = failure(source)
    assert facts(error) == ("ValueError", "invalid literal for int() with base 10: 'x'", "mine.py", 13, "2024-03-05")
    assert error.message("zh") == "策略出错：ValueError: invalid literal for int() with base 10: 'x'（mine.py:13, 2024-03-05）"
    assert Reason.from_error(error).code == "backtesting.strategy_error"


@pytest.mark.parametrize(("size", "rules"), [("'many'", True), ("'many'", False), ("float('nan')", True)])
def test_an_exception_inside_backtrader_names_the_line_that_called_it(size: str, rules: bool) -> None:
    source = f"import backtrader as bt\nclass S(bt.Strategy):\n    def next(self):\n        self.buy(size={size})\n"
    error = failure(source, rules=rules)
    assert error.facts["line"] == 4
    assert error.facts["bar_date"] == "2024-03-04"


def test_an_exception_while_loading_has_a_line_and_no_bar() -> None:
    assert facts(failure("import backtrader as bt\nimport no_such_module\n"))[2:] == ("mine.py", 2, None)


def test_an_exception_before_the_first_bar_has_no_bar() -> None:
    source = "import backtrader as bt\nclass S(bt.Strategy):\n    def __init__(self):\n        1 / 0\n"
    assert facts(failure(source))[2:] == ("mine.py", 4, None)


def test_an_exit_is_a_failure() -> None:
    source = "import backtrader as bt\nclass S(bt.Strategy):\n    def next(self):\n        raise SystemExit(0)\n"
    assert facts(failure(source)) == ("SystemExit", "0", "mine.py", 4, "2024-03-04")


def test_a_syntax_error_names_file_and_line() -> None:
    with pytest.raises(StrategySyntaxWrong) as caught:
        run(header("import os\nclass S(:\n"), [arrow(handmade(FLAT))], lambda frame: None)
    assert (caught.value.facts["file"], caught.value.facts["line"]) == ("mine.py", 2)


def test_a_syntax_error_raised_at_run_time_is_a_failure_of_the_strategy() -> None:
    source = "import backtrader as bt\nclass S(bt.Strategy):\n    def next(self):\n        eval('1 +')\n"
    assert facts(failure(source))[::3] == ("SyntaxError", 4)


def test_a_lack_of_memory_is_not_the_strategys_failure() -> None:
    source = "import backtrader as bt\nclass S(bt.Strategy):\n    def next(self):\n        raise MemoryError\n"
    with pytest.raises(MemoryError):
        run(header(source), [arrow(handmade(FLAT))], lambda frame: None)


@pytest.mark.parametrize(("request_", "error"), [({"source": "x = 1"}, StrategyMissing), ({"params": {"a": "1"}}, ParamUnknown)])
def test_what_cannot_be_run_is_refused(request_: dict[str, Any], error: type[QuantBoxError]) -> None:
    with pytest.raises(error):
        run(header(**request_), [arrow(handmade(FLAT))], lambda frame: None)


# --- warnings -------------------------------------------------------------------------------------------------------------


def days(*changes: dict[int, Any]) -> pl.DataFrame:
    return handmade(
        [tuple(change.get(place, value) for place, value in enumerate(row)) for row, change in zip(FLAT, changes, strict=True)]
    )  # type: ignore[misc]


@pytest.mark.parametrize("rules", [True, False])
def test_a_holding_over_an_ex_date_is_named_with_symbol_and_day(rules: bool) -> None:
    body = run_body(header(rules=rules), days({}, {}, {6: 9.7}))
    (warning,) = body["warnings"]
    assert (warning["code"], warning["symbol"], warning["date"]) == ("backtesting.ex_date_held", "600000.SH", "2024-03-06")
    assert "除权" in warning["message"]["zh"]
    assert "ex-date 2024-03-06" in warning["message"]["en"]


def test_an_ex_date_before_the_purchase_is_no_warning() -> None:
    assert run_body(header(), days({}, {6: 9.7}, {}))["warnings"] == []


def test_an_ex_date_after_the_sale_is_no_warning() -> None:
    source = BUY_AND_HOLD + "        else:\n            self.close()\n"
    after = (date(2024, 3, 7), 10.0, 10.2, 9.8, 10.0, 10**6, 9.7, False)
    body = run_body(header(source), handmade([*FLAT, after]))
    assert len(body["trades"]) == 2
    assert body["warnings"] == []


def test_one_who_sells_on_the_ex_date_held_over_it() -> None:
    source = BUY_AND_HOLD + "        else:\n            self.close()\n"
    body = run_body(header(source), days({}, {}, {6: 9.7}))
    assert len(body["trades"]) == 2
    assert codes(body) == ["ex_date_held"]


def test_unknown_previous_closes_and_risk_warnings_are_named_once() -> None:
    body = run_body(header(), days({6: None, 7: None}, {6: None}, {6: None}))
    assert codes(body) == ["pre_close_unknown", "st_unknown"]
    assert "3 days" in body["warnings"][0]["message"]["en"]


def test_an_unknown_risk_warning_is_no_matter_on_star() -> None:
    rows = days({7: None}, {7: None}, {7: None})
    assert codes(run_body(header(BUY_AND_HOLD, {"symbol": "688009.SH"}), rows)) == []


@pytest.mark.parametrize(
    ("meta", "code"),
    [
        ({"symbol": "000300.SH", "kind": "index"}, "not_tradable"),
        ({"adjust": "qfq", "is_display_only": True}, "display_only"),
        ({"symbol": "900901.SH", "kind": "stock"}, "not_tradable"),  # B shares trade in dollars
        ({"symbol": "019547.SH", "kind": "bond"}, "not_tradable"),  # a treasury bond: its rules are not held
    ],
)
def test_what_may_not_be_traded_is_refused_and_named(meta: dict[str, Any], code: str) -> None:
    body = run_body(header(BUY_AND_HOLD, meta))
    assert body["trades"] == []
    assert [refusal["rule"] for refusal in body["rejected"]] == ["not_tradable"]
    assert codes(body) == [code]


def test_a_convertible_bond_trades_in_lots_of_ten() -> None:
    body = run_body(header(BUY_AND_HOLD, {"symbol": "113050.SH", "kind": "bond"}, params={"size": "25"}))
    assert body["trades"][0]["size"] == 20


def test_an_unknown_adjustment_is_named() -> None:
    assert codes(run_body(header(BUY_AND_HOLD, {"adjust": "unknown"}))) == ["adjust_unknown"]


def test_bars_that_end_while_held_are_named() -> None:
    other = {"symbol": "000001.SZ"}
    body = run_body(header(BUY_AND_HOLD, {}, other), handmade(FLAT[:2]), handmade(FLAT))
    assert [(warning["code"], warning["symbol"], warning["date"]) for warning in body["warnings"]] == [
        ("backtesting.bars_ended", "600000.SH", "2024-03-05")
    ]


def test_a_bar_beyond_its_limits_is_named() -> None:
    body = run_body(header(), days({}, {1: 12.0, 2: 12.0, 4: 12.0}, {6: 12.0}))
    assert [(warning["code"], warning["date"]) for warning in body["warnings"]] == [("backtesting.limits_doubted", "2024-03-05")]


def test_the_first_sessions_after_listing_have_no_limits() -> None:
    listed = {"listed_on": "2024-03-04"}
    body = run_body(header(BUY_AND_HOLD, listed), days({}, {1: 12.0, 2: 12.0, 4: 12.0}, {6: 12.0}))
    assert (len(body["trades"]), body["warnings"]) == (1, [])


def test_a_missing_calendar_is_named() -> None:
    head = header()
    head["sessions"] = []
    assert codes(run_body(head)) == ["calendar_unknown"]


def test_suspended_days_count_as_sessions_where_the_calendar_lacks_them() -> None:
    head = header(BUY_AND_HOLD, {"suspended": ["2024-03-05"]})
    head["sessions"] = []
    body = run_body(head, handmade([FLAT[0], FLAT[2]]))
    assert [(refusal["date"], refusal["rule"]) for refusal in body["rejected"]] == [("2024-03-05", "suspended")]


# --- with the files of a real stock ---------------------------------------------------------------------------------------


@pytest.mark.real_data
def test_600519_held_from_2023_to_2024_names_its_ex_dates(real_data: Path) -> None:
    # 贵州茅台 paid on 2023-06-30, 2023-12-20 and 2024-06-19 (announcements of the company)
    bars = read_baostock(real_data, "600519.SH").filter(pl.col("date").is_between(date(2023, 1, 3), date(2024, 6, 28)))
    body = run_body(header(BUY_AND_HOLD, {"symbol": "600519.SH"}, cash="1000000", sessions=bars["date"].to_list()), bars)
    assert [warning["date"] for warning in body["warnings"]] == ["2023-06-30", "2023-12-20", "2024-06-19"]


def test_the_same_request_gives_the_same_body_but_for_the_seconds() -> None:
    head, bars = header(sessions=invented(5)["date"].to_list()), invented(5)
    bodies = [run_body(head, bars) for _ in range(2)]
    for body in bodies:
        del body["run_seconds"]
    assert bodies[0] == bodies[1]

"""Two results agree to the cent or say where they part."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from quantbox.backtesting.comparison import compare_results
from quantbox.backtesting.models import BacktestResult

DOCUMENT: dict[str, Any] = {
    "final_value": 10_100.0,
    "final_cash": 100.0,
    "trades": [{"date": "2024-01-09", "size": 1000}],
    "rejected": [],
    "equity": [{"date": "2024-01-08", "value": 10_000.0}, {"date": "2024-01-09", "value": 10_100.0}],
    "fingerprints": {"code": "a", "data": "b", "libraries": {"numpy": "2.4.6"}, "seed": 0},
}


def changed(**changes: Any) -> BacktestResult:
    return BacktestResult({**deepcopy(DOCUMENT), **changes}, {})


def test_equal_results_are_the_same() -> None:
    assert compare_results(changed(), changed()) == {"same": True, "first_difference": None, "changed": []}


def test_less_than_half_a_cent_is_no_difference() -> None:
    assert compare_results(changed(), changed(final_value=10_100.004))["same"]


def test_a_cent_on_one_day_is_a_difference_with_its_date() -> None:
    equity = [DOCUMENT["equity"][0], {"date": "2024-01-09", "value": 10_100.01}]
    found = compare_results(changed(), changed(equity=equity, fingerprints={**DOCUMENT["fingerprints"], "data": "c"}))
    assert found == {"same": False, "first_difference": "2024-01-09", "changed": ["data"]}


def test_a_day_more_is_a_difference() -> None:
    longer = [*DOCUMENT["equity"], {"date": "2024-01-10", "value": 10_100.0}]
    assert compare_results(changed(), changed(equity=longer))["first_difference"] == "2024-01-10"


def test_other_fills_with_the_same_equity_are_a_difference() -> None:
    found = compare_results(changed(), changed(trades=[]))
    assert (found["same"], found["first_difference"]) == (False, None)


def test_another_library_is_named_though_the_result_is_the_same() -> None:
    other = changed(fingerprints={**DOCUMENT["fingerprints"], "libraries": {"numpy": "2.5.0"}})
    assert compare_results(changed(), other) == {"same": True, "first_difference": None, "changed": ["libraries"]}

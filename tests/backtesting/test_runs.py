"""A child's result becomes document and report, or is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quantbox.backtesting.errors import ResultInvalid
from quantbox.backtesting.runs import build_result
from quantbox.jobs.child import ChildEnd, ChildEndKind
from tests.backtesting.made_by_hand import DAYS, make_run

BODY: dict[str, Any] = {
    "engine": "stock",
    "bars": 5,
    "run_seconds": 0.25,
    "final_value": 10_000.0,
    "final_cash": 10_000.0,
    "trades": [],
    "rejected": [],
    "warnings": [{"code": "backtesting.st_unknown", "message": {"zh": "甲", "en": "a"}}],
    "equity": [{"date": day.isoformat(), "value": 10_000.0} for day in DAYS],
    "exposure": [],
}


def ended(body: str | None, kind: ChildEndKind = ChildEndKind.RESULT) -> ChildEnd:
    return ChildEnd(kind, body, None, 0, "", False)


def test_document_holds_what_the_command_line_promises_and_nothing_that_changes_from_run_to_run() -> None:
    run = make_run(rules=False)
    result = build_result(run, ended(json.dumps(BODY)), ["printed"], 1.5)
    assert list(result.document) == [
        "status", "final_value", "final_cash", "trades", "rejected", "warnings", "equity", "statistics", "fingerprints",
    ]  # fmt: skip
    assert result.document["warnings"] == BODY["warnings"]
    assert (result.report["log"], result.report["duration_seconds"]) == (["printed"], 1.5)
    assert result.report["environment"]["run_seconds"] == 0.25
    again = build_result(run, ended(json.dumps({**BODY, "run_seconds": 0.5})), ["other"], 2.5)
    assert again.document == result.document


def test_rules_on_cites_the_rule_book() -> None:
    from quantbox.market_data import rules

    assert build_result(make_run(), ended(json.dumps(BODY)), [], 0.0).document["fingerprints"]["rules"] == rules.citation()


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
def test_a_value_that_is_no_number_is_refused(value: str) -> None:
    body = json.dumps(BODY).replace('"final_value": 10000.0', f'"final_value": {value}')
    with pytest.raises(ResultInvalid) as caught:
        build_result(make_run(rules=False), ended(body), [], 0.0)
    assert caught.value.facts == {"value": value}


def test_only_a_result_makes_a_report() -> None:
    with pytest.raises(ValueError, match="timed_out"):
        build_result(make_run(), ended(None, ChildEndKind.TIMED_OUT), [], 0.0)

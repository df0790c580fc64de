"""Jobs and reasons as documents."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from quantbox.core.errors import Invalid
from quantbox.core.text import Text
from quantbox.jobs.models import FINAL_STATES, WAITING_STATES, Job, JobState, Reason

START = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)


class PriceInvalid(Invalid):
    code = "test.price_invalid"
    sentence = Text("{on} 的价格 {price} 无效", "The price {price} on {on} is not valid")
    hint = Text("请检查 {price}", "Check {price}")


def _job(**changes: object) -> Job:
    values: dict[str, object] = {
        "id": "a" * 32,
        "account_id": "owner",
        "kind": "backtest",
        "title": "双均线",
        "state": JobState.RUNNING,
        "attempt": 1,
        "max_attempts": 2,
        "progress": 0.25,
        "stage": "running",
        "reason": None,
        "cancel_requested": False,
        "created_at": START,
        "started_at": START + timedelta(seconds=10),
        "finished_at": None,
    }
    return Job(**{**values, **changes})  # type: ignore[arg-type]


def test_states_are_waiting_running_or_final() -> None:
    assert WAITING_STATES | {JobState.RUNNING} | FINAL_STATES == set(JobState)


def test_quarter_done_in_ten_seconds_leaves_thirty() -> None:
    # 10 s for 0.25; the other 0.75 at the same pace take 30 s
    now = START + timedelta(seconds=20)
    assert (_job().elapsed_seconds(now), _job().eta_seconds(now)) == (10, 30)


def test_ended_job_keeps_its_duration_and_has_no_rest() -> None:
    job = _job(state=JobState.SUCCEEDED, progress=1.0, finished_at=START + timedelta(seconds=15))
    assert (job.elapsed_seconds(START + timedelta(days=1)), job.eta_seconds(START)) == (5, None)


@pytest.mark.parametrize("changes", [{"started_at": None, "state": JobState.QUEUED}, {"progress": 0.0}])
def test_rest_cannot_be_told_before_anything_is_done(changes: dict[str, object]) -> None:
    assert _job(**changes).eta_seconds(START + timedelta(seconds=20)) is None


def test_clock_set_back_gives_no_negative_duration() -> None:
    assert _job().elapsed_seconds(START - timedelta(hours=1)) == 0


def test_job_document_has_what_the_api_promises() -> None:
    document = _job().to_json(START + timedelta(seconds=20))
    assert list(document) == [
        *("id", "kind", "title", "state", "attempt", "progress", "stage", "reason", "cancel_requested"),
        *("created_at", "started_at", "finished_at", "elapsed_seconds", "eta_seconds"),
    ]
    assert json.loads(json.dumps(document)) == document
    assert document["created_at"] == "2026-11-20T07:30:00+00:00"


def test_reason_of_an_error_speaks_both_languages_and_is_json() -> None:
    reason = Reason.from_error(PriceInvalid(price=Decimal("10.50"), on=date(2026, 11, 20)))
    assert reason.to_json() == {
        "code": "test.price_invalid",
        "message": {"zh": "2026-11-20 的价格 10.50 无效", "en": "The price 10.50 on 2026-11-20 is not valid"},
        "hint": {"zh": "请检查 10.50", "en": "Check 10.50"},
        "facts": {"price": "10.50", "on": "2026-11-20"},
    }
    assert Reason(**json.loads(json.dumps(reason.to_json()))) == reason


WORDS = {"zh": "错", "en": "wrong"}


@pytest.mark.parametrize(
    "told",
    [
        "x",
        None,
        {},
        {"code": "x", "message": "no dict"},
        {"code": "x", "message": {"zh": 1, "en": 2}, "hint": WORDS, "facts": {}},
        {"code": "x", "message": {}, "hint": WORDS, "facts": {}},
        {"code": 5, "message": WORDS, "hint": WORDS, "facts": {}},
        {"code": "x", "message": WORDS, "hint": WORDS, "facts": []},
    ],
)
def test_what_no_page_could_show_is_no_reason(told: object) -> None:
    with pytest.raises(ValueError, match="no reason"):
        Reason.from_child(told)

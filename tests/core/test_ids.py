"""Ids sort by the order they were made in, also within a millisecond and over a clock put back."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from quantbox.core.ids import new_id


def test_ids_made_in_one_millisecond_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    made = [new_id() for _ in range(2)]
    at_nanoseconds = time.time_ns() + 10_000_000_000
    monkeypatch.setattr("quantbox.core.ids.time.time_ns", lambda: at_nanoseconds)
    made += [new_id() for _ in range(1_000)]
    assert made == sorted(set(made))
    assert {len(name) for name in made} == {32}
    assert int(made[2][:12], 16) == at_nanoseconds // 1_000_000


def test_a_clock_put_back_does_not_put_an_id_before_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    an_hour_ago = time.time_ns() - 3_600_000_000_000
    monkeypatch.setattr("quantbox.core.ids.time.time_ns", lambda: an_hour_ago)
    assert before < new_id()


def test_ids_made_by_many_threads_never_meet() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: new_id(), range(4_000)))
    assert len(set(made)) == 4_000

"""No clock tells a wrong name from a wrong password or a delayed account."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from argon2 import PasswordHasher

from quantbox.core.roles import Role
from quantbox.user_auth.people import passwords
from tests.user_auth.setting import beside, refusal
from tests.web.program import PASSWORD, Browser, Program, add_person, new_program, open_browser, program

__all__ = ["new_program", "program"]

LIMIT_SECONDS = 0.010


def medians_of(cases: dict[str, Callable[[], Any]], tries: int, now: Callable[[], float] = time.perf_counter) -> dict[str, float]:
    """Return the median time of each case; they take turns, so that what slows the machine slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(tries):
        order = list(cases) if turn % 2 else list(reversed(cases))
        for name in order:
            started = now()
            cases[name]()
            times[name].append(now() - started)
    return {name: statistics.median(taken) for name, taken in times.items()}


def try_in(browser: Browser, name: str) -> Callable[[], None]:
    def attempt() -> None:
        answer = browser.post("/session/password", {"name": name, "password": "not the right one"})
        assert refusal(answer) == (403, "user_auth.sign_in_refused")

    return attempt


@pytest.fixture
def first_step(program: Program) -> dict[str, Callable[[], Any]]:
    """The three ways in which the first step fails, and one of them twice for the spread of two equal cases.

    The clock moves on a minute before each attempt at an account that is not to be delayed.
    """
    add_person(program)
    add_person(program, "delayed", Role.VIEWER)
    add_person(program, "wrong", Role.VIEWER)
    first = open_browser(program)
    browsers = [first, *(beside(first) for _ in range(3))]
    for browser in browsers:
        browser.api("/status")
        browser.token = browser.api("/status")["csrf_token"]
    delay = try_in(browsers[0], "delayed")
    for _ in range(5):
        delay()
    counted = first.client.application.extensions["quantbox.attempts"]

    def without_delay(attempt: Callable[[], None]) -> Callable[[], None]:
        def fresh() -> None:
            for name in [name for name in counted._kept.counts if not name.startswith(delayed)]:
                del counted._kept.counts[name]
            attempt()

        return fresh

    person = program.open_services.people.find("delayed")
    assert person is not None
    delayed = f"password:{person.id}"
    assert counted.failures(delayed, "") == 5
    return {
        "wrong name": without_delay(try_in(browsers[1], "nobody at all")),
        "wrong password": without_delay(try_in(browsers[2], "wrong")),
        "wrong password again": without_delay(try_in(browsers[3], "wrong")),
        "delayed": delay,
    }


def assert_alike(medians: dict[str, float]) -> None:
    """Hold each case to 10 ms beside the others, or to what two equal cases differ by."""
    spread = abs(medians["wrong password"] - medians["wrong password again"])
    furthest = max(medians.values()) - min(medians.values())
    assert furthest <= max(LIMIT_SECONDS, spread), {name: f"{median * 1000:.1f} ms" for name, median in medians.items()}


@pytest.fixture
def middling_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the cost: quick enough for every run, and leaving it out in one case would still stand out."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(3, 12 * 1024, 4, 32, 16))
    monkeypatch.setattr("tests.web.program.verifier", lambda: passwords.make_verifier(PASSWORD))


def test_forty_interleaved_tries_work_alike(middling_cost: None, first_step: dict[str, Callable[[], Any]]) -> None:
    """By the processors' time, which says the same on a busy machine."""
    assert_alike(medians_of(first_step, 40, time.process_time))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_hundred_interleaved_tries_take_alike(
    first_step: dict[str, Callable[[], Any]], record_property: Callable[[str, object], None]
) -> None:
    medians = medians_of(first_step, 200)
    record_property("medians_ms", {name: round(median * 1000, 2) for name, median in medians.items()})
    assert_alike(medians)

"""No clock tells a wrong name from a wrong password or a delayed account."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters
from sqlalchemy import event

from quantbox.core.files import write_atomically
from quantbox.core.roles import Role
from quantbox.user_auth.people import passwords
from quantbox.user_auth.signing_in import attempts
from tests.user_auth.setting import beside, refusal
from tests.web.program import PASSWORD, Browser, Program, add_person, new_program, open_browser, program

__all__ = ["new_program", "program"]

LIMIT_SECONDS = 0.010


def medians_of(cases: dict[str, Callable[[], Any]], tries: int) -> dict[str, float]:
    """Return the median time of each case; they take turns, so that what slows the machine slows all alike."""
    times: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(tries):
        order = list(cases) if turn % 2 else list(reversed(cases))
        for name in order:
            started = time.perf_counter()
            cases[name]()
            times[name].append(time.perf_counter() - started)
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
def work(program: Program, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done from now on that takes time: passwords compared, at which cost, and what is written where."""
    done: list[str] = []

    class Watched(PasswordHasher):
        def verify(self, *compared: Any) -> Any:
            done.append(f"compare at {extract_parameters(compared[0])}")
            return super().verify(*compared)

    def write(file: Path, content: bytes) -> None:
        done.append(f"write {file.name}")
        write_atomically(file, content)

    def see(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("SELECT"):
            done.append(" ".join(statement.split()[:3]))

    monkeypatch.setattr(passwords, "_hasher", Watched(1, 8, 1, 32, 16))
    monkeypatch.setattr("tests.web.program.verifier", lambda: passwords.make_verifier(PASSWORD))
    monkeypatch.setattr(attempts, "write_atomically", write)
    event.listen(program.open_services.engine, "before_cursor_execute", see)
    return done


def test_wrong_name_wrong_password_and_delayed_account_are_the_same_work(
    work: list[str], first_step: dict[str, Callable[[], Any]]
) -> None:
    """What the long run measures, counted: it says the same on a busy machine."""
    works = {}
    for case, attempt in first_step.items():
        work.clear()
        attempt()
        works[case] = [*work]
    alike = works["wrong password"]
    assert works == dict.fromkeys(first_step, alike)
    assert [one.split()[0] for one in alike].count("compare") == 1
    assert "write attempts.json" in alike


@pytest.mark.long
@pytest.mark.timeout(600)
def test_two_hundred_interleaved_tries_take_alike(
    first_step: dict[str, Callable[[], Any]], record_property: Callable[[str, object], None]
) -> None:
    medians = medians_of(first_step, 200)
    record_property("medians_ms", {name: round(median * 1000, 2) for name, median in medians.items()})
    assert_alike(medians)

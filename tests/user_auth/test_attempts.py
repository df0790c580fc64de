"""Wrong pass phrases are answered slower and slower."""

from __future__ import annotations

import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.errors import Denied
from quantbox.user_auth.attempts import Attempts
from quantbox.user_auth.errors import TooManyAttempts


def fail(attempts: Attempts) -> None:
    with pytest.raises(Denied) as refused, attempts.attempt():
        raise Denied
    assert not isinstance(refused.value, TooManyAttempts)


def test_the_wait_doubles_after_five_failures_and_stays_at_a_minute(clock: FixedClock) -> None:
    attempts = Attempts(clock)
    for _ in range(4):
        fail(attempts)
    waits = []
    for _ in range(9):
        fail(attempts)
        with pytest.raises(TooManyAttempts) as refused, attempts.attempt():
            pytest.fail("it must not be tried while the wait goes on")
        waits.append(refused.value.facts["retry_after_seconds"])
        clock.advance(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_right_pass_phrase_forgives_what_was_wrong_before(clock: FixedClock) -> None:
    attempts = Attempts(clock)
    for _ in range(4):
        fail(attempts)
    with attempts.attempt():
        pass
    for _ in range(4):
        fail(attempts)
    with attempts.attempt():
        pass


def test_a_fault_that_is_no_refusal_is_not_held_against_the_owner(clock: FixedClock) -> None:
    attempts = Attempts(clock)
    for _ in range(10):
        with pytest.raises(OSError, match="gone"), attempts.attempt():
            raise OSError("the supervisor is gone")
    fail(attempts)

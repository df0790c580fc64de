"""Guesses at the pass phrase are slowed down, never locked out for good."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from quantbox.core.clock import Clock
from quantbox.core.errors import Denied
from quantbox.user_auth.errors import TooManyAttempts

__all__ = ["Attempts"]

FREE_FAILURES = 5
LONGEST_WAIT_SECONDS = 60


class Attempts:
    """Counts wrong pass phrases since the last right one; one attempt is tried at a time.

    After five failures every further one makes the next attempt wait twice as long: 1, 2, 4 … 60 seconds.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._one_at_a_time = threading.Lock()
        self._failures = 0
        self._open_at = 0.0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Let one attempt be made inside the block; a Denied leaving it counts as a failure.

        Raises
        ------
        TooManyAttempts
            While the wait after the last failure goes on; what is in the block is not tried.
        """
        with self._one_at_a_time:
            wait = self._open_at - self._clock.monotonic()
            if wait > 0:
                raise TooManyAttempts(failures=self._failures, retry_after_seconds=ceil(wait))
            try:
                yield
            except Denied:
                self._failures += 1
                self._open_at = self._clock.monotonic() + wait_seconds(self._failures)
                raise
            self._failures = 0
            self._open_at = 0.0


def wait_seconds(failures: int) -> int:
    """Return how long to wait after so many failures in a row."""
    if failures < FREE_FAILURES:
        return 0
    return min(1 << min(failures - FREE_FAILURES, 10), LONGEST_WAIT_SECONDS)

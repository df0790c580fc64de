"""Names for rows: 32 hex digits that sort by the order they were made in."""

from __future__ import annotations

import secrets
import threading
import time

__all__ = ["new_id"]


class _Sequence:
    """Numbers of 128 bits, each greater than the last this process drew."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def draw(self) -> int:
        with self._lock:
            drawn = (time.time_ns() // 1_000_000 << 80) | secrets.randbits(80)
            if drawn <= self._last:
                # The step is random too, so that processes forked from one do not meet.
                drawn = self._last + 1 + secrets.randbits(64)
            self._last = drawn
            return drawn


_sequence = _Sequence()


def new_id() -> str:
    """Return 32 hex digits: 48 bits of milliseconds since 1970, then 80 random bits.

    Each is greater than the last one of this process, also within a millisecond and after the clock was put back;
    between processes the order is that of the milliseconds.
    """
    return f"{_sequence.draw():032x}"

"""One client's connection under deadlines and budgets, and the table of all of them, which is bounded.

A client that connects and says nothing, or says it a byte at a time, must cost the others nothing: every phase of a
request has a deadline, and when the table is full the connection that has waited longest without having asked for
anything makes room. Only when all are truly being served is a new one refused.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from typing import cast

__all__ = ["Connection", "ConnectionTable", "RequestTooLarge"]

HANDSHAKE_SECONDS = 5.0
IDLE_SECONDS = 15.0
HEADER_SECONDS = 10.0
HEADER_BYTES = 64 * 1024
#: A body may take this long, and longer for what it weighs at the slowest rate that is put up with.
BODY_SECONDS = 20.0
BODY_BYTES_PER_SECOND = 64 * 1024
SEND_SECONDS = 30.0


class RequestTooLarge(OSError):
    """The request line and headers are longer than they may be."""


class Connection(io.RawIOBase):
    """What a request is read from: a socket that keeps to the deadline and the budget of the present phase."""

    def __init__(self, client: socket.socket) -> None:
        super().__init__()
        self.socket = client
        self.is_waiting = True
        self.waits_since = time.monotonic()
        self._deadline = self.waits_since + HANDSHAKE_SECONDS
        self._budget: int | None = None

    def await_request(self) -> None:
        """Wait for a client that may not ask for anything more."""
        self._begin(IDLE_SECONDS, HEADER_BYTES, is_waiting=True)

    def read_headers(self) -> None:
        """Read the rest of a request's head; its first line has come."""
        self._deadline = time.monotonic() + HEADER_SECONDS

    def read_body(self, length: int) -> None:
        """Read a body of `length` bytes while the request is being served."""
        self._begin(BODY_SECONDS + length / BODY_BYTES_PER_SECOND, None, is_waiting=False)

    def evict(self) -> None:
        """Make room: whatever thread waits on this connection finds it ended."""
        with contextlib.suppress(OSError):  # it may just have ended by itself
            self.socket.shutdown(socket.SHUT_RDWR)

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: object) -> int:
        """Read what has come into `buffer`, or raise TimeoutError at the deadline."""
        view = memoryview(cast("bytearray", buffer))
        if self._budget is not None:
            if self._budget <= 0:
                raise RequestTooLarge
            view = view[: self._budget]
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.socket.settimeout(left)
        try:
            count = self.socket.recv_into(view)
        finally:
            with contextlib.suppress(OSError):
                self.socket.settimeout(SEND_SECONDS)
        if self._budget is not None:
            self._budget -= count
        return count

    def _begin(self, seconds: float, budget: int | None, *, is_waiting: bool) -> None:
        now = time.monotonic()
        self._deadline, self._budget = now + seconds, budget
        if is_waiting and not self.is_waiting:
            self.waits_since = now
        self.is_waiting = is_waiting


class ConnectionTable:
    """Every open connection of all listeners, at most `limit`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Take a new connection in, at the cost of the one that waits longest; False when all are being served."""
        with self._lock:
            if len(self._open) >= self._limit:
                waiting = [other for other in self._open if other.is_waiting]
                if not waiting:
                    return False
                longest = min(waiting, key=lambda other: other.waits_since)
                self._open.discard(longest)
                longest.evict()
            self._open.add(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        with self._lock:
            self._open.discard(connection)

    def evict_all(self) -> None:
        """End every connection."""
        with self._lock:
            for connection in self._open:
                connection.evict()
            self._open.clear()

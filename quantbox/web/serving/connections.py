"""One client's connection under deadlines and budgets, and the table of all of them, which is bounded.

A client that connects and says nothing, or says it a byte at a time, must cost the others nothing: every phase of a
request has a deadline, and when the table is full a connection that keeps us waiting makes room: first the one that has
waited longest without having asked for anything, then the one whose body stands still longest. Only when all are truly
being served is a new one refused. The same holds among the connections of one address where these are bounded.
"""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import time
from collections.abc import Iterable
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
#: A body that has not moved for so long may make room for somebody else; the one that stands longest goes first.
STALLED_SECONDS = 0.05


class RequestTooLarge(OSError):
    """The request line and headers are longer than they may be."""


class Connection(io.RawIOBase):
    """What a request is read from: a socket that keeps to the deadline and the budget of the present phase."""

    def __init__(self, client: socket.socket, address: str) -> None:
        super().__init__()
        self.socket = client
        self.address = address
        self.is_waiting = True
        self.is_evicted = False
        self.waits_since = time.monotonic()
        self.reads_since: float | None = None
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
        self.is_evicted = True
        with contextlib.suppress(OSError):  # it may just have ended by itself
            # the plain socket's own: ssl's forgets the encryption first, and what another thread sends then goes in clear
            socket.socket.shutdown(self.socket, socket.SHUT_RDWR)

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
        self.reads_since = time.monotonic()
        try:
            count = self.socket.recv_into(view)
        finally:
            self.reads_since = None
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
    """Every open connection of all listeners.

    Parameters
    ----------
    limit : int
        Of all of them.
    limit_per_address : int, optional
        Of one client's address.
    """

    def __init__(self, limit: int, limit_per_address: int | None = None) -> None:
        self._limit = limit
        self._limit_per_address = limit_per_address or limit
        self._lock = threading.Lock()
        self._open: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Connection) -> bool:
        """Take a new connection in, at the cost of one that keeps us waiting; False when all are being served."""
        with self._lock:
            same_address = [other for other in self._open if other.address == connection.address]
            if len(same_address) >= self._limit_per_address:
                has_room = self._evict_one(same_address)
            else:
                has_room = len(self._open) < self._limit or self._evict_one(self._open)
            if has_room:
                self._open.add(connection)
        return has_room

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

    def _evict_one(self, connections: Iterable[Connection]) -> bool:
        """End the one of `connections` that has kept us waiting longest; False when none does."""
        stalled = time.monotonic() - STALLED_SECONDS
        idle = [(one.waits_since, one) for one in connections if one.is_waiting]
        slow = [(since, one) for one in connections if (since := one.reads_since) is not None and since <= stalled]
        if not idle and not slow:
            return False
        longest = min(idle or slow, key=lambda pair: pair[0])[1]
        self._open.discard(longest)
        longest.evict()
        return True

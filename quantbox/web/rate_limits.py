"""How much one client may ask in a while: token buckets by address on the LAN, and by session for what costs much.

This machine's own programs are not limited by address: the person at the window must not wait because another program
asks a lot, and guesses at secrets are slowed down by user_auth wherever they come from. Nor do signing in and unlocking
count as expensive, though each derives a key: nobody is signed in yet, so all strangers would share what the owner needs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from flask import Flask, current_app, request
from flask_login import current_user

from quantbox.web.csrf import SAFE_METHODS
from quantbox.web.errors import TooManyRequests
from quantbox.web.tls.door import comes_by_lan

__all__ = ["Buckets", "RateLimits", "charge_expensive", "install_rate_limits"]

_EXTENSION = "quantbox.rate_limits"


@dataclass(frozen=True)
class Rate:
    """So many at once, and so many a second in the long run."""

    burst: float
    per_second: float


#: A first page with all its files is about a hundred requests.
ANY_FROM_ADDRESS = Rate(400, 40)
#: Changes nobody is signed in for: signing in, unlocking, pairing.
UNKNOWN_FROM_ADDRESS = Rate(20, 0.5)
#: Backtests, imports, backups, exports, messages sent, passwords derived.
EXPENSIVE_OF_SESSION = Rate(60, 1)
MAX_KEYS = 10_000


class Buckets:
    """One bucket of tokens for every key; a full bucket is the same as none, so only those in use are kept.

    Parameters
    ----------
    rate : Rate
        What a bucket holds, and how fast it fills again.
    monotonic : callable
        Seconds that never go back.
    """

    def __init__(self, rate: Rate, monotonic: Callable[[], float]) -> None:
        self._rate, self._monotonic = rate, monotonic
        self._lock = threading.Lock()
        self._full_at: dict[str, float] = {}

    def take(self, key: str) -> float:
        """Take a token; returns 0, or the seconds until there is one."""
        now, seconds_of_one = self._monotonic(), 1 / self._rate.per_second
        with self._lock:
            if len(self._full_at) >= MAX_KEYS:
                self._full_at = {other: at for other, at in self._full_at.items() if at > now}
            full_at = max(now, self._full_at.get(key, now)) + seconds_of_one
            wait = full_at - now - self._rate.burst * seconds_of_one
            if wait > 1e-9:
                return wait
            if len(self._full_at) < MAX_KEYS or key in self._full_at:
                self._full_at[key] = full_at
            return 0


class RateLimits:
    """The three limits of one application.

    Parameters
    ----------
    monotonic : callable
        Seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._any = Buckets(ANY_FROM_ADDRESS, monotonic)
        self._unknown = Buckets(UNKNOWN_FROM_ADDRESS, monotonic)
        self._expensive = Buckets(EXPENSIVE_OF_SESSION, monotonic)

    def charge_address(self, address: str, *, is_change_of_unknown: bool) -> None:
        """Count a request from the LAN, or raise TooManyRequests."""
        refuse_after(self._any.take(address))
        if is_change_of_unknown:
            refuse_after(self._unknown.take(address))

    def charge_session(self, key: str) -> None:
        """Count an expensive request of a session, or raise TooManyRequests."""
        refuse_after(self._expensive.take(key))


def refuse_after(wait_seconds: float) -> None:
    """Raise where there is something to wait for."""
    if wait_seconds > 0:
        raise TooManyRequests(retry_after_seconds=ceil(wait_seconds))


def install_rate_limits(app: Flask, limits: RateLimits) -> None:
    """Count every request from the LAN by its address."""
    app.extensions[_EXTENSION] = limits

    @app.before_request
    def charge_address() -> None:
        if comes_by_lan():
            is_change_of_unknown = request.method not in SAFE_METHODS and not current_user.is_authenticated
            limits.charge_address(request.remote_addr or "", is_change_of_unknown=is_change_of_unknown)


def charge_expensive() -> None:
    """Count the present request as an expensive one of its session or API token, or of its address where nobody is signed in.

    By their ids: what the cookie holds changes at every step-up, and a stranger may send any cookie.
    """
    limits: RateLimits = current_app.extensions[_EXTENSION]
    signed_in = getattr(current_user, "session_key", "") or getattr(current_user, "token_id", "")
    limits.charge_session(signed_in or f"address {request.remote_addr}")

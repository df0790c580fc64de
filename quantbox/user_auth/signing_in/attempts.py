"""Guesses are slowed down, never locked out for good; the counts outlive the program and need no open vault.

There is one count for each account and known device and one for all unknown devices together, so that whoever guesses
from elsewhere never delays somebody on a device of their own. A device made known by signing in is known for whoever
signed in alone: else every sign-in of a viewer's in a fresh browser would buy five more guesses at the owner's secrets.
The file holds hashes of device cookies, counts and times.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

from quantbox.core.clock import Clock
from quantbox.core.errors import Denied
from quantbox.core.files import write_atomically
from quantbox.core.processes import restrict_to_owner
from quantbox.user_auth.errors import TooManyAttempts
from quantbox.user_auth.random_tokens import hash_of

__all__ = ["Attempts", "DeviceAttempts", "wait_seconds"]

FREE_FAILURES = 5
LONGEST_WAIT_SECONDS = 60

_VERSION = 1
_log = logging.getLogger(__name__)


def wait_seconds(failures: int) -> int:
    """Return how long to wait after so many failures in a row: 1, 2, 4 … 60 seconds from the fifth on."""
    if failures < FREE_FAILURES:
        return 0
    return min(1 << min(failures - FREE_FAILURES, 10), LONGEST_WAIT_SECONDS)


@dataclass
class Count:
    """Failures since the last success, and when the last of them was."""

    failures: int
    last_at: datetime


@dataclass
class Known:
    """A known device: whether it is the program's own window, and whose counts it has of its own; None for everybody's."""

    is_window: bool
    whose: list[str] | None


@dataclass
class Kept:
    """What the file holds: counts, and the known devices."""

    counts: dict[str, Count]
    devices: dict[str, Known]


@dataclass(frozen=True)
class DeviceAttempts:
    """The counts of one device, or of all unknown ones together."""

    counts: Attempts
    device_token: str

    def begin(self, account: str) -> int:
        """Count an attempt as failed until it succeeds, and return 0; or the seconds to wait, see :meth:`Attempts.begin`."""
        return self.counts.begin(account, self.device_token)

    def succeed(self, account: str) -> None:
        """Forget the failures."""
        self.counts.succeed(account, self.device_token)

    def attempt(self, account: str) -> AbstractContextManager[None]:
        """Let one attempt be made inside the block, see :meth:`Attempts.attempt`."""
        return self.counts.attempt(account, self.device_token)


class Attempts:
    """Counts failures and says how long the next attempt has to wait.

    Parameters
    ----------
    file : Path
        Where the counts are kept; its folder is made when absent.
    clock : Clock
        The time of day, for a count outlives the program.
    on_damaged : callable
        Told once when the file cannot be read and is begun anew.
    """

    def __init__(self, file: Path, clock: Clock, on_damaged: Callable[[], None] = lambda: None) -> None:
        self._file, self._clock, self._on_damaged = file, clock, on_damaged
        self._lock = threading.Lock()
        self._kept: Kept | None = None

    # --- attempts ---

    def of_device(self, device_token: str) -> DeviceAttempts:
        """Return the counts of the device whose cookie holds this."""
        return DeviceAttempts(self, device_token)

    def begin(self, account: str, device_token: str) -> int:
        """Count an attempt as failed until :meth:`succeed` says otherwise, and return 0.

        Return the seconds to wait instead where the attempt comes too soon; it is not counted then, and must not be
        told from one that failed by its result. Counting first leaves no gap for attempts made at the same time.
        """
        with self._lock:
            kept, now = self._read(), self._clock.now()
            name = self._name(kept, account, device_token)
            count = kept.counts.setdefault(name, Count(0, now))
            count.last_at = min(count.last_at, now)  # the machine's clock was put back: nobody waits for it to catch up
            wait = count.last_at + timedelta(seconds=wait_seconds(count.failures)) - now
            if wait <= timedelta():
                count.failures += 1
                count.last_at = now
            self._write(kept)  # in either case, for both have to take the same time
            return max(0, ceil(wait.total_seconds()))

    def succeed(self, account: str, device_token: str) -> None:
        """Forget the failures: this attempt was right."""
        with self._lock:
            kept = self._read()
            if kept.counts.pop(self._name(kept, account, device_token), None):
                self._write(kept)

    def take_back(self, account: str, device_token: str) -> None:
        """Uncount an attempt that was never judged."""
        with self._lock:
            kept = self._read()
            count = kept.counts.get(self._name(kept, account, device_token))
            if count is not None:
                count.failures = max(0, count.failures - 1)
                self._write(kept)

    @contextmanager
    def attempt(self, account: str, device_token: str) -> Iterator[None]:
        """Let one attempt be made inside the block; a Denied leaving it counts as a failure.

        Raises
        ------
        TooManyAttempts
            While the wait after the last failure goes on; what is in the block is not tried.
        """
        wait = self.begin(account, device_token)
        if wait:
            raise TooManyAttempts(failures=self.failures(account, device_token), retry_after_seconds=wait)
        try:
            yield
        except Denied:
            raise
        except BaseException:
            self.take_back(account, device_token)
            raise
        self.succeed(account, device_token)

    def failures(self, account: str, device_token: str) -> int:
        """Return the failures since the last success."""
        with self._lock:
            kept = self._read()
            count = kept.counts.get(self._name(kept, account, device_token))
            return count.failures if count else 0

    # --- known devices ---

    def know(self, device_token: str, *, is_window: bool = False, whose: Collection[str] | None = None) -> None:
        """Give the device a count of its own, for these people or for everybody; there is one window at a time."""
        with self._lock:
            kept, key = self._read(), hash_of(device_token)
            before = kept.devices.get(key)
            everybody = whose is None or (before is not None and before.whose is None)
            known = Known(is_window, None if everybody else sorted({*(whose or ()), *((before and before.whose) or ())}))
            if known == before:
                return
            if is_window:
                kept.devices = {other: one for other, one in kept.devices.items() if not one.is_window}
            kept.devices[key] = known
            self._write(kept)

    def knows(self, device_token: str) -> bool:
        """Return whether the device has a count of its own."""
        with self._lock:
            return bool(device_token) and hash_of(device_token) in self._read().devices

    def is_window(self, device_token: str) -> bool:
        """Return whether the device has held the launch token of the program's own window."""
        with self._lock:
            known = self._read().devices.get(hash_of(device_token)) if device_token else None
            return known is not None and known.is_window

    def forget(self, device_key: str) -> None:
        """Count the device with this hash among the unknown from now on."""
        with self._lock:
            kept = self._read()
            if kept.devices.pop(device_key, None) is not None:
                kept.counts = {name: count for name, count in kept.counts.items() if not name.endswith(device_key)}
                self._write(kept)

    # --- the file ---

    def _name(self, kept: Kept, account: str, device_token: str) -> str:
        key = hash_of(device_token)
        known = kept.devices.get(key) if device_token else None
        is_own = known is not None and (known.whose is None or account.rpartition(":")[2] in known.whose)
        return f"{account} {key if is_own else 'unknown'}"

    def _read(self) -> Kept:
        if self._kept is None:
            try:
                self._kept = parse(json.loads(self._file.read_text(encoding="utf-8")))
            except FileNotFoundError:
                self._kept = Kept({}, {})
            except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError) as problem:
                _log.warning("%s cannot be used (%s); counting begins anew", self._file.name, type(problem).__name__)
                self._kept = Kept({}, {})
                self._on_damaged()
        return self._kept

    def _write(self, kept: Kept) -> None:
        if not self._file.parent.is_dir():
            self._file.parent.mkdir(parents=True)
            restrict_to_owner(self._file.parent)
        counts = {name: [count.failures, count.last_at.timestamp()] for name, count in kept.counts.items()}
        devices = {key: [known.is_window, known.whose] for key, known in kept.devices.items()}
        content = {"version": _VERSION, "counts": counts, "devices": devices}
        write_atomically(self._file, json.dumps(content, indent=1).encode())


def parse(content: dict[str, Any]) -> Kept:
    """Return what the file says; raises one of several errors where it says nothing sensible."""
    if content["version"] != _VERSION:
        raise ValueError("another version")
    counts = {
        str(name): Count(int(failures), datetime.fromtimestamp(float(last_at), UTC))
        for name, (failures, last_at) in content["counts"].items()
    }
    devices = {
        str(key): Known(bool(is_window), None if whose is None else [str(one) for one in whose])
        for key, (is_window, whose) in content["devices"].items()
    }
    return Kept(counts, devices)

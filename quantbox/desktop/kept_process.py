"""A process the supervisor keeps running: started, spoken to, started again when it dies."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from quantbox.core.files import open_private_log
from quantbox.core.processes import Process, end_process, process_alive, spawn
from quantbox.core.processes.control import ControlChannel, PeerSilent

__all__ = ["KeptProcess"]

_LOG_BYTES = 1 << 20
_STOP_SECONDS = 5.0
#: Seconds before the next start after 1, 2, 3 … deaths within a minute. Five seconds without a process are the most a
#: page may see, and a start takes about one; one that never got ready waits longer, since only a cure would help it.
_DELAYS_AFTER_WORK = (0.1, 0.1, 0.1, 0.5, 1.0, 2.0, 3.0)
_DELAYS_BEFORE_READY = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_DEATHS_COUNT_FOR_SECONDS = 60.0


class KeptProcess:
    """One process of the program.

    Parameters
    ----------
    name : str
        "web" or "worker".
    command : sequence of str
        Starts it.
    log_file : Path
        Takes its error stream; the file before it is kept as ``.1``.
    register : callable
        Puts the supervisor's handlers on a new control channel.
    """

    def __init__(self, name: str, command: Sequence[str], log_file: Path, register: Callable[[ControlChannel], None]) -> None:
        self.name = name
        self.log_file = log_file
        self.was_ever_ready = False
        self.failed_starts = 0
        self.last_exit: int | None = None
        self._command, self._register = command, register
        self._process: Process | None = None
        self._channel: ControlChannel | None = None
        self._is_ready = False
        self._is_wanted = False
        self._start_at = 0.0
        self._deaths: deque[float] = deque(maxlen=64)
        self._restarts = 0
        self._lock = threading.RLock()

    @property
    def pid(self) -> int | None:
        """Its process id; None while it is not running."""
        process = self._process
        return None if process is None else process.pid

    def is_alive(self) -> bool:
        """Return whether it runs."""
        process = self._process
        return process is not None and process_alive(process.pid)

    def start(self) -> None:
        """Start it, and keep it running from now on."""
        with self._lock:
            self._is_wanted, self.failed_starts = True, 0
            if self._process is None:
                self._start()

    def mark_ready(self) -> None:
        """Note that it does its work."""
        self._is_ready = self.was_ever_ready = True
        self.failed_starts = 0

    def request(self, method: str, *, timeout_seconds: float, **parameters: Any) -> Any:
        """Ask it; raises PeerSilent when it is not there."""
        channel = self._channel
        if channel is None:
            raise PeerSilent(method=method)
        return channel.request(method, timeout_seconds=timeout_seconds, **parameters)

    def tend(self) -> None:
        """Start it again when it died and its time has come; called every moment by the supervisor."""
        with self._lock:
            self._turn_log_over()
            if self._process is not None and not process_alive(self._process.pid):
                self._bury(0)
                if self._is_wanted:
                    self._plan_restart()
            if self._is_wanted and self._process is None and time.monotonic() >= self._start_at:
                self._restarts += 1
                self._start()

    def stop(self, grace_seconds: float = _STOP_SECONDS) -> None:
        """End it: it sees the end of its input and may finish what it does for a moment."""
        with self._lock:
            self._is_wanted = False
            if self._process is not None:
                self._bury(grace_seconds)

    def kill(self) -> None:
        """End it at once; it is started again."""
        with self._lock:
            if self._process is not None:
                self._bury(0)
                self._plan_restart()

    def describe(self) -> dict[str, Any]:
        """Return what the doctor tells about it."""
        waits = self._start_at - time.monotonic() if self._is_wanted and self._process is None else 0.0
        return {
            "name": self.name,
            "pid": self.pid,
            "ready": self._is_ready,
            "restarts": self._restarts,
            "recent_deaths": self._recent_deaths(),
            "starts_in_seconds": round(max(0.0, waits), 1),
        }

    def _start(self) -> None:
        self._turn_log_over()
        with open_private_log(self.log_file) as log:
            self._process = spawn(self._command, stderr=log)
        # spawn made both pipes
        self._channel = ControlChannel(self._process.stdout, self._process.stdin, self.name)  # type: ignore[arg-type]
        self._register(self._channel)
        self._channel.start()

    def _turn_log_over(self) -> None:
        """Keep a full log as ``.1`` and begin anew; its writer appends to the same file and notices nothing."""
        try:
            if self.log_file.stat().st_size <= _LOG_BYTES:
                return
            before = self.log_file.with_suffix(".log.1")
            with open_private_log(before) as kept:
                kept.truncate(0)
                kept.write(self.log_file.read_bytes()[-_LOG_BYTES:])
            os.truncate(self.log_file, 0)
        except OSError:  # not there yet; or the disk is full, and the log grows for a moment longer
            return

    def _bury(self, grace_seconds: float) -> None:
        process, channel = self._process, self._channel
        self._process, self._channel = None, None
        self._is_ready, was_ready = False, self._is_ready
        if not was_ready:
            self.failed_starts += 1
        if channel is not None:
            channel.close()
        if process is not None:
            self.last_exit = end_process(process, grace_seconds)

    def _plan_restart(self) -> None:
        self._deaths.append(time.monotonic())
        delays, count = (
            (_DELAYS_BEFORE_READY, self.failed_starts) if self.failed_starts else (_DELAYS_AFTER_WORK, self._recent_deaths())
        )
        self._start_at = time.monotonic() + delays[min(count, len(delays)) - 1]

    def _recent_deaths(self) -> int:
        since = time.monotonic() - _DEATHS_COUNT_FOR_SECONDS
        return sum(died_at >= since for died_at in self._deaths)

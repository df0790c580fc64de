"""The process that rotates the keys while nobody else has the store open: started, listened to, ended by the supervisor."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quantbox.core.processes import Process, end_process, spawn
from quantbox.core.processes.control import ControlChannel

__all__ = ["MOST_SECONDS", "RotationProcess"]

#: Far more than the largest store needs on the slowest disk; a process that hangs is ended then.
MOST_SECONDS = 3600.0
_GRACE_SECONDS = 5.0
#: Stages come many times a second; pages ask once.
_BEGINNING = {"stage": "starting", "fraction": 0.0}


class RotationProcess:
    """One rotation at a time.

    Parameters
    ----------
    command : sequence of str
        Starts the process.
    log_file : Path
        Takes its error stream.
    """

    def __init__(self, command: Sequence[str], log_file: Path) -> None:
        self._command, self._log_file = command, log_file
        self._process: Process | None = None
        self._lock = threading.Lock()
        #: Stage and fraction; None while no rotation runs.
        self.progress: dict[str, Any] | None = None

    def begin(self) -> None:
        """Say that a rotation begins, before its process does."""
        self.progress = dict(_BEGINNING)

    def run(self, **request: Any) -> dict[str, Any]:
        """Start the process, ask it, and return its answer once it has ended.

        Raises
        ------
        QuantBoxError
            It refused.
        PeerSilent
            It died, or was ended.
        """
        with self._log_file.open("ab") as log:
            process = spawn(self._command, stderr=log)
        with self._lock:
            self._process = process
        # spawn made both pipes
        channel = ControlChannel(process.stdout, process.stdin, "rotation")  # type: ignore[arg-type]
        channel.on("progress", self._hear)
        channel.start()
        try:
            answer: dict[str, Any] = channel.request("rotate", timeout_seconds=MOST_SECONDS, **request)
        finally:
            channel.close()
            self.end()
        return answer

    def finish(self) -> None:
        """Say that the rotation has ended."""
        self.progress = None

    def end(self) -> None:
        """End the process if it runs."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            end_process(process, _GRACE_SECONDS)

    def _hear(self, stage: str, fraction: float) -> None:
        before = self.progress
        if before is not None and fraction >= before["fraction"]:  # each is heard on a thread of its own
            self.progress = {"stage": stage, "fraction": fraction}

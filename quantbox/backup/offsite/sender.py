"""The two threads of the worker that send: objects within seconds, copies of backups, which may take hours, beside them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

__all__ = ["OBJECT_SECONDS", "SenderThread"]

_log = logging.getLogger(__name__)

#: How often it is looked whether something waits; a look is a few short queries where nothing does.
OBJECT_SECONDS = 5.0


class SenderThread:
    """Calls `send` again and again.

    Parameters
    ----------
    send : callable
        Sends what waits; failures it knows are noted by itself.
    """

    def __init__(self, name: str, send: Callable[[], None], every_seconds: float = OBJECT_SECONDS) -> None:
        self._send, self._every_seconds = send, every_seconds
        self._thread = threading.Thread(target=self._loop, name=f"offsite-{name}", daemon=True)
        self._stopped = threading.Event()

    def start(self) -> None:
        """Send now and then."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after what is being sent."""
        self._stopped.set()
        self._thread.join()

    def _loop(self) -> None:
        while True:
            try:
                self._send()
            except Exception as fault:  # noqa: BLE001 - the edge of this thread: a lock or a full disk may be gone at the next look
                _log.warning("sending to the other place failed (%s) and is tried again", type(fault).__name__)
            if self._stopped.wait(self._every_seconds):
                return

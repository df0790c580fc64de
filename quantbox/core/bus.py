"""The event bus inside one process, and the seam under which processes talk to each other.

A bus carries news (progress, quotes, changed states) and never truth: a lost message may delay a picture,
it never changes a fact, because every fact is read from the database.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["Bus", "Handler", "LocalBus", "Subscription"]

#: Called with the topic and the message.
Handler = Callable[[str, dict[str, Any]], None]

_log = logging.getLogger(__name__)


class Subscription(Protocol):
    """A handler's place on a bus."""

    def close(self) -> None:
        """Stop calling the handler; closing twice is harmless."""
        ...


class Bus(Protocol):
    """What services ask for to tell and hear news."""

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Send `message` to everybody who subscribed to a prefix of `topic`; never fails for lack of listeners."""
        ...

    def subscribe(self, prefix: str, handler: Handler) -> Subscription:
        """Call `handler` for every message whose topic starts with `prefix`, until the subscription is closed."""
        ...


class LocalBus:
    """A bus within one process: handlers run in the publisher's thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: tuple[_Place, ...] = ()

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Call the handlers of every matching subscription, in the order in which they subscribed."""
        for place in self._places:
            if topic.startswith(place.prefix):
                try:
                    place.handler(topic, message)
                except Exception:  # noqa: BLE001 - an edge: a listener's fault must not stop the work it is told about
                    _log.exception("a handler of %s failed", place.prefix)

    def subscribe(self, prefix: str, handler: Handler) -> Subscription:
        """Add `handler` for every topic that starts with `prefix`."""
        place = _Place(self, prefix, handler)
        with self._lock:
            self._places = (*self._places, place)
        return place

    def _remove(self, place: _Place) -> None:
        with self._lock:
            self._places = tuple(other for other in self._places if other is not place)


class _Place:
    def __init__(self, bus: LocalBus, prefix: str, handler: Handler) -> None:
        self.prefix = prefix
        self.handler = handler
        self._bus = bus

    def close(self) -> None:
        self._bus._remove(self)

"""The socket hub: pages hear news of what they asked for; nothing can be changed through a socket.

flask-sock and simple-websocket know no origins, no locks around sending and no limits (their releases 0.7.0 and 1.1.0),
so each socket is wrapped: the origin and the session are checked before the upgrade, one lock lets only whole frames
out, messages and their number are bounded, and a socket closes when its session ends.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, cast

from flask import Flask, current_app, request
from flask_login import current_user
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server

from quantbox.core.bus import Bus, Subscription
from quantbox.web.api import API_PREFIX
from quantbox.web.cookies import bearer_token
from quantbox.web.csrf import check_origin
from quantbox.web.errors import CrossSiteRefused, SignInNeeded, TokenUnsuitable, TooManySockets, VaultLocked
from quantbox.web.state import program_state

__all__ = ["EVENTS_PATH", "LockedSocket", "close_sockets", "install_sockets"]

EVENTS_PATH = f"{API_PREFIX}/events"
#: Topics a page may ask for; every one of them carries only what its owner may see.
OPEN_TOPICS = ("jobs.",)
MAX_SOCKETS_OF_SESSION = 20
MAX_MESSAGE_BYTES = 1024 * 1024
MAX_SUBSCRIPTIONS = 20
MAX_WAITING_NEWS = 1000
FIRST_MESSAGE_SECONDS = 10.0
CHECK_SECONDS = 2.0
SEND_SECONDS = 10.0

_HUB = "quantbox.sockets"
_log = logging.getLogger(__name__)


class LockedSocket:
    """A connection on which every send is whole and alone: pings and news come from different threads."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()
        connection.settimeout(SEND_SECONDS)

    def send(self, data: bytes) -> int:
        """Send all of `data` before anybody else may send."""
        with self._sending:
            self._connection.sendall(data)
        return len(data)

    def recv(self, size: int) -> bytes:
        """Return what has come; waiting is the selector's part."""
        return self._connection.recv(size)

    def fileno(self) -> int:
        """Return the descriptor the selector waits on."""
        return self._connection.fileno()

    def close(self) -> None:
        """End the connection; the server closes the descriptor when its request ends."""
        with contextlib.suppress(OSError):  # the other side was faster
            # the plain socket's own: ssl's forgets the encryption first, and what another thread sends then goes in clear
            socket.socket.shutdown(self._connection, socket.SHUT_RDWR)


class Place:
    """One page's socket on the hub."""

    def __init__(self, session_key: str) -> None:
        self.session_key = session_key
        self.news: queue.Queue[str | None] = queue.Queue(MAX_WAITING_NEWS)
        self.subscriptions: list[Subscription] = []

    def hear(self, topic: str, message: dict[str, Any]) -> None:
        """Queue one piece of news; a page too slow to take it loses it, and reads the facts through the API."""
        try:
            self.news.put_nowait(json.dumps({"topic": topic, "message": message}, ensure_ascii=False))
        except queue.Full:
            _log.warning("a page is too slow for its news; %s was dropped", topic)

    def end(self) -> None:
        """Let the socket's thread close it."""
        try:
            self.news.put_nowait(None)
        except queue.Full:
            self.news.get_nowait()
            self.news.put_nowait(None)


class Hub:
    """All open sockets, by session."""

    def __init__(self, is_alive: Callable[[str], bool]) -> None:
        self.is_alive = is_alive
        self._lock = threading.Lock()
        self._places: set[Place] = set()

    def open(self, session_key: str) -> Place:
        """Give the session one more socket, or refuse it."""
        place = Place(session_key)
        with self._lock:
            if sum(other.session_key == session_key for other in self._places) >= MAX_SOCKETS_OF_SESSION:
                raise TooManySockets(maximum=MAX_SOCKETS_OF_SESSION)
            self._places.add(place)
        return place

    def leave(self, place: Place) -> None:
        """Forget a socket that has closed."""
        for subscription in place.subscriptions:
            subscription.close()
        with self._lock:
            self._places.discard(place)

    def close(self, session_key: str | None) -> None:
        """Close the sockets of one session, or all."""
        with self._lock:
            ending = [place for place in self._places if session_key in (None, place.session_key)]
        for place in ending:
            place.end()


def close_sockets(session_key: str | None) -> None:
    """Close the sockets of the session that has ended; all of them for None."""
    cast("Hub", current_app.extensions[_HUB]).close(session_key)


def install_sockets(app: Flask, is_alive: Callable[[str], bool], bus: Callable[[], Bus | None]) -> None:
    """Add the one socket address.

    Parameters
    ----------
    is_alive : callable
        Whether the session with this key goes on; asked every two seconds while a socket is open.
    bus : callable
        Returns the bus of the open store, None while it is locked.
    """
    hub = app.extensions[_HUB] = Hub(is_alive)
    app.config["SOCK_SERVER_OPTIONS"] = {
        # 16384 is the size of a TLS record: less would leave bytes unseen inside the TLS buffer until the next ping
        "receive_bytes": 16384,
        "ping_interval": 25,
        "max_message_size": MAX_MESSAGE_BYTES,
    }
    sock = Sock(app)

    @app.before_request
    def admit_socket() -> None:
        if request.path != EVENTS_PATH or request.environ.get("HTTP_UPGRADE", "").lower() != "websocket":
            return
        if "Origin" not in request.headers:
            raise CrossSiteRefused(check="origin")
        check_origin()
        if program_state().services is None:
            raise VaultLocked
        if bearer_token() is not None:
            raise TokenUnsuitable
        if not current_user.is_authenticated:
            raise SignInNeeded
        request.environ["quantbox.place"] = hub.open(current_user.session_key)
        request.environ["werkzeug.socket"] = LockedSocket(request.environ["werkzeug.socket"])

    @sock.route(EVENTS_PATH)  # type: ignore[untyped-decorator]  # flask-sock has no types
    def push_events(connection: Server) -> None:
        place: Place = request.environ["quantbox.place"]
        open_bus = bus()
        if open_bus is not None:
            push_news(connection, hub, place, open_bus)

    @app.teardown_request
    def free_place(_error: BaseException | None) -> None:
        place = request.environ.get("quantbox.place")
        if place is not None:
            hub.leave(place)


def push_news(connection: Server, hub: Hub, place: Place, bus: Bus) -> None:
    """Subscribe to what the page asks for first, then send news until one of the two sides ends."""
    for prefix in read_subscription(connection.receive(FIRST_MESSAGE_SECONDS)):
        place.subscriptions.append(bus.subscribe(prefix, place.hear))
    next_check = 0.0
    try:
        while connection.connected:
            if time.monotonic() >= next_check:
                if not hub.is_alive(place.session_key):
                    break
                next_check = time.monotonic() + CHECK_SECONDS
            with contextlib.suppress(queue.Empty):
                news = place.news.get(timeout=CHECK_SECONDS)
                if news is None:
                    break
                connection.send(news)
    except (ConnectionClosed, OSError):
        pass  # the page went away


def read_subscription(message: str | bytes | None) -> list[str]:
    """Return the prefixes a page's first message names, of those it may ask for."""
    try:
        asked = json.loads(message or "{}")["subscribe"]
    except (ValueError, KeyError, TypeError):
        return []
    if not isinstance(asked, list):
        return []
    return [prefix for prefix in asked[:MAX_SUBSCRIPTIONS] if isinstance(prefix, str) and prefix.startswith(OPEN_TOPICS)]

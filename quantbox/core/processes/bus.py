"""The event bus between the program's processes: ZeroMQ on 127.0.0.1 under CURVE encryption.

The supervisor runs the forwarder; every other process publishes to it and hears from it. Only a process that was
given the keys by its inherited pipe can take part, so another user of the machine can neither read nor forge news.
Messages are JSON: nothing received is ever executed.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from dataclasses import asdict, dataclass, field
from typing import Any

import zmq

from quantbox.core.bus import Handler, LocalBus, Subscription

__all__ = ["BusAddress", "Forwarder", "ProcessBus"]

_log = logging.getLogger(__name__)

#: Messages that wait for a slow process before the oldest news is dropped: pictures may be late, memory is bounded.
_MOST_WAITING = 10_000


@dataclass(frozen=True)
class BusAddress:
    """How a process reaches the forwarder; handed over by pipe.

    Attributes
    ----------
    publish_to, subscribe_to : str
        Addresses on 127.0.0.1.
    server_key : str
        The forwarder's long-term CURVE key in Z85. A client cannot even say hello without it, and it is told only
        by pipe, so here the public half serves as the program's shared secret.
    """

    publish_to: str
    subscribe_to: str
    server_key: str = field(repr=False)

    def to_pipe(self) -> dict[str, str]:
        """Return the address as it travels through an inherited pipe."""
        return asdict(self)

    @classmethod
    def from_pipe(cls, sent: dict[str, str]) -> BusAddress:
        """Return the address that came through an inherited pipe."""
        return cls(**sent)


class Forwarder:
    """Passes every message on to all subscribers; runs in a thread of the supervisor, with fresh keys each time."""

    def __init__(self) -> None:
        self._context = zmq.Context()
        server_public, server_secret = zmq.curve_keypair()
        from_publishers = self._listen(zmq.XSUB, server_secret)
        to_subscribers = self._listen(zmq.XPUB, server_secret)
        self._stop = self._context.socket(zmq.PAIR)
        stopped = self._context.socket(zmq.PAIR)
        self._stop.bind("inproc://forwarder-stop")
        stopped.connect("inproc://forwarder-stop")
        self.address = BusAddress(
            publish_to=from_publishers.getsockopt_string(zmq.LAST_ENDPOINT),
            subscribe_to=to_subscribers.getsockopt_string(zmq.LAST_ENDPOINT),
            server_key=server_public.decode(),
        )
        sockets = (from_publishers, to_subscribers, stopped)
        self._thread = threading.Thread(target=_forward, args=sockets, name="bus-forwarder", daemon=True)
        self._thread.start()

    def _listen(self, kind: int, secret_key: bytes) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.curve_server = True
        socket.curve_secretkey = secret_key
        socket.setsockopt(zmq.SNDHWM, _MOST_WAITING)
        socket.setsockopt(zmq.LINGER, 0)
        socket.bind("tcp://127.0.0.1:*")
        return socket

    def close(self) -> None:
        """Stop forwarding."""
        self._stop.send(b"")
        self._thread.join()
        self._stop.close()
        self._context.term()


def _forward(from_publishers: zmq.Socket[bytes], to_subscribers: zmq.Socket[bytes], stopped: zmq.Socket[bytes]) -> None:
    """Pass messages down and subscriptions up until told to stop."""
    poller = zmq.Poller()
    for socket in (from_publishers, to_subscribers, stopped):
        poller.register(socket, zmq.POLLIN)
    while True:
        ready = dict(poller.poll())
        if stopped in ready:
            break
        if from_publishers in ready:
            to_subscribers.send_multipart(from_publishers.recv_multipart())
        if to_subscribers in ready:
            from_publishers.send_multipart(to_subscribers.recv_multipart())
    for socket in (from_publishers, to_subscribers, stopped):
        socket.close()


class ProcessBus:
    """The place of this process on the bus.

    Handlers run in one thread of the bus, in order of arrival; a message of this process comes back to it too.

    Parameters
    ----------
    address : BusAddress
        As the supervisor sent it.
    """

    def __init__(self, address: BusAddress) -> None:
        self._handlers = LocalBus()
        self._context = zmq.Context()
        self._publisher = self._connect(zmq.PUB, address.publish_to, address)
        self._subscriber = self._connect(zmq.SUB, address.subscribe_to, address)
        # everything is heard and matched here: a subscription that had to travel first could miss the next message
        self._subscriber.setsockopt(zmq.SUBSCRIBE, b"")
        self._outgoing: queue.Queue[list[bytes] | None] = queue.Queue(maxsize=_MOST_WAITING)
        self._sender = threading.Thread(target=self._send, name="bus-sender", daemon=True)
        self._receiver = threading.Thread(target=self._receive, name="bus-receiver", daemon=True)
        self._stop, self._stopped = self._context.socket(zmq.PAIR), self._context.socket(zmq.PAIR)
        self._stop.bind("inproc://bus-stop")
        self._stopped.connect("inproc://bus-stop")
        self._sender.start()
        self._receiver.start()

    def _connect(self, kind: int, place: str, address: BusAddress) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.curve_serverkey = address.server_key.encode()
        socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
        socket.setsockopt(zmq.SNDHWM, _MOST_WAITING)
        socket.setsockopt(zmq.RCVHWM, _MOST_WAITING)
        socket.setsockopt(zmq.LINGER, 200)  # milliseconds for the last messages when the process ends
        socket.setsockopt(zmq.RECONNECT_IVL_MAX, 1000)
        socket.connect(place)
        return socket

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Send `message` to everybody who subscribed to a prefix of `topic`; drops it when nothing moves any more."""
        content = json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=str).encode()
        try:
            self._outgoing.put_nowait([topic.encode(), content])
        except queue.Full:
            _log.warning("the bus is stuck; news of %s is dropped", topic)

    def subscribe(self, prefix: str, handler: Handler) -> Subscription:
        """Call `handler` for every message whose topic starts with `prefix`."""
        return self._handlers.subscribe(prefix, handler)

    def close(self) -> None:
        """Leave the bus."""
        self._outgoing.put(None)
        self._sender.join()
        self._stop.send(b"")
        self._receiver.join()
        self._stop.close()
        self._context.term()

    def _send(self) -> None:
        # a ZeroMQ socket belongs to one thread: this one
        while (parts := self._outgoing.get()) is not None:
            self._publisher.send_multipart(parts)
        self._publisher.close()

    def _receive(self) -> None:
        poller = zmq.Poller()
        poller.register(self._subscriber, zmq.POLLIN)
        poller.register(self._stopped, zmq.POLLIN)
        while self._stopped not in dict(poller.poll()):
            topic, content = self._subscriber.recv_multipart()
            self._handlers.publish(topic.decode(), json.loads(content))
        self._subscriber.close()
        self._stopped.close()

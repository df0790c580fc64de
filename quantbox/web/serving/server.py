"""The HTTP server: Werkzeug's threaded server held to what a server outside development has to do.

Werkzeug gives flask-sock its socket and a thread to every connection, so nothing one request computes holds up another.
Added here: TLS handshakes in the connection's own thread (stock Werkzeug makes everybody wait for a silent client),
deadlines, a bound on connections, requests one after another on one connection, bodies of a known length only, and an
end. docs/adr says why no other server was taken.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, cast

from werkzeug.serving import ThreadedWSGIServer

from quantbox.web.errors import ListenerUnavailable
from quantbox.web.serving.connections import HANDSHAKE_SECONDS, Connection, ConnectionTable
from quantbox.web.serving.requests import RequestHandler, WsgiApp

__all__ = ["LOCAL_HOSTS", "Server"]

LOCAL_HOSTS = ("127.0.0.1", "::1")
MAX_CONNECTIONS = 200
PORT_TRIES = 20

_FULL_ANSWER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
_log = logging.getLogger(__name__)


class TlsSocket(ssl.SSLSocket):
    """A client's side of TLS; one whose client is gone before it is made is lost to everybody, and closes itself."""

    def __del__(self) -> None:
        self.close()


class Listener(ThreadedWSGIServer):
    """One listening address; a thread for every connection it takes."""

    def __init__(self, host: str, port: int, app: WsgiApp, table: ConnectionTable, admits: Callable[[str], bool]) -> None:
        self._table, self._admits = table, admits
        # Windows would let another program take over the port
        self.allow_reuse_address = sys.platform != "win32"
        super().__init__(host, port, cast("Any", app), RequestHandler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Return whether this client may speak at all; one that may not is hung up on before any handshake."""
        del request
        return self._admits(client_address[0])

    def server_bind(self) -> None:
        """Bind without looking up this machine's name, which may take seconds."""
        try:
            if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            if self.address_family == socket.AF_INET6:
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            socketserver.TCPServer.server_bind(self)
        except OSError as error:
            raise ListenerUnavailable(host=self.host, port=self.port, cause=error.strerror or str(error)) from error
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Give the connection a thread, or refuse it when all that are open are being served."""
        connection = Connection(request, client_address[0])
        if not self._table.admit(connection):
            with contextlib.suppress(OSError):
                request.settimeout(0.1)
                request.sendall(_FULL_ANSWER if self.ssl_context is None else b"")
            self.shutdown_request(request)
            return
        threading.Thread(
            target=self.serve_connection, args=(connection, client_address), name="web-connection", daemon=True
        ).start()

    def serve_connection(self, connection: Connection, client_address: Any) -> None:
        """Serve one connection to its end, in its own thread."""
        try:
            if self.ssl_context is not None:
                self._shake_hands(connection, self.ssl_context)
            RequestHandler(cast("Any", connection), client_address, self)
        except OSError:
            pass  # no handshake in time, or the client went away
        except Exception as error:  # noqa: BLE001 - the edge of a thread: one connection's fault stays its own
            _log.error("a connection failed with %s", type(error).__name__)
        finally:
            self._table.leave(connection)
            self.shutdown_request(connection.socket)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - Werkzeug's signature
        """Say nothing of single connections: a client that hung up is no fault, and its address stays out of the log."""

    def _shake_hands(self, connection: Connection, tls: ssl.SSLContext) -> None:
        connection.socket.settimeout(HANDSHAKE_SECONDS)
        # Told apart from wrapping, which skips the handshake with a client that is gone and would then speak in clear.
        connection.socket = tls.wrap_socket(connection.socket, server_side=True, do_handshake_on_connect=False)
        if connection.is_evicted:
            raise ConnectionAbortedError  # it was ended on the socket that wrapping took apart
        connection.socket.do_handshake()


class Server:
    """The program's server on some of this machine's addresses.

    Parameters
    ----------
    app : WSGI application
        Answers the requests.
    port : int
        The same on every host; 0 takes a free one.
    hosts : sequence of str
        Addresses to listen on; an IPv6 address the machine does not have is left out.
    tls : ssl.SSLContext, optional
        Serves HTTPS.
    max_connections : int
        Of all hosts together.
    max_connections_per_address : int, optional
        Of one client's address.
    admits : callable
        Whether a client of this address may connect.
    """

    def __init__(
        self,
        app: WsgiApp,
        *,
        port: int = 0,
        hosts: Sequence[str] = LOCAL_HOSTS,
        tls: ssl.SSLContext | None = None,
        max_connections: int = MAX_CONNECTIONS,
        max_connections_per_address: int | None = None,
        admits: Callable[[str], bool] = lambda _address: True,
    ) -> None:
        self._table = ConnectionTable(max_connections, max_connections_per_address)
        self._app, self._tls, self._admits = app, of_own_sockets(tls), admits
        self._threads: dict[Listener, threading.Thread] = {}
        self._listeners = self._listen(hosts, port)
        self.port = self._listeners[0].port if self._listeners else port

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        return f"{'http' if self._tls is None else 'https'}://localhost:{self.port}"

    @property
    def hosts(self) -> tuple[str, ...]:
        """The addresses that are listened on."""
        return tuple(listener.host for listener in self._listeners)

    def start(self) -> None:
        """Serve in threads of their own; returns at once."""
        for listener in self._listeners:
            self._start(listener)

    def stop(self) -> None:
        """Take no more connections and end those there are; returns when the listeners are closed."""
        for listener in self._listeners:
            self._close(listener)
        self._table.evict_all()

    def use_tls(self, tls: ssl.SSLContext) -> None:
        """Show another certificate from the next connection on."""
        self._tls = of_own_sockets(tls)
        for listener in self._listeners:
            listener.ssl_context = self._tls

    def listen_on(self, hosts: Sequence[str]) -> None:
        """Serve on these addresses instead, on the same port; what stays is not interrupted.

        Raises
        ------
        ListenerUnavailable
            Some of the new addresses cannot be listened on; the others are.
        """
        gone = [listener for listener in self._listeners if listener.host not in hosts]
        self._listeners = [listener for listener in self._listeners if listener.host in hosts]
        for listener in gone:
            self._close(listener)
        refused: ListenerUnavailable | None = None
        for host in hosts:
            if host not in self.hosts:
                try:
                    listener = self._open(host, self.port)
                except ListenerUnavailable as refusal:
                    refused = refusal
                    continue
                self._listeners.append(listener)
                self._start(listener)
        if refused is not None:
            raise refused

    def _start(self, listener: Listener) -> None:
        thread = threading.Thread(
            target=listener.serve_forever, kwargs={"poll_interval": 0.1}, name=f"web-{listener.host}", daemon=True
        )
        thread.start()
        self._threads[listener] = thread

    def _close(self, listener: Listener) -> None:
        thread = self._threads.pop(listener, None)
        if thread is None:
            listener.server_close()
        else:
            listener.shutdown()
            thread.join()

    def _listen(self, hosts: Sequence[str], port: int) -> list[Listener]:
        # a port that is free on the first host may be taken on the second
        for _ in range(0 if port else PORT_TRIES):
            with contextlib.suppress(ListenerUnavailable):
                return self._listen_on(hosts, port)
        return self._listen_on(hosts, port)

    def _listen_on(self, hosts: Sequence[str], port: int) -> list[Listener]:
        listeners: list[Listener] = []
        try:
            for host in hosts:
                if ":" not in host or has_ipv6(host):
                    listeners.append(self._open(host, port))
                    port = listeners[0].port
        except ListenerUnavailable:
            for listener in listeners:
                listener.server_close()
            raise
        return listeners

    def _open(self, host: str, port: int) -> Listener:
        listener = Listener(host, port, self._app, self._table, self._admits)
        # set afterwards: Werkzeug would wrap the listening socket and shake hands while accepting
        listener.ssl_context = self._tls
        return listener


def of_own_sockets(tls: ssl.SSLContext | None) -> ssl.SSLContext | None:
    """Let the context make sockets that close themselves."""
    if tls is not None:
        tls.sslsocket_class = TlsSocket
    return tls


def has_ipv6(host: str) -> bool:
    """Return whether this machine has the IPv6 address `host`."""
    if not socket.has_ipv6:
        return False
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True

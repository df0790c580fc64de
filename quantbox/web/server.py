"""The HTTP server: Werkzeug's threaded server held to what a server outside development has to do.

Werkzeug gives flask-sock its socket and a thread to every connection, so nothing one request computes holds up another.
Added here: TLS handshakes in the connection's own thread (stock Werkzeug makes everybody wait for a silent client),
deadlines, a bound on connections, requests one after another on one connection, bodies of a known length only, and an
end. docs/adr says why no other server was taken.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from http import HTTPStatus
from typing import Any, cast

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from quantbox.web.connections import HANDSHAKE_SECONDS, SEND_SECONDS, Connection, ConnectionTable, RequestTooLarge
from quantbox.web.errors import ListenerUnavailable

__all__ = ["LOCAL_HOSTS", "Server"]

LOCAL_HOSTS = ("127.0.0.1", "::1")
MAX_CONNECTIONS = 200
#: Unread rest of a refused body that is taken off the line, so that the client sees the answer.
DRAIN_BYTES = 1024 * 1024
PORT_TRIES = 20

_FULL_ANSWER = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
_log = logging.getLogger(__name__)

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class RequestHandler(WSGIRequestHandler):
    """Reads requests off one connection and lets the application answer them."""

    server: Listener
    protocol_version = "HTTP/1.1"
    rfile: io.BufferedReader

    def setup(self) -> None:
        """Read through the connection's deadlines; write straight to the socket."""
        self.incoming = cast("Connection", self.request)
        self.connection = self.incoming.socket
        self.connection.settimeout(SEND_SECONDS)
        self.rfile = io.BufferedReader(self.incoming, 16 * 1024)
        self.wfile = cast("io.BufferedIOBase", Outgoing(self.connection))

    def finish(self) -> None:
        """Leave closing to the listener."""

    def handle_one_request(self) -> None:
        """Read and answer one request; any way of ending early ends the connection."""
        try:
            self.incoming.await_request()
            self.raw_requestline = self.rfile.readline(8 * 1024 + 1)
            if not self.raw_requestline:
                self.close_connection = True
                return
            if len(self.raw_requestline) > 8 * 1024:
                raise RequestTooLarge
            self.incoming.read_headers()
            if self.parse_request():
                self.answer_request()
        except RequestTooLarge:
            self.requestline, self.request_version, self.command = "", "HTTP/1.1", ""
            self.send_error(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        except OSError:
            self.close_connection = True  # the client went away, or was too slow

    def answer_request(self) -> None:
        """Frame the body, let the application answer, and see whether the connection can carry another request."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        if len(self.headers.get_all("Content-Length", [])) > 1 or not (length.isascii() and length.isdigit()):
            self.send_error(HTTPStatus.BAD_REQUEST)
            return
        body = RequestBody(self.rfile, int(length))
        self.incoming.read_body(int(length))
        if int(length) and self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        wants_more = self.headers.get("Connection", "").lower() not in ("close", "upgrade") and not self._is_http_1_0()
        answer = WsgiAnswer(self, body, may_keep_open=wants_more)
        answer.give()
        self.close_connection = not (answer.keeps_open and body.drain(DRAIN_BYTES))

    def _is_http_1_0(self) -> bool:
        return self.request_version < "HTTP/1.1"

    def handle_expect_100(self) -> bool:
        """Leave the answer to :meth:`answer_request`, which knows the length first."""
        return True

    def version_string(self) -> str:
        """Return the program's name; versions help nobody but an attacker."""
        return "QuantBox"

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request that is no HTTP, without repeating what it said."""
        del message, explain
        self.close_connection = True
        text = f"{int(code)} {HTTPStatus(code).phrase}\n".encode()
        with contextlib.suppress(OSError):
            head = f"HTTP/1.1 {int(code)} {HTTPStatus(code).phrase}\r\nContent-Type: text/plain\r\n"
            self.wfile.write(f"{head}Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - Werkzeug's signature
        """Keep no record of addresses: they may name what the owner looks at."""


class Outgoing(io.RawIOBase):
    """Writes whole pieces to a socket."""

    def __init__(self, client: socket.socket) -> None:
        super().__init__()
        self._client = client

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, data: Any) -> int:
        """Send all of `data`."""
        self._client.sendall(data)
        return len(data)


class RequestBody(io.RawIOBase):
    """The bytes of one request's body and not one of the next request's."""

    def __init__(self, source: io.BufferedReader, length: int) -> None:
        super().__init__()
        self._source = source
        self._left = length

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some of what is left into `buffer`."""
        view = memoryview(buffer)[: self._left]
        count = self._source.readinto1(view) if view else 0
        if view and not count:
            raise ConnectionError("the client sent less than it promised")
        self._left -= count
        return int(count)

    def drain(self, most: int) -> bool:
        """Read what the application left, at most `most` bytes; False when there is more."""
        if self._left > most:
            return False
        while self._left:
            self.read(64 * 1024)
        return True


class WsgiAnswer:
    """One run of the application and its answer on the line (PEP 3333)."""

    def __init__(self, handler: RequestHandler, body: RequestBody, *, may_keep_open: bool) -> None:
        self.keeps_open = may_keep_open
        self._handler = handler
        self._environ = handler.make_environ()
        self._environ["wsgi.input"] = io.BufferedReader(body, 64 * 1024)
        self._is_socket = self._environ.get("HTTP_UPGRADE", "").lower() == "websocket"
        self._status = ""
        self._headers: list[tuple[str, str]] = []
        self._head_sent = False

    def give(self) -> None:
        """Run the application and send what it answers."""
        pieces = self._handler.server.app(self._environ, self._start)
        try:
            if self._is_socket and self._status.startswith("200"):
                self.keeps_open = False  # the socket has said all there was to say on this line
                return
            for piece in pieces:
                self._send(piece)
            self._send(b"")
            if self._is_chunked:
                self._handler.wfile.write(b"0\r\n\r\n")
        finally:
            getattr(pieces, "close", bool)()

    def _start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None and self._head_sent:
            raise exc_info[1].with_traceback(exc_info[2])
        self._status, self._headers = status, headers
        return self._send

    @property
    def _has_body(self) -> bool:
        return self._handler.command != "HEAD" and self._status[:3] not in ("204", "304")

    @property
    def _is_chunked(self) -> bool:
        return self.keeps_open and self._has_body and not any(name.lower() == "content-length" for name, _ in self._headers)

    def _send(self, piece: bytes) -> None:
        head = b""
        if not self._head_sent:
            self._head_sent = True
            lines = [f"HTTP/1.1 {self._status}", f"Date: {self._handler.date_time_string()}"]
            lines += [f"{name}: {value}" for name, value in self._headers]
            if self._is_chunked:
                lines.append("Transfer-Encoding: chunked")
            lines.append("Connection: keep-alive" if self.keeps_open else "Connection: close")
            head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if not self._has_body:
            piece = b""
        elif self._is_chunked and piece:
            piece = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
        if head or piece:
            self._handler.wfile.write(head + piece)


class Listener(ThreadedWSGIServer):
    """One listening address; a thread for every connection it takes."""

    def __init__(self, host: str, port: int, app: WsgiApp, table: ConnectionTable, tls: ssl.SSLContext | None) -> None:
        self._table = table
        # Windows would let another program take over the port
        self.allow_reuse_address = sys.platform != "win32"
        super().__init__(host, port, cast("Any", app), RequestHandler)
        self.ssl_context = tls  # set afterwards: Werkzeug would wrap the listening socket and shake hands while accepting

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
        connection = Connection(request)
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
                connection.socket.settimeout(HANDSHAKE_SECONDS)
                connection.socket = self.ssl_context.wrap_socket(connection.socket, server_side=True)
            RequestHandler(cast("Any", connection), client_address, self)
        except OSError:
            pass  # no handshake in time, or the client went away
        except Exception as error:  # noqa: BLE001 - the edge of a thread: one connection's fault stays its own
            _log.error("a connection failed with %s", type(error).__name__)
        finally:
            self._table.leave(connection)
            self.shutdown_request(connection.socket)


class Server:
    """The program's server on this machine's loopback addresses.

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
    """

    def __init__(
        self,
        app: WsgiApp,
        *,
        port: int = 0,
        hosts: Sequence[str] = LOCAL_HOSTS,
        tls: ssl.SSLContext | None = None,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        self._table = ConnectionTable(max_connections)
        self._app, self._tls, self._hosts = app, tls, hosts
        self._listeners = self._listen(port)
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """The port all hosts listen on."""
        return self._listeners[0].port

    @property
    def url(self) -> str:
        """The address for a browser on this machine."""
        return f"{'http' if self._tls is None else 'https'}://localhost:{self.port}"

    def start(self) -> None:
        """Serve in threads of their own; returns at once."""
        for listener in self._listeners:
            thread = threading.Thread(
                target=listener.serve_forever, kwargs={"poll_interval": 0.1}, name=f"web-{listener.host}", daemon=True
            )
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Take no more connections and end those there are; returns when the listeners are closed."""
        if self._threads:
            for listener in self._listeners:
                listener.shutdown()
            for thread in self._threads:
                thread.join()
        else:
            for listener in self._listeners:
                listener.server_close()
        self._table.evict_all()

    def _listen(self, port: int) -> list[Listener]:
        # a port that is free on the first host may be taken on the second
        for _ in range(0 if port else PORT_TRIES):
            with contextlib.suppress(ListenerUnavailable):
                return self._listen_on(port)
        return self._listen_on(port)

    def _listen_on(self, port: int) -> list[Listener]:
        listeners: list[Listener] = []
        try:
            for host in self._hosts:
                if ":" not in host or has_ipv6(host):
                    listeners.append(Listener(host, port, self._app, self._table, self._tls))
                    port = listeners[0].port
        except ListenerUnavailable:
            for listener in listeners:
                listener.server_close()
            raise
        return listeners


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

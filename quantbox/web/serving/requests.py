"""Requests off one connection, framed strictly, and the application's answers back on it (HTTP/1.1, PEP 3333).

Requests may follow each other on one connection, which Werkzeug's own handler does not allow: it cannot tell where a
body ends. Here a body has a stated length or there is none, so what follows it is the next request.
"""

from __future__ import annotations

import contextlib
import io
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from werkzeug.serving import WSGIRequestHandler

from quantbox.web.serving.connections import SEND_SECONDS, Connection, RequestTooLarge

if TYPE_CHECKING:
    from quantbox.web.serving.server import Listener

__all__ = ["RequestHandler", "WsgiApp"]

#: Unread rest of a refused body that is taken off the line, so that the client sees the answer.
DRAIN_BYTES = 1024 * 1024
REQUEST_LINE_BYTES = 8 * 1024

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
            self.raw_requestline = self.rfile.readline(REQUEST_LINE_BYTES + 1)
            if not self.raw_requestline:
                self.close_connection = True
                return
            if len(self.raw_requestline) > REQUEST_LINE_BYTES:
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

"""The server holds its promises against clients that say nothing, little, or too much."""

from __future__ import annotations

import gc
import http.client
import os
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import trustme

from quantbox.web.errors import ListenerUnavailable
from quantbox.web.serving.connections import STALLED_SECONDS, Connection, ConnectionTable
from quantbox.web.serving.server import Server


def echo(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer with method, path and body; /slow waits for its gate, /unread leaves the body, /parts sends no length."""
    path = environ["PATH_INFO"]
    if path == "/slow":
        environ["quantbox.gate"].wait(60)
    body = b"" if path == "/unread" else environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    answer = f"{environ['REQUEST_METHOD']} {path} ".encode() + body
    if path == "/parts":
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"one ", b"", b"two"]
    start("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


@pytest.fixture
def server(gate: threading.Event) -> Iterator[Server]:
    def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return echo({**environ, "quantbox.gate": gate}, start)

    server = Server(app)
    server.start()
    yield server
    gate.set()
    server.stop()


def get(port: int, path: str = "/", host: str = "127.0.0.1") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def exchange(port: int, request: bytes) -> bytes:
    """Send raw bytes and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(request)
        received = b""
        while piece := client.recv(65536):
            received += piece
        return received


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_server(authority: trustme.CA) -> Iterator[Server]:
    server = Server(echo, hosts=("127.0.0.1",), tls=context_of(authority, "127.0.0.1"), max_connections_per_address=40)
    server.start()
    yield server
    server.stop()


def context_of(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trust_in(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


SLOW_HEADER = b"GET / HTTP/1.1\r\nHost: loc"
SLOW_BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na"


def hold(held: ExitStack, port: int, sent: bytes, trust: ssl.SSLContext | None) -> None:
    """Keep a connection open that has said `sent` and says nothing more."""
    client = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
    if sent:
        try:
            if trust is not None:
                client = held.enter_context(trust.wrap_socket(client, server_hostname="127.0.0.1"))
            client.sendall(sent)
        except OSError:
            pass  # it made room for another already


def test_promise_17_silent_and_slow_clients_leave_a_page_answered_within_a_second(server: Server) -> None:
    with ExitStack() as held:
        for sent in [b""] * 200 + [SLOW_HEADER] * 50 + [SLOW_BODY] * 50:
            hold(held, server.port, sent, None)
        started = time.perf_counter()
        assert get(server.port, "/page") == (200, b"GET /page ")
        assert time.perf_counter() - started < 1.0


def test_promise_17_holds_over_tls_too(tls_server: Server, authority: trustme.CA) -> None:
    trust = trust_in(authority)
    with ExitStack() as held:
        for sent in [b""] * 200 + [SLOW_HEADER] * 50 + [SLOW_BODY] * 50:
            hold(held, tls_server.port, sent, trust)
        started = time.perf_counter()
        connection = http.client.HTTPSConnection("127.0.0.1", tls_server.port, timeout=30, context=trust)
        connection.request("GET", "/page")
        assert connection.getresponse().read() == b"GET /page "
        assert time.perf_counter() - started < 1.0
        connection.close()


def test_200_bodies_that_stand_still_make_room_too(server: Server) -> None:
    with ExitStack() as held:
        for _ in range(200):
            hold(held, server.port, SLOW_BODY, None)
        wait_until(lambda: being_served(server) == 200)
        time.sleep(STALLED_SECONDS)
        started = time.perf_counter()
        assert get(server.port, "/page") == (200, b"GET /page ")
        assert time.perf_counter() - started < 1.0


def test_one_address_takes_its_own_share_of_connections_and_not_the_others() -> None:
    table = ConnectionTable(5, limit_per_address=3)

    opened: list[Connection] = []

    def connect(address: str) -> Connection:
        near, far = socket.socketpair()
        far.close()
        opened.append(Connection(near, address))
        return opened[-1]

    greedy = [connect("192.168.1.66") for _ in range(3)]
    for connection in greedy:
        assert table.admit(connection)
        connection.is_waiting = False
    other = connect("192.168.1.7")
    assert table.admit(other)
    refused = connect("192.168.1.66")
    assert not table.admit(refused)
    assert table.admit(connect("192.168.1.8"))
    greedy[1].is_waiting = True
    assert table.admit(refused)  # at the cost of its own
    assert len(table) == 5
    assert greedy[1] not in table._open
    assert other in table._open
    for connection in opened:
        connection.socket.close()


def test_a_client_that_may_not_connect_is_hung_up_on_before_it_says_anything() -> None:
    asked: list[str] = []

    def admits(address: str) -> bool:
        asked.append(address)
        return False

    server = Server(echo, hosts=("127.0.0.1",), admits=admits)
    server.start()
    try:
        assert exchange(server.port, b"") == b""
        assert asked == ["127.0.0.1"]
    finally:
        server.stop()


def test_addresses_and_certificate_change_while_it_serves(authority: trustme.CA) -> None:
    server = Server(echo, hosts=("127.0.0.2",), tls=context_of(authority, "127.0.0.2"))
    server.start()
    trust = trust_in(authority)

    opened: list[http.client.HTTPSConnection] = []

    def connect(host: str) -> http.client.HTTPSConnection:
        opened.append(http.client.HTTPSConnection(host, server.port, timeout=30, context=trust))
        return opened[-1]

    def ask(connection: http.client.HTTPSConnection) -> bytes:
        connection.request("GET", "/a")
        return connection.getresponse().read()

    try:
        kept = connect("127.0.0.2")
        assert ask(kept) == b"GET /a "
        server.use_tls(context_of(authority, "127.0.0.3"))
        server.listen_on(("127.0.0.2", "127.0.0.3"))
        assert ask(connect("127.0.0.3")) == b"GET /a "
        assert ask(kept) == b"GET /a "  # what was open goes on
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(connect("127.0.0.2"))
        server.listen_on(("127.0.0.3",))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", server.port), timeout=30)
        with socket.create_server(("127.0.0.4", server.port)), pytest.raises(ListenerUnavailable):
            server.listen_on(("127.0.0.3", "127.0.0.4"))
        assert server.hosts == ("127.0.0.3",)
    finally:
        server.stop()
        for connection in opened:
            connection.close()


def test_a_client_beyond_the_bound_is_told_to_come_back_while_all_are_being_served(gate: threading.Event) -> None:
    server = Server(lambda environ, start: echo({**environ, "quantbox.gate": gate}, start), max_connections=3)
    server.start()
    try:
        answers: list[tuple[int, bytes]] = []
        busy = [threading.Thread(target=lambda: answers.append(get(server.port, "/slow"))) for _ in range(3)]
        for thread in busy:
            thread.start()
        wait_until(lambda: being_served(server) == 3)
        assert exchange(server.port, b"").startswith(b"HTTP/1.1 503 ")
        gate.set()
        for thread in busy:
            thread.join()
        assert answers == [(200, b"GET /slow ")] * 3
    finally:
        gate.set()
        server.stop()


def test_a_client_that_is_gone_before_tls_begins_leaves_nothing_open(tls_server: Server) -> None:
    listener = tls_server._listeners[0]
    assert listener.ssl_context is not None
    with socket.create_server(("127.0.0.1", 0)) as door:
        client = socket.create_connection(door.getsockname(), timeout=30)
        plain, _address = door.accept()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets
    client.close()
    connection = Connection(plain, "127.0.0.1")
    descriptor = plain.fileno()
    with pytest.raises(ConnectionResetError):
        listener._shake_hands(connection, listener.ssl_context)
    plain.close()
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_headers_that_come_too_slowly_end_the_connection(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quantbox.web.serving.connections.HEADER_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        started = time.perf_counter()
        assert client.recv(10) == b""
        assert time.perf_counter() - started < 5


def test_a_body_that_never_comes_ends_the_connection(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quantbox.web.serving.connections.BODY_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
        assert client.recv(10) == b""


def test_several_requests_travel_on_one_connection(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.connect()
    first = connection.sock
    requests = (("/a", "POST", b"xyz"), ("/unread", "POST", b"left on the line"), ("/parts", "GET", None), ("/b", "GET", None))
    for path, method, body in requests:
        connection.request(method, path, body)
        answer = connection.getresponse()
        assert answer.status == 200
        expected = b"one two" if path == "/parts" else f"{method} {path} ".encode() + (b"xyz" if path == "/a" else b"")
        assert answer.read() == expected
    assert connection.sock is first
    connection.close()


def test_a_head_request_and_a_1_0_client_are_answered_as_they_understand_it(server: Server) -> None:
    head = exchange(server.port, b"HEAD /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"\r\n\r\n")
    old = exchange(server.port, b"GET /parts HTTP/1.0\r\n\r\n")
    assert old.endswith(b"\r\n\r\none two")
    assert b"chunked" not in old


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", b"400"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X-A: " + b"b" * 60000 + b"\r\nX-B: " + b"c" * 60000 + b"\r\n\r\n", b"431"),
    ],
)
def test_what_is_not_plain_http_is_refused_without_repeating_it(server: Server, request_head: bytes, status: bytes) -> None:
    try:
        answer = exchange(server.port, request_head)
    except ConnectionError:  # it still sent while the connection was ended: the answer is lost with it
        assert len(request_head) > 64 * 1024
        return
    assert answer.split()[1] == status
    assert b"nonsense" not in answer
    assert b"Python" not in answer
    assert b"Werkzeug" not in answer


def test_it_listens_on_both_loopback_addresses_with_one_port(server: Server) -> None:
    assert get(server.port)[0] == 200
    if socket.has_ipv6:
        assert get(server.port, host="::1")[0] == 200


def test_a_taken_port_is_refused_by_name(server: Server) -> None:
    with pytest.raises(ListenerUnavailable) as refused:
        Server(echo, port=server.port)
    assert refused.value.facts["port"] == server.port


def test_stopping_frees_the_port_and_ends_waiting_connections() -> None:
    server = Server(echo)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as waiting:
        waiting.sendall(b"GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert waiting.recv(65536).startswith(b"HTTP/1.1 200 ")
        server.stop()
        assert waiting.recv(10) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=30)
    again = Server(echo, port=server.port)
    again.stop()


def being_served(server: Server) -> int:
    """Return how many connections have asked for something."""
    with server._table._lock:
        return sum(not one.is_waiting for one in server._table._open)


def wait_until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not come to pass in time"
        time.sleep(0.01)

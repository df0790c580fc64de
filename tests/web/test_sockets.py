"""Sockets on the real server: who may open one, what comes through, when it closes."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import simple_websocket

from quantbox.web.serving.server import Server
from quantbox.web.sockets import MAX_SOCKETS_OF_SESSION, read_subscription
from tests.web.program import Browser, Program

#: How long a test waits for what is not measured.
PATIENCE_SECONDS = 30


class PageSocket(simple_websocket.Client):  # type: ignore[misc]  # it has no types
    """A client that names the port in its Host header, as browsers do."""

    def handshake(self) -> None:
        self.host: str = f"localhost:{self.sock.getpeername()[1]}"
        super().handshake()


@pytest.fixture
def server(browser: Browser) -> Iterator[Server]:
    server = Server(browser.client.application.wsgi_app)  # type: ignore[arg-type]  # Flask's is typed more loosely
    server.start()
    yield server
    server.stop()


@pytest.fixture
def session(browser: Browser) -> str:
    cookie = browser.client.get_cookie("quantbox_session")
    assert cookie is not None
    return cookie.value


@pytest.fixture
def connect(session: str, server: Server) -> Iterator[Callable[[], Any]]:
    opened: list[PageSocket] = []

    def connect() -> Any:
        headers = {"Cookie": f"quantbox_session={session}", "Origin": server.url}
        client = PageSocket.connect(f"ws://localhost:{server.port}/api/v1/events", headers=headers)
        opened.append(client)
        return client

    yield connect
    for client in opened:
        if client.connected:
            client.close()
        client.thread.join(PATIENCE_SECONDS)


def subscribe(client: Any, *prefixes: str) -> None:
    client.send(json.dumps({"subscribe": list(prefixes)}))


def wait_for(program: Program, prefix: str = "jobs.", number: int = 1) -> None:
    """Wait until `number` sockets listen to the bus."""
    until = time.monotonic() + PATIENCE_SECONDS
    while sum(place.prefix == prefix for place in program.open_services.bus._places) < number:  # type: ignore[attr-defined]
        assert time.monotonic() < until
        time.sleep(0.01)


def refusal(server: Server, origin: str | None, session: str) -> tuple[int, str]:
    """Ask for a socket and return status and code of the refusal."""
    connection = http.client.HTTPConnection("localhost", server.port, timeout=PATIENCE_SECONDS)
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Cookie": f"quantbox_session={session}",
    } | ({"Origin": origin} if origin else {})
    connection.request("GET", "/api/v1/events", headers=headers)
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return answer.status, document["code"]


def closes_within(client: Any, seconds: float) -> bool:
    try:
        while client.receive(timeout=seconds) is not None:
            pass
    except simple_websocket.ConnectionClosed:
        return True
    return False


def test_a_socket_from_another_origin_is_refused(server: Server, session: str) -> None:
    for origin in ("https://evil.example", "http://localhost:1", "null", None):
        assert refusal(server, origin, session) == (403, "web.cross_site_refused"), origin


def test_a_socket_without_a_session_or_a_store_is_refused(server: Server, session: str, program: Program) -> None:
    assert refusal(server, server.url, "guess") == (401, "web.sign_in_needed")
    program.lock()
    assert refusal(server, server.url, session) == (403, "vault.locked")


def test_news_arrives_within_a_second_and_only_what_was_asked_for(connect: Callable[[], Any], program: Program) -> None:
    client = connect()
    subscribe(client, "jobs.")
    wait_for(program)
    bus = program.open_services.bus
    started = time.perf_counter()
    bus.publish("orders.1", {"private": True})
    bus.publish("jobs.1", {"job": {"id": "1", "title": "回测"}})
    assert json.loads(client.receive(timeout=PATIENCE_SECONDS)) == {
        "topic": "jobs.1",
        "message": {"job": {"id": "1", "title": "回测"}},
    }
    assert time.perf_counter() - started < 1.0


def test_a_real_job_is_told_from_queued_to_cancelled(connect: Callable[[], Any], program: Program) -> None:
    client = connect()
    subscribe(client, "jobs.")
    wait_for(program)
    jobs = program.open_services.jobs
    job = jobs.create("backtest", "x", "owner")
    jobs.cancel(job.id, "owner")
    states = [json.loads(client.receive(timeout=PATIENCE_SECONDS))["message"]["job"]["state"] for _ in range(2)]
    assert states == ["queued", "cancelled"]


def test_a_large_message_comes_whole_beside_pings_of_other_threads(connect: Callable[[], Any], program: Program) -> None:
    client = connect()
    subscribe(client, "jobs.")
    wait_for(program)
    for number in range(20):
        program.open_services.bus.publish("jobs.1", {"number": number, "text": "量" * 100_000})
    for number in range(20):
        message = json.loads(client.receive(timeout=PATIENCE_SECONDS))["message"]
        assert (message["number"], len(message["text"])) == (number, 100_000)


@pytest.mark.parametrize("end", ["sign out", "idle", "lock"])
def test_a_socket_closes_within_five_seconds_of_its_sessions_end(
    connect: Callable[[], Any], browser: Browser, program: Program, end: str
) -> None:
    client = connect()
    subscribe(client, "jobs.")
    wait_for(program)
    if end == "sign out":
        browser.post("/session/end")
    elif end == "idle":
        program.clock.advance(31 * 60)
    else:
        browser.post("/vault/lock")
    assert closes_within(client, 5)


def test_a_message_above_a_megabyte_ends_the_socket(connect: Callable[[], Any]) -> None:
    client = connect()
    client.send("x" * (1024 * 1024 + 1))
    assert closes_within(client, 5)


def test_a_session_holds_twenty_sockets_and_no_more(
    connect: Callable[[], Any], server: Server, session: str, program: Program
) -> None:
    for _ in range(MAX_SOCKETS_OF_SESSION):
        subscribe(connect(), "jobs.")
    wait_for(program, number=MAX_SOCKETS_OF_SESSION)
    assert refusal(server, server.url, session) == (503, "web.too_many_sockets")


def test_a_socket_that_went_away_leaves_no_subscription(connect: Callable[[], Any], program: Program) -> None:
    client = connect()
    subscribe(client, "jobs.")
    wait_for(program)
    client.close()
    until = time.monotonic() + PATIENCE_SECONDS
    while program.open_services.bus._places:  # type: ignore[attr-defined]
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("message", "prefixes"),
    [
        ('{"subscribe": ["jobs."]}', ["jobs."]),
        ('{"subscribe": ["jobs.1", "orders.", "", 5, null]}', ["jobs.1"]),
        ('{"subscribe": "jobs."}', []),
        ("[]", []),
        ("not json", []),
        (None, []),
        (b"\xff", []),
    ],
)
def test_only_open_topics_are_subscribed_to(message: Any, prefixes: list[str]) -> None:
    assert read_subscription(message) == prefixes

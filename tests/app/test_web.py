"""The whole application on the real server, against clients that mean it no good."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from quantbox.app.web import create_app
from quantbox.web.serving.server import Server
from tests.web.program import NAME, PASSWORD, Program, add_person, new_program, program

__all__ = ["new_program", "program"]


@pytest.fixture
def server(program: Program) -> Iterator[Server]:
    server = Server(create_app(program, clock=program.clock, testing=True).wsgi_app)  # type: ignore[arg-type]  # Flask's is typed more loosely
    server.start()
    yield server
    server.stop()


def test_a_page_is_answered_within_a_second_beside_200_silent_and_50_slow_clients(server: Server) -> None:
    with ExitStack() as held:
        for number in range(250):
            client = held.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            if number >= 200:
                client.sendall(b"GET / HTTP/1.1\r\nHost: local")
        started = time.perf_counter()
        connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
        connection.request("GET", "/sign-in")
        answer = connection.getresponse()
        assert (answer.status, b"</html>" in answer.read()) == (200, True)
        assert time.perf_counter() - started < 1.0
        connection.close()


def test_signing_in_reading_and_signing_out_travel_on_one_connection(server: Server, program: Program) -> None:
    connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
    cookies: dict[str, str] = {}
    token = ""

    def ask(method: str, path: str, body: object = None) -> tuple[int, dict[str, object]]:
        nonlocal token
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        if method != "GET":
            headers |= {"X-CSRF-Token": token, "Origin": server.url, "Sec-Fetch-Site": "same-origin"}
        payload = None if body is None else json.dumps(body)
        connection.request(method, "/api/v1" + path, payload, headers | ({"Content-Type": "application/json"} if payload else {}))
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            cookies[name] = value
        document = json.loads(answer.read())
        token = document.get("csrf_token") or token
        return answer.status, document

    assert ask("GET", "/status")[1]["state"] == "unlocked"
    line = connection.sock
    add_person(program)
    assert ask("POST", "/session/password", {"name": NAME, "password": PASSWORD})[1]["state"] == "signed_in"
    assert ask("GET", "/jobs") == (200, {"items": [], "next_cursor": None})
    assert ask("POST", "/session/end")[0] == 200
    assert ask("GET", "/jobs")[0] == 401
    assert connection.sock is line
    connection.close()


def test_the_answers_name_no_software(server: Server) -> None:
    connection = http.client.HTTPConnection("localhost", server.port, timeout=10)
    connection.request("GET", "/api/v1/status")
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert "Werkzeug" not in str(answer.headers)
    assert "Python" not in str(answer.headers)


def test_debug_mode_cannot_be_switched_on_from_outside(new_program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    monkeypatch.setenv("FLASK_ENV", "development")
    assert create_app(new_program).debug is False

"""The Internet's edge in a test: one TLS server that answers for the upstream hosts akshare asks.

akshare, requests and our own code are the real ones; only name resolution points here and a throw-away authority signs for the hosts.
Answers are recorded ones where the real-data folder has them, else written in the upstream's documented layout.
"""

from __future__ import annotations

import io
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
import trustme

HOSTS = [
    "push2his.eastmoney.com",
    "80.push2.eastmoney.com",
    "query.sse.com.cn",
    "www.szse.cn",
    "www.bse.cn",
    "finance.sina.com.cn",
]
Answer = Callable[[dict[str, str]], bytes | int]


class FakeOrigin:
    """What each address answers; `asked` counts the requests by host and path."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.port = 0

    def answer(self, address: str, what: bytes | int | Answer) -> None:
        self.answers[address] = what if callable(what) else lambda _query: what


@contextmanager
def running_origin(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeOrigin]:
    origin = FakeOrigin()
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    bundle = folder / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            form = self.rfile.read(length).decode()
            parts = urlsplit(self.path)
            address = (self.headers["Host"] or "").split(":")[0] + parts.path
            origin.asked[address] += 1
            query = {key: values[0] for key, values in parse_qs(parts.query + "&" + form, keep_blank_values=True).items()}
            answer = origin.answers.get(address, lambda _query: 404)(query)
            body = answer if isinstance(answer, bytes) else b"<html>blocked</html>"
            self.send_response(200 if isinstance(answer, bytes) else answer)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_arguments: Any) -> None:
            return

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_arguments: Any) -> None:
            return  # clients that hang up are part of the tests

    server = Server(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    origin.port = server.server_address[1]
    real_lookup = socket.getaddrinfo

    def lookup(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
        if host in HOSTS:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", origin.port))]
        return real_lookup(host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def kline_answer(code: str, name: str, lines: list[str]) -> Answer:
    """Eastmoney's daily history: the lines between beg and end, `data: null` for another security."""

    def answer(query: dict[str, str]) -> bytes:
        if query["secid"].split(".")[1] != code:
            return b'{"rc":100,"rt":1,"data":null}'
        chosen = [line for line in lines if query["beg"] <= line[:10].replace("-", "") <= query["end"] or query["beg"] == "0"]
        market = int(query["secid"].split(".")[0])
        return json.dumps(
            {"rc": 0, "data": {"code": code, "market": market, "name": name, "decimal": 2, "klines": chosen}}
        ).encode()

    return answer


def hang(seconds: float) -> Answer:
    def answer(_query: dict[str, str]) -> bytes:
        time.sleep(seconds)
        return b"{}"

    return answer


def szse_list(rows: list[tuple[str, str]]) -> bytes:
    """The Shenzhen exchange's A share list as the workbook it sends."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["板块", "A股代码", "A股简称", "A股上市日期", "A股总股本", "A股流通股本", "所属行业"])
    for code, name in rows:
        sheet.append(["主板", code, name, "1991-04-03", "19,405,918,198", "19,405,534,450", "J 金融业"])
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def sse_list(by_type: dict[str, list[tuple[str, str]]]) -> Answer:
    """The Shanghai exchange's list by STOCK_TYPE (1 main board, 8 STAR)."""

    def answer(query: dict[str, str]) -> bytes:
        rows = [
            {
                "A_STOCK_CODE": code,
                "B_STOCK_CODE": "-",
                "SEC_NAME_CN": name,
                "SEC_NAME_FULL": name,
                "COMPANY_ABBR": name,
                "FULL_NAME": name,
                "LIST_DATE": "2001-08-27",
            }
            for code, name in by_type.get(query["STOCK_TYPE"], [])
        ]
        return json.dumps({"result": rows}).encode()

    return answer


BSE_FIELDS = 48  # akshare 1.19.5 names the columns by position: code is the 39th, name the 41st


def bse_list(rows: list[tuple[str, str]]) -> Answer:
    """The Beijing exchange's list: JSON in a call, one page, fields by position."""

    def record(code: str, name: str) -> dict[str, Any]:
        fields: dict[str, Any] = {f"f{position:02}": "" for position in range(BSE_FIELDS)}
        fields["f00"], fields["f22"] = "20211115", "20260930"
        fields["f38"], fields["f40"] = code, name
        return fields

    body = json.dumps([{"totalPages": 1, "content": [record(code, name) for code, name in rows]}])
    return lambda _query: f"null({body})".encode()


def sina_calendar(sessions: list[date]) -> bytes:
    """Sina's packed calendar (type 139 of its decoder): runs of trading weekdays, each run ended by a weekday off.

    Bits are written low first, six to a character of the base-64 alphabet.
    """
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bits: list[int] = []

    def put(value: int, width: int) -> None:
        bits.extend(value >> position & 1 for position in range(width))

    epoch = date(1990, 12, 19)
    put(139, 12)
    put(63, 6)  # version 0
    put((sessions[0] - epoch).days, 18)
    put((sessions[-1] - epoch).days, 18)
    runs, length, day, open_days = [], 0, sessions[0], set(sessions)
    while day <= sessions[-1]:
        if day.weekday() < 5:
            if day in open_days:
                length += 1
            else:
                runs.append(length)
                length = 0
        day += timedelta(days=1)
    runs.append(length)
    for position, run in enumerate(runs):
        if position == 0:
            bits.extend([1, 1, 1, 1, 1, 1, 0])  # the width changes, by +5: fields of 15 bits from here on
        else:
            bits.append(0)
        put(run, 15)
    bits.extend([0] * (-len(bits) % 6))
    sextets = ["".join(map(str, bits[start : start + 6][::-1])) for start in range(0, len(bits), 6)]
    return f'var KLC_TD_SH="{"".join(alphabet[int(sextet, 2)] for sextet in sextets)}";'.encode()

"""Aliyun's text message services as far as a client can see them: records every call and answers what it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from quantbox.user_auth.factors.sms.aliyun import AliyunEndpoint
from quantbox.user_auth.factors.sms.base import SmsProvider, SmsSettings

PHONE = "13812345678"
COMPANY = SmsSettings(SmsProvider.ALIYUN_COMPANY, "量化宝盒", "SMS_123456789", "")
PERSONAL = SmsSettings(SmsProvider.ALIYUN_PERSONAL, "速通互联验证码", "100001", "登录")


@dataclass
class Call:
    """One request."""

    action: str
    version: str
    authorization: str
    fields: dict[str, str]


def spoken() -> Event:
    """Return an event that has happened."""
    event = Event()
    event.set()
    return event


@dataclass
class AliyunStub:
    """Answers `code` with `status`; `body` instead of JSON where it is given; nothing before it `speaks`."""

    port: int = 0
    status: int = 200
    code: str = "OK"
    body: bytes | None = None
    speaks: Event = field(default_factory=spoken)
    asked: Event = field(default_factory=Event)
    verify_code: str = "246810"
    calls: list[Call] = field(default_factory=list)

    @property
    def endpoint(self) -> AliyunEndpoint:
        """Where it listens."""
        return AliyunEndpoint(f"127.0.0.1:{self.port}", "http")

    def answer(self, call: Call) -> tuple[int, bytes]:
        """Return status and body as the real service words them."""
        self.calls.append(call)
        self.asked.set()
        self.speaks.wait(60)
        if self.body is not None:
            return self.status, self.body
        document: dict[str, Any] = {"Code": self.code, "Message": "said by the stub", "RequestId": "CC3BB6D2", "BizId": "1^0"}
        if call.action == "CheckSmsVerifyCode" and self.code == "OK":
            if call.fields["VerifyCode"] != self.verify_code:
                return 400, json.dumps({"Code": "isv.ValidateFail", "Message": "x", "RequestId": "CC3BB6D2"}).encode()
            document |= {"Success": True, "Model": {"VerifyResult": "PASS"}}
        return self.status, json.dumps(document).encode()


@contextmanager
def aliyun() -> Iterator[AliyunStub]:
    """Run the stub until the block ends."""
    stub = AliyunStub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            call = Call(
                self.headers["x-acs-action"],
                self.headers["x-acs-version"],
                self.headers["Authorization"],
                dict(parse_qsl(urlsplit(self.path).query)),
            )
            status, body = stub.answer(call)
            with suppress(OSError):  # whoever asked may have given up
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = False  # so that closing it waits for every answer
        stub.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield stub
        server.shutdown()
        thread.join()


@pytest.fixture
def service() -> Iterator[AliyunStub]:
    """Aliyun on this machine."""
    with aliyun() as stub:
        yield stub

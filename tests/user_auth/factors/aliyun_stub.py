"""Aliyun's text message services as far as a client can see them: records every call and answers what it is told to."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from quantbox.user_auth.factors.sms.aliyun import AliyunEndpoint


@dataclass
class Call:
    """One request."""

    action: str
    version: str
    authorization: str
    fields: dict[str, str]


@dataclass
class AliyunStub:
    """Answers `code` with `status`; `body` instead of JSON where it is given; `silence_seconds` before anything."""

    port: int = 0
    status: int = 200
    code: str = "OK"
    body: bytes | None = None
    silence_seconds: float = 0.0
    verify_code: str = "246810"
    calls: list[Call] = field(default_factory=list)

    @property
    def endpoint(self) -> AliyunEndpoint:
        """Where it listens."""
        return AliyunEndpoint(f"127.0.0.1:{self.port}", "http")

    def answer(self, call: Call) -> tuple[int, bytes]:
        """Return status and body as the real service words them."""
        self.calls.append(call)
        time.sleep(self.silence_seconds)
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
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stub.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield stub
        server.shutdown()
        thread.join()

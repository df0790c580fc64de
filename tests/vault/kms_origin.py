"""A key service on this machine: speaks Aliyun's KMS as it is documented, checks signatures, and really encrypts."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
import trustme
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

ACCESS_KEY_ID, ACCESS_KEY_SECRET, KEY_ID = "LTAI5tExampleKeyId", "example-secret-of-the-ram-user", "alias/quantbox"


class KmsOrigin(ThreadingHTTPServer):
    """The service: one master key, which can be disabled, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.master_key, self.is_enabled = secrets.token_bytes(32), True
        self.asked: list[str] = []
        self.answers: list[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def answer(self, action: str, query: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if not self.is_enabled:
            return 409, {"Code": "Rejected.Disabled", "Message": f"key is disabled {query}"}
        context = query.get("EncryptionContext", "").encode()
        if action == "GenerateDataKey":
            if query["KeyId"] != KEY_ID:
                return 404, {"Code": "Forbidden.KeyNotFound", "Message": "no such key"}
            data_key, nonce = secrets.token_bytes(32), secrets.token_bytes(12)
            blob = nonce + AESGCM(self.master_key).encrypt(nonce, data_key, context)
            return 200, {"KeyId": KEY_ID, "Plaintext": encode(data_key), "CiphertextBlob": encode(blob)}
        assert action == "Decrypt"
        blob = base64.b64decode(query["CiphertextBlob"])
        try:
            return 200, {"KeyId": KEY_ID, "Plaintext": encode(AESGCM(self.master_key).decrypt(blob[:12], blob[12:], context))}
        except InvalidTag:
            return 400, {"Code": "InvalidCiphertext", "Message": "cannot be decrypted"}


class Handler(BaseHTTPRequestHandler):
    server: KmsOrigin

    def do_POST(self) -> None:
        self.server.asked.append(self.path)
        action, query = self.headers["x-acs-action"], dict(parse_qsl(urlsplit(self.path).query))
        if self.server.answers:
            status, document = 200, self.server.answers.pop(0)
        elif self.headers["Authorization"] != self.expected_authorization(query):
            status, shown = 403, {"Code": "SignatureDoesNotMatch", "Message": "the signature does not match"}
            document = json.dumps(shown).encode()
        else:
            status, shown = self.server.answer(action, query)
            document = json.dumps({**shown, "RequestId": "0"}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    def expected_authorization(self, query: dict[str, str]) -> str:
        """Sign the request as Aliyun's documentation of ACS3-HMAC-SHA256 says."""
        given = self.headers["Authorization"]
        names = given.split("SignedHeaders=")[1].split(",")[0].split(";")
        assert {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce"} <= set(names)
        pairs = "&".join(f"{quote(name, safe='-_.~')}={quote(query[name], safe='-_.~')}" for name in sorted(query))
        headers = "".join(f"{name}:{self.headers[name].strip()}\n" for name in names)
        body_hash = hashlib.sha256(b"").hexdigest()
        canonical = f"POST\n/\n{pairs}\n{headers}\n{';'.join(names)}\n{body_hash}"
        to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        signature = hmac.new(ACCESS_KEY_SECRET.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
        return f"ACS3-HMAC-SHA256 Credential={ACCESS_KEY_ID},SignedHeaders={';'.join(names)},Signature={signature}"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def encode(value: bytes) -> str:
    return base64.b64encode(value).decode()


@contextmanager
def trusted_kms(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[KmsOrigin]:
    """Run the service over TLS, with a certificate the program trusts; what vouches for it lies in `folder`."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    patch.setattr("certifi.where", lambda: str(folder / "authority.pem"))
    with kms_origin(context) as origin:
        yield origin


@contextmanager
def kms_origin(context: ssl.SSLContext | None = None) -> Iterator[KmsOrigin]:
    """Run the service until the block ends, over TLS where a context is given."""
    origin = KmsOrigin()
    if context is not None:
        origin.socket = context.wrap_socket(origin.socket, server_side=True)
    threading.Thread(target=origin.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield origin
    finally:
        origin.shutdown()
        origin.server_close()

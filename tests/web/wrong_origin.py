"""A TLS server that no client of ours may talk to: its certificate is for another name, or from an authority nobody knows."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme


@dataclass
class WrongOrigin:
    """How often clients came, and what they said after shaking hands: nothing, if they look at certificates."""

    port: int = 0
    connections: int = 0
    heard: bytes = b""


@contextmanager
def wrong_origin(bundle: Path, *names: str) -> Iterator[WrongOrigin]:
    """Serve with a certificate for `names`; whoever wants to trust its authority finds it in `bundle`."""
    origin, authority = WrongOrigin(), trustme.CA()
    authority.cert_pem.write_to_path(str(bundle))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    listening = socket.create_server(("127.0.0.1", 0), backlog=64)
    origin.port = listening.getsockname()[1]

    def serve() -> None:
        while True:
            try:
                plain, _address = listening.accept()
            except OSError:
                return
            origin.connections += 1
            with contextlib.suppress(OSError), plain:
                plain.settimeout(2)
                with context.wrap_socket(plain, server_side=True) as client:
                    origin.heard += client.recv(65536)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)

"""A store's side of the listener: a real encrypted database, open or locked as a test says; and clients that trust one authority."""

from __future__ import annotations

import secrets
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from quantbox.app.lan.listener import LanListener
from quantbox.app.lan.service import LanChoices
from quantbox.core.clock import Clock
from quantbox.core.database import open_engine, session_factory, upgrade
from quantbox.core.paths import DataFolder
from quantbox.vault.fields import FieldCipher


class OpenServices:
    """Stands for the services of one opening of the store."""

    def __init__(self, lan: LanChoices) -> None:
        self.lan = lan


class LanStore:
    """One store on disk that is opened and locked."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self.folder = DataFolder(root)
        self.clock = clock
        self.services: OpenServices | None = None
        self._database_key, self._fields_key = secrets.token_bytes(32), secrets.token_bytes(32)
        root.mkdir(exist_ok=True)
        self._engine = open_engine(self.folder.database, self._database_key)
        upgrade(self._engine)

    def open(self) -> LanChoices:
        choices = LanChoices(session_factory(self._engine), FieldCipher(self._fields_key), self.clock)
        self.services = OpenServices(choices)
        return choices

    def lock(self) -> None:
        self.services = None

    def close(self) -> None:
        self._engine.dispose()


def hello(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Say by which scheme and host one was asked."""
    answer = f"{environ['wsgi.url_scheme']} {environ['HTTP_HOST']}".encode()
    start("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


def trusting(listener: LanListener) -> ssl.SSLContext:
    """Return a client's settings with the listener's authority as its only anchor, as a tablet has it after installing."""
    certificate = listener.authority_certificate()
    assert certificate is not None
    return ssl.create_default_context(cadata=certificate)

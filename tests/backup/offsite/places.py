"""Other places for the tests: a real WebDAV server, and object stores as moto plays them, each started once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cheroot import wsgi
from wsgidav.wsgidav_app import WsgiDAVApp

from quantbox.backup.offsite.models import OffsiteKind, OffsiteSettings

USER, SECRET = "jianguo@example.com", "app-password-7f3k"
BUCKET = "quantbox-test"

Gate = Callable[[dict[str, Any], Any], list[bytes] | None]


class WebDav:
    """A WebDAV server on a folder; `gate` may answer in its place, to play a provider that fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.gate: Gate | None = None
        self.puts: list[str] = []
        app = WsgiDAVApp(
            {
                "provider_mapping": {"/": str(folder)},
                "simple_dc": {"user_mapping": {"*": {USER: {"password": SECRET}}}},
                "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
                "verbose": 0,
                "logging": {"enable": False, "enable_loggers": []},
            }
        )

        def answer(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["REQUEST_METHOD"] == "PUT":
                self.puts.append(environ["PATH_INFO"])
            refused = self.gate(environ, start_response) if self.gate else None
            return app(environ, start_response) if refused is None else refused

        self._server = wsgi.Server(("127.0.0.1", 0), answer)
        self._server.prepare()
        self.endpoint = f"http://127.0.0.1:{self._server.bind_addr[1]}"
        threading.Thread(target=self._server.serve, daemon=True).start()

    def stop(self) -> None:
        self._server.stop()

    def settings(self, **options: str) -> OffsiteSettings:
        return OffsiteSettings(OffsiteKind.WEBDAV, {"endpoint": self.endpoint, "user": USER, "root": "backup", **options})

    def files(self) -> dict[str, bytes]:
        """Everything that lies there, by its path below the root."""
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()}


def status(code: str) -> Gate:
    """A gate that answers everything with one status."""

    def refuse(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response(code, [("Content-Length", "0")])
        return [b""]

    return refuse

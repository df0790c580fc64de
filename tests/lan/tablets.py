"""Browsers on the LAN, in one process with the program: requests as the listener hands them on, without its sockets."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask.testing import FlaskClient

from quantbox.core.roles import Role
from quantbox.web.tls.authority import create_authority
from quantbox.web.tls.door import install_lan
from tests.lan.authorities import NAME, NOW
from tests.web.program import Browser, Program, sign_in

NAME_OF = {Role.OWNER: "林溪", Role.TRADER: "trader", Role.VIEWER: "viewer"}
PORT = 8766
ADDRESS = "192.168.1.23"
ORIGIN = f"https://{NAME}:{PORT}"


class OpenDoor:
    """A listener on the LAN that is on."""

    port = PORT

    def __init__(self) -> None:
        self.hosts: tuple[str, ...] = (NAME, ADDRESS, "[fd12:3456::1]")
        self.certificate = create_authority(NAME, NOW).certificate_bytes()

    def host_names(self) -> tuple[str, ...]:
        return self.hosts

    def authority_certificate(self) -> bytes | None:
        return self.certificate


class Tablet(Browser):
    """A browser on the LAN."""

    def __init__(self, client: FlaskClient, address: str = "192.168.1.20", origin: str = ORIGIN) -> None:
        super().__init__(client)
        self.options: dict[str, Any] = {"base_url": origin, "environ_overrides": {"REMOTE_ADDR": address}}
        self.origin, self.host = origin, urlsplit(origin).hostname or ""

    def take_session(self, program: Program, role: Role = Role.OWNER) -> Tablet:
        """Sign somebody in on this browser, without the cost of a password."""
        sign_in(self, program, NAME_OF[role], role)
        for name in ("quantbox_session", "quantbox_device"):
            cookie = self.client.get_cookie(name)
            assert cookie is not None
            self.client.set_cookie(name, cookie.value, domain=self.host)
        return self

    def cookie(self, name: str) -> str:
        """Return what the browser holds for the tablet's host; empty without it."""
        found = self.client.get_cookie(name, domain=self.host)
        return found.value if found else ""

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(path, buffered=True, **self.options, **options)

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        if not self.token:
            self.token = self.get("/api/v1/status").get_json()["csrf_token"]
        headers = {"X-CSRF-Token": self.token, "Sec-Fetch-Site": "same-origin", "Origin": self.origin}
        headers |= options.pop("headers", {})
        answer = self.client.open("/api/v1" + path, method=method, json=body, headers=headers, **self.options, **options)
        document = answer.get_json(silent=True)
        if isinstance(document, dict) and document.get("csrf_token"):
            self.token = document["csrf_token"]
        return answer


class Lan:
    """One program with its listener open: the owner's window and any number of tablets on one application."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.door = OpenDoor()
        self.app = program.app
        install_lan(self.app, self.door)

    def window(self) -> Browser:
        return Browser(self.app.test_client())

    def tablet(self, address: str = "192.168.1.20", origin: str = ORIGIN) -> Tablet:
        return Tablet(self.app.test_client(), address, origin)

"""What the toolkit has to know of the listener on the LAN, which `app` runs.

Only that listener speaks TLS, so a request over HTTPS is one from the LAN.
"""

from __future__ import annotations

from typing import Protocol, cast

from flask import Flask, current_app, request

from quantbox.web.errors import RequestRefused

__all__ = ["LanDoor", "comes_by_lan", "install_lan", "lan_door", "refuse_over_lan"]

_EXTENSION = "quantbox.lan"


class LanDoor(Protocol):
    """The listener as seen by guards and pairing; every method may be called from several threads at once."""

    @property
    def port(self) -> int:
        """The port it listens on, or would."""
        ...

    def host_names(self) -> tuple[str, ...]:
        """Return what a browser may name it by, as in an address, best first; empty while it is off."""
        ...

    def authority_certificate(self) -> bytes | None:
        """Return the certificate (DER) a tablet installs; None while there is none."""
        ...


def install_lan(app: Flask, door: LanDoor) -> None:
    """Let guards and pairing know the listener."""
    app.extensions[_EXTENSION] = door


def lan_door() -> LanDoor:
    """Return the listener of the present application."""
    return cast("LanDoor", current_app.extensions[_EXTENSION])


def comes_by_lan() -> bool:
    """Return whether the present request came by the LAN."""
    return request.scheme == "https"


def refuse_over_lan() -> None:
    """Answer what only this machine does as if it were not there on the LAN."""
    if comes_by_lan():
        raise RequestRefused(404)

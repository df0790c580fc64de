"""Which port the pages are served on."""

from __future__ import annotations

import socket
import sys

from quantbox.desktop.errors import PortTaken

__all__ = ["PREFERRED_PORT", "choose_port"]

#: Where the program listens when nothing else does, so that bookmarks keep working.
PREFERRED_PORT = 8765


def choose_port(wanted: int | None) -> int:
    """Return `wanted`, or a free port when there is no wish; raises PortTaken when the wish is taken."""
    if wanted is not None:
        if not is_free(wanted):
            raise PortTaken(port=wanted)
        return wanted
    if is_free(PREFERRED_PORT):
        return PREFERRED_PORT
    while True:
        with _listening_socket(socket.AF_INET) as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        if is_free(port):
            return port


def is_free(port: int) -> bool:
    """Return whether nobody listens on `port` of either loopback address."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with _listening_socket(family) as probe:
                probe.bind((host, 0))  # fails where the machine lacks this family: then it is nobody's
        except OSError:
            continue
        try:
            with _listening_socket(family) as probe:
                probe.bind((host, port))
        except OSError:
            return False
    return True


def _listening_socket(family: int) -> socket.socket:
    probe = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform == "win32":
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
    else:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the last run may still linger
    return probe

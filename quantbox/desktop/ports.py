"""Which port the pages are served on."""

from __future__ import annotations

import random
import socket
import sys

from quantbox.core.paths import port_claims_folder
from quantbox.core.processes import FileLock
from quantbox.desktop.errors import PortTaken

__all__ = ["PREFERRED_PORT", "choose_port"]

#: Where the program listens when nothing else does, so that bookmarks keep working.
PREFERRED_PORT = 8765
#: Below the ports systems lend to outgoing connections, so that none of them sits there when web comes back.
_SPARE_PORTS = range(20_000, 30_000)


def choose_port(wanted: int | None) -> tuple[int, FileLock]:
    """Return `wanted`, or a free port when there is no wish, and the claim that keeps it ours while web restarts.

    Raises
    ------
    PortTaken
        When the wish is taken.
    """
    if wanted is not None:
        if (claim := _claim(wanted)) is None:
            raise PortTaken(port=wanted)
        return wanted, claim
    for port in (PREFERRED_PORT, *random.sample(_SPARE_PORTS, len(_SPARE_PORTS))):  # nosec B311 - no secret
        if (claim := _claim(port)) is not None:
            return port, claim
    raise PortTaken(port=PREFERRED_PORT)


def _claim(port: int) -> FileLock | None:
    """Return the claim of a free port; None when somebody listens there, or another program of ours is to again."""
    claim = FileLock(port_claims_folder() / f"{port}.lock")
    if not claim.acquire():
        return None
    if is_free(port):
        return claim
    claim.release()
    return None


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

"""Which port the pages are served on."""

from __future__ import annotations

import random
import socket
import sys

from quantbox.core.paths import port_claims_folder
from quantbox.core.processes import FileLock
from quantbox.desktop.errors import PortTaken

__all__ = ["PREFERRED_PORT", "ClaimedPort"]

#: Where the program listens when nothing else does, so that bookmarks keep working.
PREFERRED_PORT = 8765
#: Below the ports systems lend to outgoing connections, so that none of them sits there when web comes back.
_SPARE_PORTS = range(20_000, 30_000)


class ClaimedPort:
    """The port of one program, kept from this user's other programs until the ``with`` block ends.

    Parameters
    ----------
    wanted : int or None
        None takes the preferred port, or a free one when that is taken.

    Raises
    ------
    PortTaken
        When the wish is taken.
    """

    def __init__(self, wanted: int | None) -> None:
        self._wanted = wanted
        self.number, self._claim = _choose(wanted)

    def __enter__(self) -> ClaimedPort:
        return self

    def __exit__(self, *_: object) -> None:
        self._claim.release()

    def move_if_taken(self) -> None:
        """Take another port when there was no wish and somebody who knows no claims, as another user, listens here by now."""
        if self._wanted is None and not is_free(self.number):
            self._claim.release()
            self.number, self._claim = _choose(None)


def _choose(wanted: int | None) -> tuple[int, FileLock]:
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

"""The name in .local, made known to the network by multicast DNS."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from quantbox.core.text import Text

if TYPE_CHECKING:
    from zeroconf import Zeroconf

__all__ = ["Announcement", "Wanted"]

_log = logging.getLogger(__name__)
RETRY_SECONDS = 30.0

OFF = Text("未公布", "Not announced")
ANNOUNCING = Text("正在公布名称", "The name is being announced")
ANNOUNCED = Text("名称已在局域网公布", "The name is announced on the LAN")
NOT_ANNOUNCED = Text(
    "名称未能在局域网公布（{problem}）；请用 IP 地址访问",
    "The name could not be announced on the LAN ({problem}); use an IP address",
)
_SERVICE = "_https._tcp.local."


@dataclass(frozen=True)
class Wanted:
    """What is to be announced."""

    name: str
    addresses: tuple[str, ...]
    port: int


class Announcement:
    """Announces one name at a time; called by one thread. A network without multicast costs the name, not the listener."""

    def __init__(self) -> None:
        self.problem: str | None = None
        self._announced: Wanted | None = None
        self._responder: Zeroconf | None = None
        self._retry_at = 0.0

    @property
    def is_announced(self) -> bool:
        """Whether the network can find the name."""
        return self._responder is not None

    @property
    def state(self) -> Text:
        """How the announcement stands, for the owner to read."""
        if self.problem is not None:
            return NOT_ANNOUNCED.with_facts(problem=self.problem)
        return ANNOUNCED if self.is_announced else OFF if self._announced is None else ANNOUNCING

    def announce(self, wanted: Wanted | None) -> None:
        """Announce this instead of what was announced before; None or a name without addresses ends it."""
        if wanted == self._announced and (self.problem is None or time.monotonic() < self._retry_at):
            return
        self.withdraw()
        self._announced = wanted
        if wanted is not None and wanted.addresses:
            try:
                self._responder = register(wanted)
            except Exception as error:  # noqa: BLE001 - the edge to a library: its faults, a network's and a system's are many
                self.problem = f"{type(error).__name__}: {error}".rstrip(": ")
                self._retry_at = time.monotonic() + RETRY_SECONDS
                _log.warning("the name in .local cannot be announced: %s", type(error).__name__)

    def withdraw(self) -> None:
        """Say goodbye to the network."""
        responder, self._responder = self._responder, None
        self._announced = self.problem = None
        if responder is not None:
            with contextlib.suppress(Exception):  # the network may be gone already
                responder.close()


def register(wanted: Wanted) -> Zeroconf:
    """Return the responder that answers for the name; takes about a second, to see that nobody else does."""
    from zeroconf import ServiceInfo, Zeroconf

    info = ServiceInfo(
        _SERVICE,
        f"{wanted.name.removesuffix('.local')}.{_SERVICE}",
        port=wanted.port,
        addresses=[pack(address) for address in wanted.addresses],
        server=f"{wanted.name}.",
    )
    responder = Zeroconf(interfaces=list(wanted.addresses))
    try:
        responder.register_service(info)
    except BaseException:
        responder.close()
        raise
    return responder


def pack(address: str) -> bytes:
    """Return the address as DNS carries it."""
    family = socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6
    return socket.inet_pton(family, address)

"""The words of pairing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from quantbox.core.roles import Role

__all__ = ["PAIRING_LIFE", "Devices", "Invitation", "Pairing", "PairingState", "Tablet"]

PAIRING_LIFE = timedelta(minutes=2)


class PairingState(StrEnum):
    """How far a pairing is."""

    WAITING = "waiting"
    COMPARE = "compare"
    DONE = "done"
    EXPIRED = "expired"
    REFUSED = "refused"


class Devices(Protocol):
    """Where a paired tablet becomes a known device."""

    def pair_device(self, name: str, max_role: Role, address: str) -> str:
        """Keep the tablet and return what its device cookie is to hold."""
        ...


@dataclass(frozen=True)
class Tablet:
    """Who brought the code."""

    name: str
    address: str


@dataclass(frozen=True)
class Invitation:
    """What the QR code says, besides the address."""

    id: str
    code: str
    fingerprint: str
    commitment: str
    expires_at: datetime

    def fragment(self) -> str:
        """Return the part of the address behind #, which a browser keeps to itself."""
        return f"c={self.code}&f={self.fingerprint}&n={self.commitment}"


@dataclass(frozen=True)
class Pairing:
    """One pairing as the owner's screen shows it; words and tablet are there from the comparison on."""

    id: str
    state: PairingState
    words: tuple[str, ...]
    tablet: Tablet | None
    expires_at: datetime

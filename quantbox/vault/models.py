"""Keys in memory, and the parameters of the pass phrase's key derivation."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["KdfParameters", "Keys"]


@dataclass(frozen=True)
class Keys:
    """What an unlocked program holds; never written down, never shown.

    Attributes
    ----------
    database : bytes
        Raw 32-byte key of quantbox.db.
    handover : bytes
        Proves to a running program of the same vault that the caller knows the pass phrase.
    """

    database: bytes = field(repr=False)
    handover: bytes = field(repr=False)

    def to_pipe(self) -> dict[str, str]:
        """Return the keys as they travel through an inherited pipe."""
        return {"database": self.database.hex(), "handover": self.handover.hex()}

    @classmethod
    def from_pipe(cls, sent: dict[str, str]) -> Keys:
        """Return the keys that came through an inherited pipe."""
        return cls(database=bytes.fromhex(sent["database"]), handover=bytes.fromhex(sent["handover"]))


@dataclass(frozen=True)
class KdfParameters:
    """Cost of Argon2id (RFC 9106): kibibytes, passes, lanes, and the vault's own salt."""

    memory_kib: int
    iterations: int
    parallelism: int
    salt: bytes

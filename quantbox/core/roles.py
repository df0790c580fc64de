"""What a person may do: the words that user_auth grants and every route asks for."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Role"]


class Role(StrEnum):
    """A role includes everything the roles before it may do."""

    VIEWER = "viewer"  # looks
    TRADER = "trader"  # also runs, imports, trades
    OWNER = "owner"  # also keys, people, settings

    def includes(self, other: Role) -> bool:
        """Return whether somebody with this role may do what `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)

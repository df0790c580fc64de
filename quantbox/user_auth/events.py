"""The news that people's doings make; carried by the bus."""

from __future__ import annotations

__all__ = ["NEW_PLACE"]

#: Somebody signed in with a device, or from an address, they had not used before: {person, device, address, at}.
NEW_PLACE = "user_auth.new_place"

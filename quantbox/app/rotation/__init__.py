"""Rotating the keys of a store that nobody has open: as a command does it, and as the supervisor's own process."""

__all__: list[str] = []

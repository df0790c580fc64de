"""Where a process of the program writes what went wrong: its error stream, which the supervisor keeps in a file."""

from __future__ import annotations

import logging

__all__ = ["write_log_to_stderr"]


def write_log_to_stderr() -> None:
    """Write warnings and errors, with time and place, to the error stream; never private content."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s", force=True)

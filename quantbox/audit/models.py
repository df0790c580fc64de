"""The words of the audit log."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["COMMAND_LINE", "Actor", "Outcome"]


class Outcome(StrEnum):
    """How an act ended."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where.

    Attributes
    ----------
    account_id : str
        The account acted on.
    person_id : str or None
        None for the command line and for the program itself.
    name : str
        The person's name, "command line", or the part of the program ("schedule").
    device_id : str or None
        The known device, where there is one.
    address : str
        Network address, or "" for acts on this machine outside a browser.
    """

    account_id: str
    person_id: str | None
    name: str
    device_id: str | None = None
    address: str = ""


#: The command line acts as the owner, by the pass phrase alone.
COMMAND_LINE = Actor(account_id="owner", person_id=None, name="command line")

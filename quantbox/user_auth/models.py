"""The words of people and their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from quantbox.core.roles import Role

__all__ = ["ABSOLUTE_LIFE", "IDLE_LIFE", "OWNER_ACCOUNT", "Person", "Role", "SignInBy", "WebSession"]

#: A session ends after so long without a pointer or a key being touched.
IDLE_LIFE = timedelta(minutes=30)
#: A session ends this long after it began, whatever happens in it.
ABSOLUTE_LIFE = timedelta(hours=12)
#: The one account there is until several people share a store.
OWNER_ACCOUNT = "owner"


class SignInBy(StrEnum):
    """What a browser proved when its session began."""

    OWNER_PROOF = "passphrase"
    WINDOW_LAUNCH = "launch"


@dataclass(frozen=True)
class Person:
    """Somebody who may use the store."""

    id: str
    account_id: str
    role: Role


@dataclass(frozen=True)
class WebSession:
    """One browser in which a person is signed in.

    Attributes
    ----------
    key : str
        Hash of the id in the browser's cookie; the id itself is kept nowhere.
    """

    key: str
    person: Person
    by: SignInBy
    created_at: datetime
    last_seen_at: datetime

    def has_ended(self, now: datetime) -> bool:
        """Return whether it is too old, or idle for too long."""
        return now - self.created_at >= ABSOLUTE_LIFE or now - self.last_seen_at >= IDLE_LIFE

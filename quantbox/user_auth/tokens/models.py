"""The words of API tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from quantbox.core.roles import Role

__all__ = ["MAX_LIFE_DAYS", "ApiToken", "IssuedToken", "TokenHolder"]

#: An access token is valid for so long at most; the refresh token renews it.
MAX_LIFE_DAYS = 7


@dataclass(frozen=True)
class ApiToken:
    """One token as its owner sees it.

    Attributes
    ----------
    expires_at : datetime
        When the access token ends.
    refreshable_until : datetime
        When the refresh token ends; a token nobody refreshes until then is dead.
    """

    id: str
    person: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime
    refreshable_until: datetime
    last_used_at: datetime | None
    last_address: str | None


@dataclass(frozen=True)
class IssuedToken:
    """A pair just issued; neither half can be read again."""

    id: str
    person_id: str
    person: str
    name: str
    token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True)
class TokenHolder:
    """Who acts by an access token, and what the token lets them do.

    Attributes
    ----------
    role : Role
        The lesser of the token's role and the person's; never that of the owner.
    """

    token_id: str
    token_name: str
    person_id: str
    account_id: str
    name: str
    role: Role

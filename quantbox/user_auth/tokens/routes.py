"""API tokens: made and revoked in a browser, shown and refreshed by scripts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import request
from flask_login import UserMixin, current_user
from pydantic import Field

from quantbox.core.roles import Role
from quantbox.user_auth.tokens.models import MAX_LIFE_DAYS, TokenHolder
from quantbox.user_auth.tokens.service import ApiTokens
from quantbox.web.acts import note_facts, note_person
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.cookies import bearer_token
from quantbox.web.state import find_service, get_service

__all__ = ["TokenPerson", "find_token_person", "routes"]

routes = Routes("tokens", takes_tokens=False)


class TokenPerson(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """flask-login's view of the person whose API token a script shows; it has no session and can never step up."""

    session_key = ""
    device_id = None
    has_stepped_up = False

    def __init__(self, holder: TokenHolder) -> None:
        self.id = holder.person_id
        self.account_id = holder.account_id
        self.name = holder.name
        self.role = holder.role
        self.token_id = holder.token_id


def find_token_person() -> TokenPerson | None:
    """Return who acts by the API token of the present request; None where it is void, or the vault locked."""
    tokens, shown = find_service(ApiTokens), bearer_token()
    holder = tokens.find(shown, request.remote_addr or "") if tokens and shown else None
    if holder is None:
        return None
    note_facts(token_id=holder.token_id)
    return TokenPerson(holder)


class TokenAnswer(Answer):
    """One API token; what it is made of is not kept."""

    id: str
    person: str
    name: str
    role: Role
    created_at: datetime
    expires_at: datetime
    refreshable_until: datetime
    last_used_at: datetime | None
    last_address: str | None


class TokensAnswer(Answer):
    """The tokens that are not void."""

    items: list[TokenAnswer]


class IssuedTokenAnswer(Answer):
    """A pair just issued, shown this once."""

    id: str
    token: str = Field(repr=False)
    refresh_token: str = Field(repr=False)
    expires_at: datetime


class TokenBody(Body):
    """The token to make."""

    name: str = Field(min_length=1, max_length=64, pattern=r"\S")
    role: Role
    days: int = Field(default=MAX_LIFE_DAYS, ge=1, le=MAX_LIFE_DAYS)


class RefreshBody(Body):
    """The refresh token of the last answer."""

    refresh_token: str = Field(min_length=1, max_length=256, repr=False)


@routes.add("GET", "/tokens", role=Role.VIEWER, answer=TokensAnswer)
def list_tokens() -> dict[str, Any]:
    """Return the person's API tokens with their last use; the owner sees everybody's."""
    return _visible_tokens()


@routes.add(
    "POST", "/tokens", role=Role.VIEWER, body=TokenBody, answer=IssuedTokenAnswer, status=201, step_up=True, act="token.create"
)
def create_token(body: TokenBody) -> object:
    """Make an API token; its two halves are shown this once."""
    note_facts(name=body.name.strip(), role=body.role.value, days=body.days)
    # The session's role, not the person's: a tablet held to less makes no token that could do more than it.
    most, device_id = current_user.role, current_user.device_id
    issued = get_service(ApiTokens).create(current_user.id, body.name.strip(), body.role, most, body.days, device_id=device_id)
    note_facts(token_id=issued.id)
    return issued


@routes.add(
    "POST",
    "/tokens/refresh",
    role=None,
    body=RefreshBody,
    answer=IssuedTokenAnswer,
    carries_proof=True,
    act="token.refresh",
)
def refresh_token(body: RefreshBody) -> object:
    """Return a new pair for a refresh token, which works once; the access token before it is void."""
    issued = get_service(ApiTokens).refresh(body.refresh_token)
    note_person(issued.person_id, issued.person)
    note_facts(token_id=issued.id, name=issued.name)
    return issued


@routes.add("DELETE", "/tokens/<token_id>", role=Role.VIEWER, answer=TokensAnswer, act="token.revoke")
def revoke_token(token_id: str) -> dict[str, Any]:
    """Void an API token from this moment; the owner may revoke anybody's."""
    note_facts(name=get_service(ApiTokens).revoke(token_id, _whose()))
    return _visible_tokens()


def _visible_tokens() -> dict[str, Any]:
    return {"items": get_service(ApiTokens).list_tokens(_whose())}


def _whose() -> str | None:
    return None if current_user.role is Role.OWNER else current_user.id

"""What the owner sees of the listener on the LAN, and its switch."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from pydantic import Field

from quantbox.app.lan.errors import ComputerNeeded
from quantbox.app.lan.listener import LanListener
from quantbox.core.errors import QuantBoxError
from quantbox.core.roles import Role
from quantbox.user_auth.pairing.service import Pairings
from quantbox.user_auth.service import Devices
from quantbox.user_auth.sessions.routes import attempts
from quantbox.web.acts import note_facts
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.cookies import request_language
from quantbox.web.state import get_service
from quantbox.web.tls.door import comes_by_lan, lan_door

__all__ = ["routes"]

routes = Routes("lan", takes_tokens=False)


class AnnouncementAnswer(Answer):
    """Whether the network can find the name in .local, and how that stands in both languages."""

    is_announced: bool
    reason: dict[str, str]


class ProblemAnswer(Answer):
    """Why addresses are not listened on at present, or will not be before long."""

    code: str
    message: str
    hint: str


class LanAnswer(Answer):
    """The listener; name, fingerprint (SHA-256 of the authority's certificate) and its end are null before the first use."""

    is_on: bool
    name: str | None
    port: int
    urls: list[str]
    addresses: list[str]
    fingerprint: str | None
    leaf_not_after: datetime | None
    authority_not_after: datetime | None
    mdns: AnnouncementAnswer
    problem: ProblemAnswer | None


class LanBody(Body):
    """Whether to listen on the LAN, and where."""

    is_on: bool
    port: int = Field(ge=1024, le=65535)


@routes.add("GET", "/lan", role=Role.OWNER, answer=LanAnswer)
def show_lan() -> dict[str, Any]:
    """Return whether and where the program listens on the LAN, and by which certificate it is known."""
    return described(cast("LanListener", lan_door()))


@routes.add("PUT", "/lan", role=Role.OWNER, body=LanBody, answer=LanAnswer, step_up=True, act="lan.change")
def change_lan(body: LanBody) -> dict[str, Any]:
    """Turn the listener on the LAN on or off, or move it to another port.

    Asked by the LAN itself it follows a moment after the answer.
    """
    listener = cast("LanListener", lan_door())
    note_facts(is_on=body.is_on, port=body.port)
    listener.decide(is_on=body.is_on, port=body.port, at_once=not comes_by_lan())
    return described(listener)


@routes.add("POST", "/lan/authority", role=Role.OWNER, answer=LanAnswer, step_up=True, act="lan.authority")
def renew_authority() -> dict[str, Any]:
    """Make another authority, under another name; every paired tablet is forgotten, and is paired anew.

    It is done at the computer itself: over the LAN it would cut off whoever asks.
    """
    if comes_by_lan():
        raise ComputerNeeded
    listener = cast("LanListener", lan_door())
    get_service(Pairings).refuse_all()
    keys = get_service(Devices).revoke_paired()
    for key in keys:
        attempts().forget(key)
    note_facts(tablets=len(keys))
    listener.renew_authority()
    return described(listener)


def described(listener: LanListener) -> dict[str, Any]:
    """Return the answer in the language of the request."""
    answer = listener.describe(follows=not comes_by_lan())
    problem = cast("QuantBoxError | None", answer["problem"])
    if problem is not None:
        language = request_language()
        said = {"code": problem.code, "message": problem.message(language), "hint": problem.next_step(language)}
        answer = {**answer, "problem": said}
    return answer

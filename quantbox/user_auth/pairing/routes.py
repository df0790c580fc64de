"""Pairing a tablet: the owner invites and confirms in a signed-in browser, the tablet answers over the LAN."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from flask import Response, after_this_request, request
from pydantic import Field

from quantbox.core.roles import Role
from quantbox.user_auth.pairing.errors import LanNeeded, PairingHostUnknown
from quantbox.user_auth.pairing.models import Pairing, PairingState, Tablet
from quantbox.user_auth.pairing.service import Pairings
from quantbox.user_auth.qr_code import draw_qr
from quantbox.web.acts import note_facts
from quantbox.web.api import Answer, Body, FileAnswer, Routes
from quantbox.web.cookies import set_device_cookie, set_secret_cookie
from quantbox.web.errors import RequestRefused
from quantbox.web.state import get_service
from quantbox.web.tls.door import comes_by_lan, lan_door

__all__ = ["routes"]

routes = Routes("pairing", takes_tokens=False)

TICKET_COOKIE = "quantbox_pairing"
#: Browsers of every system install a file of this type and name.
CERTIFICATE_NAME, CERTIFICATE_TYPE = "quantbox-authority.crt", "application/x-x509-ca-cert"
_NAME = Field(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")


class InviteBody(Body):
    """The most a session on the tablet may do, and the host its address is to name (the best one if left out)."""

    max_role: Role
    host: str | None = Field(default=None, max_length=64)


class InvitationAnswer(Answer):
    """The QR code and what it says; the address is a secret for two minutes."""

    id: str
    url: str
    qr_svg: str
    fingerprint: str
    expires_at: datetime


class TabletAnswer(Answer):
    """Who brought the code."""

    name: str
    address: str


class PairingAnswer(Answer):
    """How far a pairing is; words and device are there from the comparison on."""

    id: str
    state: PairingState
    words: list[str]
    device: TabletAnswer | None
    expires_at: datetime


class ConfirmBody(Body):
    """What the owner calls the tablet."""

    name: str = _NAME


class TakeBody(Body):
    """The code of the QR, the tablet's name for itself, and its nonce."""

    code: str = Field(min_length=1, max_length=64, repr=False)
    name: str = _NAME
    nonce: str = Field(min_length=1, max_length=64)


class NonceAnswer(Answer):
    """The program's nonce, to which the QR code committed."""

    nonce: str


class TabletStateAnswer(Answer):
    """How far the tablet's pairing is."""

    state: PairingState


@routes.add(
    "POST", "/pairing", role=Role.OWNER, body=InviteBody, answer=InvitationAnswer, status=201, step_up=True, act="pairing.invite"
)
def invite_tablet(body: InviteBody) -> dict[str, Any]:
    """Make a QR code that pairs one tablet within two minutes; an earlier one is void."""
    door = lan_door()
    hosts, certificate = door.host_names(), door.authority_certificate()
    if not hosts or certificate is None:
        raise LanNeeded
    host = body.host or hosts[0]
    if host not in hosts:
        raise PairingHostUnknown(host=host)
    fingerprint = hashlib.sha256(certificate).digest()
    invitation = get_service(Pairings).invite(body.max_role, fingerprint)
    note_facts(pairing_id=invitation.id, max_role=body.max_role.value)
    url = f"https://{host}:{door.port}/pair#{invitation.fragment()}"
    return {
        "id": invitation.id,
        "url": url,
        "qr_svg": draw_qr(url),
        "fingerprint": fingerprint.hex(":").upper(),
        "expires_at": invitation.expires_at,
    }


@routes.add("GET", "/pairing/<pairing_id>", role=Role.OWNER, answer=PairingAnswer)
def show_pairing(pairing_id: str) -> dict[str, Any]:
    """Return how far the pairing is, and the six words to compare."""
    return described(get_service(Pairings).get(pairing_id))


@routes.add(
    "POST", "/pairing/<pairing_id>/confirm", role=Role.OWNER, body=ConfirmBody, answer=PairingAnswer, act="pairing.confirm"
)
def confirm_pairing(pairing_id: str, body: ConfirmBody) -> dict[str, Any]:
    """Say that both screens show the same six words: the tablet is a known device from now on."""
    note_facts(name=body.name)
    return described(get_service(Pairings).confirm(pairing_id, body.name))


@routes.add("DELETE", "/pairing/<pairing_id>", role=Role.OWNER, answer=PairingAnswer, act="pairing.refuse")
def refuse_pairing(pairing_id: str) -> dict[str, Any]:
    """End the pairing, because the words differ or nobody comes."""
    return described(get_service(Pairings).refuse(pairing_id))


@routes.add("GET", "/lan/authority.crt", role=Role.OWNER, answer=FileAnswer)
def download_authority() -> FileAnswer:
    """Return the certificate a tablet installs, to take it there by other means."""
    return authority_file()


@routes.add("GET", "/pair/authority.crt", role=None, answer=FileAnswer)
def fetch_authority() -> FileAnswer:
    """Return the certificate this tablet installs; its fingerprint is compared with the one on the computer."""
    refuse_elsewhere()
    return authority_file()


@routes.add("POST", "/pair", role=None, body=TakeBody, answer=NonceAnswer, act="pairing.take")
def take_invitation(body: TakeBody) -> dict[str, str]:
    """Bring the code of the QR: the first that does is the tablet of this pairing, and may compute the six words."""
    refuse_elsewhere()
    tablet = Tablet(body.name, request.remote_addr or "")
    ticket, nonce = get_service(Pairings).take(body.code, tablet, body.nonce)

    @after_this_request
    def give_ticket(response: Response) -> Response:
        set_secret_cookie(response, TICKET_COOKIE, ticket)
        return response

    return {"nonce": nonce}


@routes.add("GET", "/pair", role=None, answer=TabletStateAnswer)
def show_own_pairing() -> dict[str, Any]:
    """Return how far this tablet's pairing is; with "done" the browser gets the cookie by which it is known from now on."""
    refuse_elsewhere()
    state, device_token = get_service(Pairings).look(request.cookies.get(TICKET_COOKIE, ""))
    if device_token:

        @after_this_request
        def give_cookie(response: Response) -> Response:
            set_device_cookie(response, device_token)
            response.delete_cookie(TICKET_COOKIE, path="/", httponly=True, samesite="Strict", secure=True)
            return response

    return {"state": state}


def refuse_elsewhere() -> None:
    """Answer only what came by the LAN: a browser on this machine has nothing to pair."""
    if not comes_by_lan():
        raise RequestRefused(404)


def authority_file() -> FileAnswer:
    """Return the authority's certificate as a file."""
    certificate = lan_door().authority_certificate()
    if certificate is None:
        raise LanNeeded
    return FileAnswer(certificate, CERTIFICATE_NAME, CERTIFICATE_TYPE)


def described(pairing: Pairing) -> dict[str, Any]:
    """Return the pairing as its answer says it."""
    return {
        "id": pairing.id,
        "state": pairing.state,
        "words": list(pairing.words),
        "device": pairing.tablet,
        "expires_at": pairing.expires_at,
    }

"""Signing browsers in: the password, the second factor, the program's own window."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any, Literal

from flask import Response, after_this_request
from flask_login import current_user
from pydantic import Field

from quantbox import __version__
from quantbox.core.roles import Role
from quantbox.user_auth.devices.service import Devices
from quantbox.user_auth.errors import LaunchTokenRefused, SettingInvalid
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.models import ABSOLUTE_LIFE, OWNER_ACCOUNT, DeviceKind, Person, SignInBy
from quantbox.user_auth.pairing.errors import PairingNeeded
from quantbox.user_auth.people.service import People
from quantbox.user_auth.random_tokens import new_token
from quantbox.user_auth.sessions.routes import (
    PasskeyBody,
    SentCodeAnswer,
    SignedInPerson,
    attempts,
    give_session,
    guesses,
    origin,
    present_visit,
)
from quantbox.user_auth.sessions.service import Sessions
from quantbox.user_auth.settings import APPEARANCE, Settings, SettingsService, check_setting
from quantbox.user_auth.signing_in.service import SignIns
from quantbox.vault.service import opens_by_kms
from quantbox.web.acts import note_facts, note_person, recorded_by_itself
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.cookies import (
    PENDING_COOKIE,
    appearance_cookies,
    device_cookie,
    pending_cookie,
    session_cookie,
    set_appearance_cookies,
    set_device_cookie,
    set_secret_cookie,
)
from quantbox.web.csrf import csrf_token
from quantbox.web.sockets import close_sockets
from quantbox.web.state import find_service, get_service, program_state
from quantbox.web.tls.door import comes_by_lan

__all__ = ["give_looks", "routes"]

routes = Routes("user_auth", takes_tokens=False)

State = Literal["new", "locked", "unlocked", "second_factor", "signed_in"]


class PlaceAnswer(Answer):
    """The place where the data folder is to be."""

    free_bytes: int
    is_writable: bool


class SignedInAnswer(Answer):
    """Who is signed in in this browser, and what they may do in it."""

    name: str
    role: Role


class StatusAnswer(Answer):
    """What anybody on this machine may know of the program; of the disk only while there is nothing on it yet."""

    version: str
    state: State
    owner_password_missing: bool
    csrf_token: str
    demo: bool
    place: PlaceAnswer | None
    person: SignedInAnswer | None
    is_known_device: bool
    idle_minutes: int
    opens_by_kms: bool


class SignInAnswer(Answer):
    """The state after the act, and the token for the next state change."""

    state: State
    csrf_token: str


class PasswordAnswer(SignInAnswer):
    """After the first step: signed in, or the ways to prove the second factor."""

    methods: list[str]


class PasswordBody(Body):
    """A person's name and password."""

    name: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1024, repr=False)


class CodeBody(Body):
    """A code of the second factor."""

    method: Literal["totp", "sms", "recovery"]
    code: str = Field(min_length=1, max_length=64, repr=False)


class LaunchBody(Body):
    """The window's launch token."""

    token: str = Field(min_length=1, max_length=256, repr=False)


@routes.add("GET", "/status", role=None, answer=StatusAnswer)
def show_status() -> dict[str, Any]:
    """Say whether there is a store, whether it is open, and who is signed in in this browser."""
    program, people, settings = program_state(), find_service(People), find_service(SettingsService)
    is_signed_in = current_user.is_authenticated
    state = "signed_in" if is_signed_in else program.vault_state()
    folder, devices = program.folder, find_service(Devices)
    is_known = devices.find(device_cookie()) is not None if devices else False
    return {
        "version": __version__,
        "state": state,
        "owner_password_missing": people is not None and people.owner() is None,
        "csrf_token": csrf_token(),
        "demo": program.is_demo,
        "place": {"free_bytes": folder.free_bytes(), "is_writable": folder.is_writable()} if state == "new" else None,
        "person": {"name": current_user.name, "role": current_user.role} if is_signed_in else None,
        "is_known_device": is_known or attempts().knows(device_cookie()),
        "idle_minutes": settings.get(OWNER_ACCOUNT).idle_minutes if settings else Settings.idle_minutes,
        "opens_by_kms": state == "locked" and opens_by_kms(folder),
    }


@routes.add("POST", "/session/password", role=None, body=PasswordBody, answer=PasswordAnswer, act="session.sign_in")
def prove_password(body: PasswordBody) -> dict[str, Any]:
    """Take the first step: name and password.

    A wrong name, a wrong password and an attempt too soon after wrong ones are refused alike.
    """
    refuse_unpaired()
    note_facts(method="password")
    named = get_service(People).find(body.name)
    if named is not None:  # a name nobody has may be a password in the wrong field
        note_facts(name=named.name)
    pending = get_service(SignIns).prove_password(guesses(), body.name, body.password, origin())
    if pending.cookie is None:
        return {**sign_in(pending.person, SignInBy.PASSWORD), "methods": []}
    recorded_by_itself()  # half a sign-in is none: the second step writes the record
    waiting = pending.cookie

    @after_this_request
    def give_cookie(response: Response) -> Response:
        set_secret_cookie(response, PENDING_COOKIE, waiting)
        return response

    return {"state": "second_factor", "methods": list(pending.methods), "csrf_token": csrf_token()}


@routes.add("POST", "/session/code", role=None, body=CodeBody, answer=SignInAnswer, act="session.sign_in")
def prove_code(body: CodeBody) -> dict[str, str]:
    """Take the second step by a code; wrong, old and used ones are refused alike."""
    note_facts(method=body.method)
    person = waiting_person()
    return finish(person, get_service(SignIns).prove_code(guesses(), person, body.method, body.code))


@routes.add("POST", "/session/sms", role=None, answer=SentCodeAnswer, act="session.sms")
def send_code() -> object:
    """Send a code to the phone of whoever has proven the password in this browser."""
    return get_service(Factors).send_sms(waiting_person().id)


@routes.add("POST", "/session/passkey/options", role=None, answer=dict[str, Any])
def offer_passkey() -> dict[str, Any]:
    """Return what the browser asks the passkey with."""
    return get_service(Factors).passkey_options(waiting_person().id, origin())


@routes.add("POST", "/session/passkey", role=None, body=PasskeyBody, answer=SignInAnswer, act="session.sign_in")
def prove_passkey(body: PasskeyBody) -> dict[str, str]:
    """Take the second step by a passkey."""
    note_facts(method="passkey")
    person = waiting_person()
    by = get_service(SignIns).prove_passkey(guesses(), person, origin(), body.credential)
    return finish(person, by)


@routes.add("POST", "/session/launch", role=None, body=LaunchBody, answer=SignInAnswer, act="session.launch")
def launch_session(body: LaunchBody) -> dict[str, str]:
    """Know the program's own window again by the token it was started with, which works once; in the demo, sign it in."""
    if not program_state().take_launch_token(body.token):
        raise LaunchTokenRefused
    if program_state().is_demo:
        # a throw-away store has nothing to guard, and no password that could be asked for again
        return sign_in(get_service(People).make_demo_owner(), SignInBy.WINDOW_LAUNCH, proven_for=ABSOLUTE_LIFE)
    token = new_token()
    attempts().know(token, is_window=True)

    @after_this_request
    def give_cookie(response: Response) -> Response:
        set_device_cookie(response, token)
        return response

    return {"state": "signed_in" if current_user.is_authenticated else program_state().vault_state(), "csrf_token": csrf_token()}


def refuse_unpaired() -> None:
    """Over the LAN let only paired devices sign in: leaving the device's cookie away must not lift what it was held to."""
    if comes_by_lan():
        device = get_service(Devices).find(device_cookie())
        if device is None or device.kind is not DeviceKind.PAIRED:
            raise PairingNeeded


def waiting_person() -> Person:
    """Return who has proven the password in this browser, and let the record of the act name them."""
    person = get_service(SignIns).pending(pending_cookie())
    note_person(person.id, person.name)
    return person


def finish(person: Person, by: SignInBy) -> dict[str, str]:
    """Sign in whoever has taken both steps; the proof of the password is used up."""
    get_service(SignIns).forget_pending(pending_cookie())
    return sign_in(person, by)


def sign_in(person: Person, by: SignInBy, **options: timedelta) -> dict[str, str]:
    """Begin a new session in this browser, whatever it held before, and end the one it held."""
    refuse_unpaired()
    sessions = get_service(Sessions)
    if isinstance(current_user._get_current_object(), SignedInPerson):
        close_sockets(current_user.session_key)
    sessions.end_by_cookie(session_cookie())
    opened = sessions.begin(person, by, present_visit(), **options)
    note_person(person.id, person.name, opened.session.device.id)
    if opened.session.is_new_place:
        note_facts(is_new_place=True)
    settings, chosen = get_service(SettingsService).get(OWNER_ACCOUNT), chosen_looks()
    give_looks({name: getattr(settings, name) for name in APPEARANCE if name not in chosen})
    return {"state": "signed_in", "csrf_token": give_session(opened)}


def chosen_looks() -> dict[str, str]:
    """Return the looks this browser has chosen for itself; what is no choice of today's counts as none."""
    chosen: dict[str, str] = {}
    for name, value in appearance_cookies().items():
        with contextlib.suppress(SettingInvalid):
            chosen[name] = str(check_setting(name, value))
    return chosen


def give_looks(looks: dict[str, str]) -> None:
    """Let this browser look so; another browser keeps what it has."""

    @after_this_request
    def give_cookies(response: Response) -> Response:
        set_appearance_cookies(response, looks)
        return response

"""The person of a request, what they have open on which devices, and proving once more who they are."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from flask import Flask, Request, Response, after_this_request, current_app, request
from flask_login import LoginManager, UserMixin, current_user
from pydantic import Field

from quantbox.core.clock import Clock
from quantbox.core.roles import Role
from quantbox.user_auth.devices.browsers import name_of_browser
from quantbox.user_auth.devices.service import Devices
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.models import Device, DeviceKind, OpenedSession, Person, Visit, WebSession
from quantbox.user_auth.sessions.service import Sessions
from quantbox.user_auth.signing_in.attempts import Attempts, DeviceAttempts
from quantbox.user_auth.signing_in.service import PASSPHRASE_ATTEMPTS, SignIns
from quantbox.user_auth.tokens.routes import find_token_person
from quantbox.web.acts import note_facts, record_event
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.cookies import (
    PENDING_COOKIE,
    SESSION_COOKIE,
    bearer_token,
    device_cookie,
    drop_cookie,
    drop_session_cookie,
    session_cookie,
    set_device_cookie,
    set_secret_cookie,
)
from quantbox.web.csrf import csrf_token, session_token
from quantbox.web.proofs import install_proofs
from quantbox.web.sockets import close_sockets
from quantbox.web.state import find_service, get_clock, get_service

__all__ = [
    "PasskeyBody",
    "SignedInPerson",
    "attempts",
    "give_session",
    "guesses",
    "install_login",
    "origin",
    "present_visit",
    "routes",
    "sign_out",
]

routes = Routes("user_auth", takes_tokens=False)

_ATTEMPTS = "quantbox.attempts"


class SignedInPerson(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """flask-login's view of the session the browser's cookie names.

    Attributes
    ----------
    role : Role
        What may be done in this session: never more than the device may do.
    session_key : str
        The session's name, the same for as long as it lasts.
    """

    by_token = False

    def __init__(self, web_session: WebSession, now: datetime) -> None:
        self.person = web_session.person
        self.id = web_session.person.id
        self.account_id = web_session.person.account_id
        self.name = web_session.person.name
        self.role = web_session.role
        self.device = web_session.device
        self.device_id = web_session.device.id
        self.session_key = web_session.id
        self.stepped_up_until = web_session.stepped_up_until
        self.has_stepped_up = web_session.has_stepped_up(now)


def install_login(app: Flask, clock: Clock) -> None:
    """Let flask-login find the person of a request, and count wrong guesses for as long as the program runs and beyond."""
    manager = LoginManager()
    manager.session_protection = None  # it would bind Flask's own cookie session, which is not used
    manager.init_app(app, add_context_processor=False)
    file = app.extensions["quantbox.state"].folder.attempts_file
    app.extensions[_ATTEMPTS] = Attempts(file, clock, lambda: record_event("session.attempts_lost", "failed"))
    install_proofs(app, lambda: guesses().attempt(PASSPHRASE_ATTEMPTS))

    @manager.request_loader  # type: ignore[untyped-decorator]
    def find_person(_incoming: Request) -> object:
        if bearer_token() is not None:
            return find_token_person()
        sessions, cookie = find_service(Sessions), session_cookie()
        web_session = sessions.find(cookie) if sessions and cookie else None
        return SignedInPerson(web_session, get_clock().now()) if web_session else None

    @app.before_request
    def note_navigation() -> None:
        # Reading may be a page's own timer; opening a page is a person's doing.
        if request.headers.get("Sec-Fetch-Mode") == "navigate" and isinstance(current_user._get_current_object(), SignedInPerson):
            get_service(Sessions).touch(current_user.session_key)


# --- where a request comes from ---


def attempts() -> Attempts:
    """Return the counts of wrong guesses."""
    counted: Attempts = current_app.extensions[_ATTEMPTS]
    return counted


def guesses() -> DeviceAttempts:
    """Return the counts of wrong guesses on the device of the present request."""
    return attempts().of_device(device_token())


def device_token() -> str:
    """Return what the browser's device cookie holds; a device of the open store has a count of its own from now on."""
    token, devices = device_cookie(), find_service(Devices)
    if token and devices is not None and not attempts().knows(token) and (device := devices.find(token)) is not None:
        attempts().know(token, whose=counts_of(device, devices.people_of(device.id)))
    return token


def counts_of(device: Device, people: Iterable[Person]) -> set[str] | None:
    """Return whose wrong guesses are counted apart on a device where these people have signed in; None for everybody's.

    Whoever may sign in makes as many browsers known as they like; the window and a paired device took the owner's doing.
    """
    if device.kind is not DeviceKind.BROWSER:
        return None
    return {name for person in people for name in (person.id, *([PASSPHRASE_ATTEMPTS] if person.role is Role.OWNER else []))}


def present_visit() -> Visit:
    """Return where the present request comes from."""
    token = device_token()
    name = name_of_browser(request.headers.get("User-Agent", ""))
    return Visit(token, name, request.remote_addr or "", is_window=attempts().is_window(token))


def origin() -> str:
    """Return where the page comes from, as a passkey is bound to it."""
    return request.host_url.rstrip("/")


# --- giving and taking sessions ---


def give_session(opened: OpenedSession) -> str:
    """Let this browser hold the session that has just begun, and return the token of its next state change."""
    token = opened.device_token or device_cookie()
    session = opened.session
    attempts().know(token, is_window=attempts().is_window(token), whose=counts_of(session.device, [session.person]))

    @after_this_request
    def give_cookies(response: Response) -> Response:
        set_secret_cookie(response, SESSION_COOKIE, opened.cookie)
        set_device_cookie(response, token)
        drop_cookie(response, PENDING_COOKIE)
        return response

    return session_token(opened.cookie)


def sign_out(state: str) -> dict[str, str]:
    """Take the session from this browser."""

    @after_this_request
    def take_cookie(response: Response) -> Response:
        drop_session_cookie(response)
        return response

    return {"state": state, "csrf_token": ""}


class ActivityAnswer(Answer):
    """The state after the act, and the token for the next state change."""

    state: Literal["locked", "unlocked", "signed_in"]
    csrf_token: str


class SessionAnswer(Answer):
    """One browser in which somebody is signed in."""

    id: str
    person: str
    device: str
    address: str
    created_at: datetime
    last_seen_at: datetime
    by: str
    is_new_place: bool
    is_current: bool


class SessionsAnswer(Answer):
    """The sessions that go on, begun last first."""

    items: list[SessionAnswer]


class StepUpAnswer(Answer):
    """How the person can prove once more who they are, and until when they have."""

    methods: list[str]
    fresh_until: datetime | None


class SteppedUpAnswer(Answer):
    """The proof is taken: the session has a new cookie, and its state changes a new token."""

    csrf_token: str
    fresh_until: datetime


class StepUpBody(Body):
    """A code, or the password where no second factor is enrolled."""

    method: Literal["totp", "sms", "recovery", "password"]
    code: str = Field(min_length=1, max_length=1024, repr=False)


class PasskeyBody(Body):
    """What the browser's passkey answered."""

    credential: dict[str, Any] = Field(repr=False)


class SentCodeAnswer(Answer):
    """Where a code was sent to, masked, and when another may be sent."""

    sent_to: str
    retry_after_seconds: int


# --- this session ---


@routes.add("POST", "/session/activity", role=Role.VIEWER, answer=ActivityAnswer)
def keep_session() -> dict[str, str]:
    """Note that the person used key, pointer or touch; a session that is idle for too long ends."""
    get_service(Sessions).touch(current_user.session_key)
    return {"state": "signed_in", "csrf_token": csrf_token()}


@routes.add("POST", "/session/end", role=Role.VIEWER, answer=ActivityAnswer, act="session.end")
def end_session() -> dict[str, str]:
    """Sign this browser out; the store stays open for others and for running work."""
    get_service(Sessions).end_by_cookie(session_cookie())
    close_sockets(current_user.session_key)
    return sign_out("unlocked")


@routes.add("GET", "/session/step-up", role=Role.VIEWER, answer=StepUpAnswer)
def show_step_up() -> dict[str, Any]:
    """Say how the person can prove once more who they are, and until when the last proof holds."""
    methods = get_service(SignIns).step_up_methods(current_user.person, origin())
    return {"methods": list(methods), "fresh_until": current_user.stepped_up_until if current_user.has_stepped_up else None}


@routes.add(
    "POST",
    "/session/step-up",
    role=Role.VIEWER,
    body=StepUpBody,
    answer=SteppedUpAnswer,
    act="session.step_up",
    is_expensive=True,
)
def step_up(body: StepUpBody) -> dict[str, Any]:
    """Prove once more who is there, by a code or by the password; it holds for five minutes."""
    note_facts(method=body.method)
    get_service(SignIns).prove_again(guesses(), current_user.person, body.method, body.code, origin())
    return stepped_up()


@routes.add("POST", "/session/step-up/sms", role=Role.VIEWER, answer=SentCodeAnswer, act="session.sms", is_expensive=True)
def send_step_up_code() -> object:
    """Send a code to the person's phone."""
    return get_service(Factors).send_sms(current_user.id)


@routes.add("POST", "/session/step-up/passkey/options", role=Role.VIEWER, answer=dict[str, Any])
def offer_step_up_passkey() -> dict[str, Any]:
    """Return what the browser asks the passkey with."""
    return get_service(Factors).passkey_options(current_user.id, origin())


@routes.add("POST", "/session/step-up/passkey", role=Role.VIEWER, body=PasskeyBody, answer=SteppedUpAnswer, act="session.step_up")
def step_up_by_passkey(body: PasskeyBody) -> dict[str, Any]:
    """Prove once more who is there, by a passkey; it holds for five minutes."""
    note_facts(method="passkey")
    get_service(SignIns).prove_passkey(guesses(), current_user.person, origin(), body.credential)
    return stepped_up()


def stepped_up() -> dict[str, Any]:
    """Give the session a new cookie, for what was held before the proof is worth less than what is held after it."""
    opened = get_service(Sessions).step_up(current_user.session_key)
    return {"csrf_token": give_session(opened), "fresh_until": opened.session.stepped_up_until}


# --- all sessions ---


@routes.add("GET", "/sessions", role=Role.VIEWER, answer=SessionsAnswer)
def list_sessions() -> dict[str, Any]:
    """Return where the person is signed in; the owner sees everybody's."""
    return visible_sessions()


@routes.add("DELETE", "/sessions/<session_id>", role=Role.VIEWER, answer=SessionsAnswer, act="session.revoke")
def revoke_session(session_id: str) -> dict[str, Any]:
    """End a session at once, with its sockets; the owner may end anybody's."""
    get_service(Sessions).end(session_id, whose())
    close_sockets(session_id)
    return visible_sessions()


def whose() -> str | None:
    """Return whose sessions the present person may see and end; None for everybody's."""
    return None if current_user.role is Role.OWNER else current_user.id


def visible_sessions() -> dict[str, Any]:
    """Return the sessions the present person may see."""
    return {"items": [show_session(one) for one in get_service(Sessions).list_sessions(whose())]}


def show_session(one: WebSession) -> dict[str, Any]:
    """Return a session as the API shows it."""
    return {
        "id": one.id,
        "person": one.person.name,
        "device": one.device.name,
        "address": one.address,
        "created_at": one.created_at,
        "last_seen_at": one.last_seen_at,
        "by": one.by.value,
        "is_new_place": one.is_new_place,
        "is_current": one.id == current_user.session_key,
    }

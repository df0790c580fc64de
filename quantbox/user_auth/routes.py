"""Opening the store, signing browsers in and out, and the owner's settings."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any, Literal

from flask import Flask, Request, Response, after_this_request, current_app, request
from flask_login import LoginManager, UserMixin, current_user
from pydantic import Field

from quantbox import __version__
from quantbox.core.clock import Clock
from quantbox.core.roles import Role
from quantbox.user_auth.attempts import Attempts
from quantbox.user_auth.errors import LaunchTokenRefused, SettingInvalid
from quantbox.user_auth.models import OWNER_ACCOUNT, SignInBy, WebSession
from quantbox.user_auth.service import People
from quantbox.user_auth.settings import APPEARANCE, SettingsService, check_setting
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.cookies import (
    SESSION_COOKIE,
    appearance_cookies,
    drop_session_cookie,
    session_cookie,
    set_appearance_cookies,
    set_secret_cookie,
)
from quantbox.web.csrf import csrf_token, session_token
from quantbox.web.errors import VaultLocked
from quantbox.web.sockets import close_sockets
from quantbox.web.state import find_service, get_service, program_state

__all__ = ["SignedInPerson", "install_login", "routes"]

routes = Routes("user_auth")

State = Literal["new", "locked", "unlocked", "signed_in"]
_ATTEMPTS = "quantbox.attempts"


class SignedInPerson(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """flask-login's view of the session the browser's cookie names."""

    def __init__(self, web_session: WebSession) -> None:
        self.id = web_session.person.id
        self.account_id = web_session.person.account_id
        self.role = web_session.person.role
        self.session_key = web_session.key
        self.has_stepped_up = False


def install_login(app: Flask, clock: Clock) -> None:
    """Let flask-login find the person of a request by the session row its cookie names."""
    manager = LoginManager()
    manager.session_protection = None  # it would bind Flask's own cookie session, which is not used
    manager.init_app(app, add_context_processor=False)
    app.extensions[_ATTEMPTS] = Attempts(clock)

    @manager.request_loader  # type: ignore[untyped-decorator]
    def find_person(incoming: Request) -> SignedInPerson | None:
        session_id = incoming.cookies.get(SESSION_COOKIE)
        people = find_service(People)
        web_session = people.find_session(session_id) if people and session_id else None
        return SignedInPerson(web_session) if web_session else None

    @app.before_request
    def note_activity() -> None:
        # Reading may be a page's own timer; opening a page or changing something is a person's doing.
        is_by_hand = request.headers.get("Sec-Fetch-Mode") == "navigate" or request.method != "GET"
        if is_by_hand and current_user.is_authenticated:
            get_service(People).touch(session_cookie())


class PlaceAnswer(Answer):
    """The place where the data folder is to be."""

    free_bytes: int
    is_writable: bool


class StatusAnswer(Answer):
    """What anybody on this machine may know of the program; of the disk only while there is nothing on it yet."""

    version: str
    state: State
    csrf_token: str
    demo: bool
    place: PlaceAnswer | None


class SignInAnswer(Answer):
    """The state after the act, and the token for the next state change."""

    state: State
    csrf_token: str


class PassphraseBody(Body):
    """The owner's pass phrase."""

    passphrase: str = Field(min_length=1, max_length=4096, repr=False)


class LaunchBody(Body):
    """The window's launch token."""

    token: str = Field(min_length=1, max_length=256, repr=False)


class SettingsAnswer(Answer):
    """Every setting; amounts are decimal text."""

    language: Literal["zh", "en"]
    theme: Literal["system", "light", "dark"]
    price_colours: Literal["red_up", "green_up", "colour_blind"]
    commission_bps: Decimal
    commission_min_yuan: Decimal
    initial_cash: Decimal
    data_source: str


class SettingsBody(Body):
    """The settings to change; those left out stay."""

    language: str | None = None
    theme: str | None = None
    price_colours: str | None = None
    commission_bps: Decimal | None = None
    commission_min_yuan: Decimal | None = None
    initial_cash: Decimal | None = None
    data_source: str | None = None


@routes.add("GET", "/status", role=None, answer=StatusAnswer)
def show_status() -> dict[str, Any]:
    """Say whether there is a store, whether it is open, and whether this browser is signed in."""
    program = program_state()
    state = "signed_in" if current_user.is_authenticated else program.vault_state()
    folder = program.folder
    place = {"free_bytes": folder.free_bytes(), "is_writable": folder.is_writable()} if state == "new" else None
    return {"version": __version__, "state": state, "csrf_token": csrf_token(), "demo": program.is_demo, "place": place}


@routes.add("POST", "/vault/create", role=None, body=PassphraseBody, answer=SignInAnswer, status=201)
def create_vault(body: PassphraseBody) -> dict[str, str]:
    """Create the store under a new pass phrase, open it and sign this browser in."""
    program_state().create(body.passphrase)
    get_service(SettingsService).change(OWNER_ACCOUNT, chosen_looks())
    return sign_in(SignInBy.OWNER_PROOF)


@routes.add("POST", "/vault/unlock", role=None, body=PassphraseBody, answer=SignInAnswer)
def unlock_vault(body: PassphraseBody) -> dict[str, str]:
    """Prove the pass phrase: open the store if it is locked, and sign this browser in.

    After five wrong pass phrases every further one makes the next attempt wait longer, up to a minute.
    """
    attempts: Attempts = current_app.extensions[_ATTEMPTS]
    with attempts.attempt():
        program_state().unlock(body.passphrase)
    return sign_in(SignInBy.OWNER_PROOF)


@routes.add("POST", "/vault/lock", role=Role.OWNER, answer=SignInAnswer)
def lock_vault() -> dict[str, str]:
    """Lock the store: the key is forgotten, work stops, and every browser is signed out."""
    get_service(People).end_all()
    program_state().lock()
    close_sockets(None)
    return sign_out(program_state().vault_state())


@routes.add("POST", "/session/launch", role=None, body=LaunchBody, answer=SignInAnswer)
def launch_session(body: LaunchBody) -> dict[str, str]:
    """Sign the program's own window in by the token it was started with, which works once."""
    if program_state().services is None:
        raise VaultLocked
    if not program_state().take_launch_token(body.token):
        raise LaunchTokenRefused
    return sign_in(SignInBy.WINDOW_LAUNCH)


@routes.add("POST", "/session/activity", role=Role.VIEWER, answer=SignInAnswer)
def keep_session() -> dict[str, str]:
    """Note that the person used pointer or keys; a session idle for 30 minutes ends."""
    return {"state": "signed_in", "csrf_token": csrf_token()}


@routes.add("POST", "/session/end", role=Role.VIEWER, answer=SignInAnswer)
def end_session() -> dict[str, str]:
    """Sign this browser out; the store stays open for others and for running work."""
    get_service(People).end(session_cookie())
    close_sockets(current_user.session_key)
    return sign_out("unlocked")


@routes.add("GET", "/settings", role=Role.VIEWER, answer=SettingsAnswer)
def show_settings() -> object:
    """Return every setting of the person's account."""
    return get_service(SettingsService).get(current_user.account_id)


@routes.add("PUT", "/settings", role=Role.OWNER, body=SettingsBody, answer=SettingsAnswer)
def change_settings(body: SettingsBody) -> object:
    """Change the settings that are given and return all of them."""
    changes = body.model_dump(exclude_none=True)
    settings = get_service(SettingsService).change(current_user.account_id, changes)
    give_looks({name: getattr(settings, name) for name in APPEARANCE if name in changes})
    return settings


def sign_in(by: SignInBy) -> dict[str, str]:
    """Begin a new session in this browser, whatever it held before, and end the one it held."""
    people = get_service(People)
    if session_cookie():
        people.end(session_cookie())
    session_id = people.sign_in_owner(by)
    settings, chosen = get_service(SettingsService).get(OWNER_ACCOUNT), chosen_looks()
    give_looks({name: getattr(settings, name) for name in APPEARANCE if name not in chosen})

    @after_this_request
    def give_cookie(response: Response) -> Response:
        set_secret_cookie(response, SESSION_COOKIE, session_id)
        return response

    return {"state": "signed_in", "csrf_token": session_token(session_id)}


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


def sign_out(state: str) -> dict[str, str]:
    """Take the session from this browser and let it forget what it kept."""

    @after_this_request
    def take_cookie(response: Response) -> Response:
        drop_session_cookie(response)
        response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response

    return {"state": state, "csrf_token": ""}

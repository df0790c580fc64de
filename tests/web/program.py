"""A whole program in one process, for tests that ask through HTTP: real store, real services, a clock that stands still."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import fields
from datetime import timedelta
from functools import cache, cached_property
from typing import Any, Self

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from quantbox.app.rotation.rotating import answer_of, rotate_store
from quantbox.app.services import Services, build_services
from quantbox.app.web import create_app
from quantbox.backup import switching
from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock
from quantbox.core.ids import new_id
from quantbox.core.paths import DataFolder
from quantbox.user_auth.models import OWNER_ACCOUNT, Person, Role, SignInBy, Visit
from quantbox.user_auth.people.passwords import make_verifier
from quantbox.user_auth.people.service import key_of_name
from quantbox.user_auth.tables import PersonRow
from quantbox.vault import service as vault
from quantbox.vault.models import AccessKey, Keys
from quantbox.web.state import VaultState
from tests.empty_store import write_empty_database

PASSPHRASE = "correct horse battery staple"
NAME, PASSWORD = "林溪", "青瓦檐下 rain 七声"


class Program:
    """Plays the supervisor: holds the keys and the services of the open store."""

    is_demo = False
    is_rotating = False

    def __init__(self, folder: DataFolder, clock: FixedClock) -> None:
        self.folder = folder
        self.clock = clock
        self.services: Services | None = None
        self.launch_token: str | None = "launch-" + secrets.token_hex(16)
        self.woken: list[str] = []

    @cached_property
    def app(self) -> Flask:
        """The application every browser asks; made once, for that takes as long as a test does."""
        return create_app(self, clock=self.clock, testing=True)

    def vault_state(self) -> VaultState:
        if not vault.exists(self.folder):
            return "new"
        return "locked" if self.services is None else "unlocked"

    def create(self, passphrase: str) -> None:
        self.open(vault.create(self.folder, passphrase))

    def unlock(self, passphrase: str) -> None:
        self._open_if_locked(vault.unlock(self.folder, passphrase))

    def unlock_by_recovery(self, code: str) -> None:
        self._open_if_locked(vault.unlock_by_recovery(self.folder, code))

    def unlock_by_kms(self, access_key_id: str, access_key_secret: str) -> None:
        self._open_if_locked(vault.unlock_by_kms(self.folder, AccessKey(access_key_id, access_key_secret)))

    def _open_if_locked(self, keys: Keys) -> None:
        if self.services is None:
            self.open(keys)

    def lock(self) -> None:
        if self.services is not None:
            self.services.close()
        self.services = None

    def rotate(self, passphrase: str, new_passphrase: str | None) -> dict[str, Any]:
        self.lock()
        rotation = rotate_store(
            self.folder, passphrase, new_passphrase=new_passphrase, progress=lambda _stage, _fraction: None, is_throw_away=True
        )
        self.open(rotation.keys)
        return answer_of(rotation)

    def rotation(self) -> dict[str, Any] | None:
        return None

    def take_restored(self) -> None:
        self.lock()
        switching.settle(self.folder)

    def take_launch_token(self, token: str) -> bool:
        fits = self.launch_token is not None and secrets.compare_digest(token.encode(), self.launch_token.encode())
        if fits:
            self.launch_token = None
        return fits

    def open(self, keys: Keys) -> Services:
        """Build the services as the web process does; jobs are woken by nobody, tests run them."""
        self.services = build_services(
            self.folder, keys, bus=LocalBus(), clock=self.clock, owner="web:test", wake=self.woken.append
        )
        return self.services

    @property
    def open_services(self) -> Services:
        assert self.services is not None
        return self.services


class Browser:
    """One browser: keeps cookies and sends what a page of the program sends."""

    host = "localhost"

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.token = ""

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.client.get(path, buffered=True, **options)

    def api(self, path: str, **query: Any) -> Any:
        """Read an address of the API and return its document; anything but success fails the test."""
        answer = self.client.get("/api/v1" + path, query_string=query)
        assert answer.status_code < 400, answer.get_data(as_text=True)
        return answer.get_json()

    def send(self, method: str, path: str, body: Any = None, **options: Any) -> TestResponse:
        """Change something as a page does."""
        if not self.token:
            self.token = self.client.get("/api/v1/status").get_json()["csrf_token"]
        headers = {"X-CSRF-Token": self.token, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        if body is not None:
            options["json"] = body
        answer = self.client.open("/api/v1" + path, method=method, headers=headers, **options)
        document = answer.get_json(silent=True)
        if isinstance(document, dict) and "csrf_token" in document:
            self.token = document["csrf_token"]
        return answer

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.send("POST", path, body, **options)

    def step_up(self) -> Self:
        """Have proven once more who is there, without the cost of a password."""
        sessions = self.client.application.extensions["quantbox.state"].open_services.web_sessions
        held = self.client.get_cookie("quantbox_session", domain=self.host)
        found = sessions.find(held.value) if held else None
        assert found is not None, "nobody is signed in"
        self.client.set_cookie("quantbox_session", sessions.step_up(found.id).cookie, domain=self.host)
        self.token = ""
        return self


@pytest.fixture
def new_program(data_folder: DataFolder, clock: FixedClock) -> Iterator[Program]:
    """A program without a store."""
    program = Program(data_folder, clock)
    yield program
    program.lock()


@pytest.fixture
def program(new_program: Program) -> Program:
    """A program with its store open; the keys are made without the cost of a pass phrase."""
    keys = {one.name: secrets.token_bytes(32) for one in fields(Keys)}
    new_program.open(Keys(**{**keys, "database": write_empty_database(new_program.folder)}))
    new_program.vault_state = lambda: "locked" if new_program.services is None else "unlocked"  # type: ignore[method-assign]
    return new_program


def open_browser(program: Program) -> Browser:
    """Return a browser that has never been here."""
    return Browser(program.app.test_client())


@pytest.fixture
def stranger(program: Program) -> Browser:
    """A browser in which nobody is signed in, before an open store."""
    return open_browser(program)


@pytest.fixture
def browser(program: Program) -> Browser:
    """The owner's browser, signed in a while ago: what was proven then no longer counts as a step-up."""
    return sign_in(open_browser(program), program)


@cache
def verifier() -> str:
    """Return what is kept of PASSWORD; made once, for it costs a tenth of a second."""
    return make_verifier(PASSWORD)


def add_person(program: Program, name: str = NAME, role: Role = Role.OWNER) -> Person:
    """Let somebody in whose password is PASSWORD; who is there already is only looked up."""
    services = program.open_services
    found = services.people.find(name)
    if found is not None:
        return found
    with services.sessions.begin() as session:
        row = PersonRow(id=new_id(), account_id=OWNER_ACCOUNT, name=name, name_key=key_of_name(name), role=role.value)
        row.is_active, row.password_verifier = True, verifier()
        row.created_at = row.password_changed_at = program.clock.now()
        session.add(row)
    added = services.people.find(name)
    assert added is not None
    return added


def sign_in(browser: Browser, program: Program, name: str = NAME, role: Role = Role.OWNER) -> Browser:
    """Give the browser a session of this person, without the cost of a password."""
    person = add_person(program, name, role)
    device = browser.client.get_cookie("quantbox_device")
    visit = Visit(device.value if device else "", "Test · Linux", "127.0.0.1")
    opened = program.open_services.web_sessions.begin(person, SignInBy.PASSWORD, visit, proven_for=timedelta())
    browser.client.set_cookie("quantbox_session", opened.cookie)
    if opened.device_token:
        browser.client.set_cookie("quantbox_device", opened.device_token)
    browser.token = ""
    return browser

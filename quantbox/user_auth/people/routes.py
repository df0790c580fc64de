"""The person who is signed in, and the people the owner lets in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_login import current_user
from pydantic import Field

from quantbox.core.roles import Role
from quantbox.user_auth.errors import OwnPersonKept, PasswordChangedTooOften
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.models import Person
from quantbox.user_auth.people.service import People
from quantbox.user_auth.sessions.routes import attempts, guesses, origin
from quantbox.user_auth.signing_in.service import SignIns
from quantbox.web.acts import note_facts
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.state import get_service

__all__ = ["routes"]

routes = Routes("user_auth", takes_tokens=False)


class MethodsAnswer(Answer):
    """Which second factors are enrolled, by the ways to prove them."""

    methods: list[str]


class MeAnswer(Answer):
    """Who is signed in; `role` is what may be done on this device."""

    id: str
    name: str
    role: Role
    person_role: Role
    factors: MethodsAnswer
    password_changed_at: datetime | None


class PersonAnswer(Answer):
    """One person."""

    id: str
    name: str
    role: Role
    is_active: bool
    has_password: bool
    has_second_factor: bool
    password_changed_at: datetime | None
    created_at: datetime
    is_current: bool


class PeopleAnswer(Answer):
    """Everybody who may use the store."""

    items: list[PersonAnswer]


class OwnPasswordBody(Body):
    """The present password and the one that replaces it."""

    current_password: str = Field(min_length=1, max_length=1024, repr=False)
    new_password: str = Field(min_length=1, max_length=1024, repr=False)


class NewPersonBody(Body):
    """Somebody to let in."""

    name: str = Field(min_length=1, max_length=200)
    role: Role
    password: str = Field(min_length=1, max_length=1024, repr=False)


class PersonBody(Body):
    """What to change of a person."""

    role: Role | None = None
    is_active: bool | None = None


class NewPasswordBody(Body):
    """A person's new password."""

    password: str = Field(min_length=1, max_length=1024, repr=False)


@routes.add("GET", "/me", role=Role.VIEWER, answer=MeAnswer)
def show_me() -> dict[str, Any]:
    """Say who is signed in in this browser."""
    return myself()


@routes.add(
    "POST",
    "/me/password",
    role=Role.VIEWER,
    body=OwnPasswordBody,
    answer=MeAnswer,
    step_up=True,
    act="person.own_password",
    is_expensive=True,
)
def change_own_password(body: OwnPasswordBody) -> dict[str, Any]:
    """Change the password; the person's other sessions and their API tokens end."""
    sign_ins = get_service(SignIns)
    sign_ins.check_password(guesses(), current_user.person, body.current_password)
    refuse_too_many_changes()
    current_user.person = sign_ins.change_password(current_user.id, body.new_password, keep_session=current_user.session_key)
    return myself()


def refuse_too_many_changes() -> None:
    """Slow down whoever changes their password over and over: each answer tells whether it is the pass phrase of the data."""
    name, changes = f"new_password:{current_user.id}", attempts().of_device("")  # one count, whatever device it is done on
    wait = changes.begin(name)
    if wait:
        raise PasswordChangedTooOften(retry_after_seconds=wait)


@routes.add("GET", "/people", role=Role.OWNER, answer=PeopleAnswer)
def list_people() -> dict[str, Any]:
    """Return everybody who may use the store."""
    return everybody()


@routes.add(
    "POST",
    "/people",
    role=Role.OWNER,
    body=NewPersonBody,
    answer=PeopleAnswer,
    status=201,
    step_up=True,
    act="person.add",
    is_expensive=True,
)
def add_person(body: NewPersonBody) -> dict[str, Any]:
    """Let somebody in with a role and a first password, which they are told by other means."""
    note_facts(role=body.role.value)
    person = get_service(People).add(body.name, body.role, body.password)
    note_facts(person_id=person.id, name=person.name)
    return everybody()


@routes.add(
    "PUT", "/people/<person_id>", role=Role.OWNER, body=PersonBody, answer=PeopleAnswer, step_up=True, act="person.change"
)
def change_person(person_id: str, body: PersonBody) -> dict[str, Any]:
    """Give somebody another role, or switch them on or off; what they have open follows at once."""
    refuse_own(person_id)
    note_facts(role=body.role and body.role.value, is_active=body.is_active)
    person = get_service(People).change(person_id, role=body.role, is_active=body.is_active)
    note_facts(name=person.name)
    if not person.is_active:
        get_service(SignIns).end_everything_of(person_id)
    return everybody()


@routes.add(
    "POST",
    "/people/<person_id>/password",
    role=Role.OWNER,
    body=NewPasswordBody,
    answer=PeopleAnswer,
    step_up=True,
    act="person.password",
    is_expensive=True,
)
def set_person_password(person_id: str, body: NewPasswordBody) -> dict[str, Any]:
    """Give somebody else a new password; everything they have open ends."""
    refuse_own(person_id)
    note_facts(name=get_service(SignIns).change_password(person_id, body.password).name)
    return everybody()


@routes.add(
    "POST", "/people/<person_id>/reset-factors", role=Role.OWNER, answer=PeopleAnswer, step_up=True, act="person.reset_factors"
)
def reset_factors(person_id: str) -> dict[str, Any]:
    """Remove the second factors of somebody else who lost them; everything they have open ends."""
    refuse_own(person_id)
    note_facts(name=get_service(People).get(person_id).name)
    get_service(Factors).forget(person_id)
    get_service(SignIns).end_everything_of(person_id)
    return everybody()


@routes.add("DELETE", "/people/<person_id>", role=Role.OWNER, answer=PeopleAnswer, step_up=True, act="person.remove")
def remove_person(person_id: str) -> dict[str, Any]:
    """Remove somebody with everything they have open."""
    refuse_own(person_id)
    note_facts(name=get_service(People).remove(person_id).name)
    return everybody()


def myself() -> dict[str, Any]:
    """Return the present person as the API shows them."""
    person: Person = current_user.person
    return {
        "id": person.id,
        "name": person.name,
        "role": current_user.role,
        "person_role": person.role,
        "factors": {"methods": list(get_service(Factors).methods_of(person.id, origin()))},
        "password_changed_at": person.password_changed_at,
    }


def refuse_own(person_id: str) -> None:
    """Keep people from shutting themselves out; their own password has a route of its own."""
    if person_id == current_user.id:
        raise OwnPersonKept


def everybody() -> dict[str, Any]:
    """Return everybody as the API shows them."""
    factors = get_service(Factors)
    shown = ("id", "name", "role", "is_active", "has_password", "password_changed_at", "created_at")
    return {
        "items": [
            {name: getattr(person, name) for name in shown}
            | {"has_second_factor": bool(factors.methods_of(person.id)), "is_current": person.id == current_user.id}
            for person in get_service(People).list_people()
        ]
    }

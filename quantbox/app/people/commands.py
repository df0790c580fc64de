"""What `quantbox people` does on an open store; it acts as the owner by the pass phrase alone."""

from __future__ import annotations

from typing import Any

from quantbox.app.services import Services
from quantbox.core.roles import Role
from quantbox.user_auth.errors import PersonUnknown
from quantbox.user_auth.models import Person

__all__ = ["add_person", "list_people", "reset_person"]

Progress = Any  # the commands below end at once


def list_people(services: Services, _arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Show who may use the store."""
    return {"people": [describe(services, person) for person in services.people.list_people()]}


def add_person(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Let somebody in; the first owner of a store that has none who can sign in is given name and password."""
    role, people = Role(arguments["role"]), services.people
    keep_first = role is Role.OWNER and people.owner() is None
    name, verifier = arguments["name"], arguments["verifier"]
    person = people.keep_owner(name, verifier) if keep_first else people.keep_new(name, role, verifier)
    return describe(services, person)


def reset_person(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Give somebody a new password and clear their second factors; everything they have open ends."""
    person = services.people.find(arguments["name"])
    if person is None:
        raise PersonUnknown
    services.factors.forget(person.id)
    person = services.people.keep_verifier(person.id, arguments["verifier"])
    services.sign_ins.end_everything_of(person.id)
    return describe(services, person)


def describe(services: Services, person: Person) -> dict[str, Any]:
    """Return a person as the command line shows them."""
    changed = person.password_changed_at
    return {
        "id": person.id,
        "name": person.name,
        "role": person.role.value,
        "is_active": person.is_active,
        "has_password": person.has_password,
        "second_factors": list(services.factors.methods_of(person.id)),
        "password_changed_at": changed and changed.isoformat(),
    }

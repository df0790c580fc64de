"""`quantbox people` where it is typed: asks for the password, checks it, and hands over no secret."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from quantbox.app.store_access import read_new_secret, run_on_store
from quantbox.core.paths import DataFolder
from quantbox.core.text import Language, Text
from quantbox.vault.models import Keys

__all__ = ["ACTIONS"]

_NEW = Text("{name} 的新密码: ", "New password of {name}: ")


def list_people(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Show who may use the store."""
    return run_on_store(options, folder, "people.list", {"language": language})


def add_person(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Let somebody in with a role and a first password."""
    arguments = {"language": language, "name": options.name, "role": options.role}
    return run_on_store(options, folder, "people.add", arguments, prepare=_with_password(options, language))


def reset_person(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Give somebody a new password and clear their second factors."""
    arguments = {"language": language, "name": options.name}
    return run_on_store(options, folder, "people.reset", arguments, prepare=_with_password(options, language))


def _with_password(options: argparse.Namespace, language: Language) -> Callable[[str, Keys], dict[str, Any]]:
    password = read_new_secret(options.password_file, _NEW.with_facts(name=options.name), options, language)

    def prepare(passphrase: str, _keys: Keys) -> dict[str, Any]:
        from quantbox.user_auth.people.passwords import make_verifier
        from quantbox.user_auth.people.service import refuse_unfit

        refuse_unfit(options.name, password, passphrase)
        return {"verifier": make_verifier(password)}

    return prepare


#: By the words after `quantbox people`.
ACTIONS: dict[str, Callable[[argparse.Namespace, DataFolder, Language], dict[str, Any]]] = {
    "list": list_people,
    "add": add_person,
    "reset": reset_person,
}

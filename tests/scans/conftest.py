"""The owner, signed in and stepped up, before the whole real application; Argon2 is made cheap and no host answers."""

from __future__ import annotations

import hashlib
import socket
from typing import Any

import pytest

from quantbox.user_auth import routes as user_auth_routes
from tests.web.program import browser, new_program, program

__all__ = ["browser", "new_program", "program"]


@pytest.fixture
def stepped_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person has just proven the second factor again."""
    always = property(lambda _person: True, lambda _person, _value: None)
    monkeypatch.setattr(user_auth_routes.SignedInPerson, "has_stepped_up", always, raising=False)


@pytest.fixture
def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys at no cost: thousands of wrong pass phrases are tried, and none of them is what is tested."""
    import argon2.low_level

    def derive(secret: bytes, salt: bytes, *_costs: Any, hash_len: int = 32, **_more: Any) -> bytes:
        return hashlib.blake2b(secret, key=salt[:64], digest_size=hash_len).digest()

    for module in _modules_with("hash_secret_raw"):
        monkeypatch.setattr(module, "hash_secret_raw", derive)
    monkeypatch.setattr(argon2.low_level, "hash_secret_raw", derive)


def _modules_with(name: str) -> list[Any]:
    import sys

    return [module for key, module in sys.modules.items() if key.startswith("quantbox.") and hasattr(module, name)]


@pytest.fixture
def no_host_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play a machine without network: names are unknown, as a real one says it."""

    def unknown(*_arguments: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

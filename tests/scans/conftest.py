"""The owner, signed in and stepped up, before the whole real application; Argon2 is made cheap and no host answers."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
from typing import Any

import pytest

from quantbox.audit.anchors import Anchorage
from quantbox.core.database import encrypted_file
from quantbox.user_auth.people import passwords
from quantbox.user_auth.routes import SignedInPerson
from tests.web.program import PASSPHRASE, Program, browser, new_program

__all__ = ["browser", "new_program"]


@pytest.fixture
def program(cheap_argon2: None, no_waiting_for_disks: None, new_program: Program) -> Program:
    """A program with its store open, the vault with its pass phrase included."""
    new_program.create(PASSPHRASE)
    return new_program


@pytest.fixture
def no_waiting_for_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave it to the system when bytes reach the disk: every refused act writes a record, and no power is cut here."""
    prepare = encrypted_file._prepare

    def prepare_fast(handle: Any, timeout_seconds: float) -> None:
        prepare(handle, timeout_seconds)
        handle.execute("PRAGMA synchronous = OFF")

    monkeypatch.setattr(encrypted_file, "_prepare", prepare_fast)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    monkeypatch.setattr(Anchorage, "advance", lambda _anchorage, _anchor, _holds: None)


@pytest.fixture
def stepped_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person has just proven the second factor again, in every session there is."""
    always = property(lambda _person: True, lambda _person, _value: None)
    monkeypatch.setattr(SignedInPerson, "has_stepped_up", always, raising=False)


@pytest.fixture
def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys at no cost: thousands of wrong pass phrases are tried, and none of them is what is tested."""
    import argon2
    import argon2.low_level

    def derive(secret: bytes, salt: bytes, *_costs: Any, hash_len: int = 32, **_more: Any) -> bytes:
        return hashlib.blake2b(secret, key=salt[:64], digest_size=hash_len).digest()

    holders = [
        module for name, module in sys.modules.items() if name.startswith("quantbox.") and hasattr(module, "hash_secret_raw")
    ]
    for module in (*holders, argon2.low_level):
        monkeypatch.setattr(module, "hash_secret_raw", derive)
    monkeypatch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def no_host_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Play a machine without network: names are unknown, as a real one says it."""

    def unknown(*_arguments: Any, **_more: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)


@pytest.fixture(autouse=True)
def no_rate_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask as often as the scan needs; the limits have tests of their own."""
    from quantbox.web.rate_limits import RateLimits

    monkeypatch.setattr(RateLimits, "charge_session", lambda _limits, _key: None)

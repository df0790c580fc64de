"""Giving the pass phrase again inside a session: slowed down by whoever counts failed sign-ins, who lies above this toolkit."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from flask import Flask, current_app

__all__ = ["install_proofs", "proving"]

_EXTENSION = "quantbox.proofs"


def install_proofs(app: Flask, attempt: Callable[[], AbstractContextManager[None]]) -> None:
    """Let `attempt` surround every act that proves the pass phrase: a Denied that leaves it counts as a failure."""
    app.extensions[_EXTENSION] = attempt


def proving() -> AbstractContextManager[None]:
    """Surround an act that proves the pass phrase; raises while the wait after too many failures goes on."""
    attempt: Callable[[], AbstractContextManager[None]] = current_app.extensions.get(_EXTENSION, nullcontext)
    return attempt()

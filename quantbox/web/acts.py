"""Sensitive acts on their way to the audit log, which lies above this toolkit and is given to the application by `app`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app, g

from quantbox.core.errors import QuantBoxError

__all__ = ["Recorder", "install_recorder", "note_facts", "recorded"]

_EXTENSION = "quantbox.recorder"

#: Writes one record: the act, how it ended ("done", "refused", "failed"), and what is known of it besides.
Recorder = Callable[[str, str, dict[str, Any]], None]


def install_recorder(app: Flask, record: Recorder) -> None:
    """Let `record` write down every sensitive act of the application."""
    app.extensions[_EXTENSION] = record


def note_facts(**facts: Any) -> None:
    """Add what the record of the present act should say; never a secret, never private content."""
    g.act_facts = {**g.get("act_facts", {}), **facts}


@contextmanager
def recorded(act: str | None) -> Iterator[None]:
    """Record the act done in the block: done, refused with the code of the error, or failed."""
    record: Recorder | None = current_app.extensions.get(_EXTENSION)
    if act is None or record is None:
        yield
        return
    try:
        yield
    except QuantBoxError as refusal:
        record(act, "refused", {**g.get("act_facts", {}), "code": refusal.code})
        raise
    except Exception:
        record(act, "failed", g.get("act_facts", {}))
        raise
    record(act, "done", g.get("act_facts", {}))

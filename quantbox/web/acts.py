"""Sensitive acts on their way to the audit log, which lies above this toolkit and is given to the application by `app`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request
from flask_login import current_user

from quantbox.core.errors import QuantBoxError

__all__ = [
    "Caller",
    "Recorder",
    "install_recorder",
    "note_facts",
    "note_person",
    "present_caller",
    "record_done",
    "record_event",
    "record_refusal",
    "recorded",
    "recorded_by_itself",
]

_log = logging.getLogger(__name__)

_EXTENSION = "quantbox.recorder"


@dataclass(frozen=True)
class Caller:
    """Who sent a request, and from where; without `person_id` somebody who is not signed in."""

    account_id: str | None
    person_id: str | None
    name: str
    device_id: str | None
    address: str


#: Writes one record: who, the act, how it ended ("done", "refused", "failed"), and what is known of it besides.
Recorder = Callable[[Caller, str, str, dict[str, Any]], None]


def install_recorder(app: Flask, record: Recorder) -> None:
    """Let `record` write down every sensitive act of the application."""
    app.extensions[_EXTENSION] = record


def note_facts(**facts: Any) -> None:
    """Add what the record of the present act should say; never a secret, never private content."""
    g.act_facts = {**g.get("act_facts", {}), **facts}


def note_person(person_id: str, name: str, device_id: str | None = None) -> None:
    """Say who acts, where it shows only during the act: whoever signs in is nobody before."""
    g.act_person = (person_id, name, device_id)


def record_done() -> None:
    """Record the present act as done before its last step, which closes the log or ends the session."""
    pending: Callable[[], None] | None = g.pop("act_done", None)
    if pending is not None:
        pending()


def recorded_by_itself() -> None:
    """Say that the present act has written a record of its own, better than the one made of every act."""
    g.pop("act_done", None)


def present_caller() -> Caller:
    """Return who sent the present request."""
    address = request.remote_addr or ""
    person_id, name, device_id = g.get("act_person", (None, "", None))
    if person_id is None and current_user.is_authenticated:
        person_id, name = current_user.id, getattr(current_user, "name", "") or current_user.role.value
    device_id = device_id or getattr(current_user, "device_id", None)
    return Caller(getattr(current_user, "account_id", None), person_id, name, device_id, address)


def record_refusal(act: str, refusal: QuantBoxError) -> None:
    """Record that `act` was refused where the route itself is no act."""
    record: Recorder | None = current_app.extensions.get(_EXTENSION)
    if record is not None:
        _record_end(record, act, _outcome_of(refusal), {"code": refusal.code})


def record_event(act: str, outcome: str, **facts: Any) -> None:
    """Record what came to light during a request and is none of its acts."""
    record: Recorder | None = current_app.extensions.get(_EXTENSION)
    if record is not None:
        record(present_caller(), act, outcome, facts)


@contextmanager
def recorded(act: str | None) -> Iterator[None]:
    """Record the act done in the block: done, refused with the code of the error, or failed."""
    record: Recorder | None = current_app.extensions.get(_EXTENSION)
    if act is None or record is None:
        yield
        return
    note_facts(**(request.view_args or {}))  # what it concerns
    bool(current_user)  # looked up now: the act may end the session that names the person
    g.act_done = lambda: record(present_caller(), act, "done", g.get("act_facts", {}))
    try:
        yield
    except QuantBoxError as refusal:
        _record_end(record, act, _outcome_of(refusal), {**g.get("act_facts", {}), "code": refusal.code})
        raise
    except Exception:
        _record_end(record, act, "failed", g.get("act_facts", {}))
        raise
    record_done()


def _outcome_of(error: QuantBoxError) -> str:
    return "refused" if error.is_refusal else "failed"


def _record_end(record: Recorder, act: str, outcome: str, facts: dict[str, Any]) -> None:
    """Record an act that did not succeed; its own error is what the caller must read, so this one's is only logged."""
    try:
        record(present_caller(), act, outcome, facts)
    except Exception as fault:  # noqa: BLE001 - see above
        _log.error("%s %s could not be recorded: %s", act, outcome, type(fault).__name__)

"""What concerns the whole program: the overview, the doctor, and commands handed over from the command line."""

from __future__ import annotations

import threading
import weakref
from datetime import date
from typing import Any, cast

from flask import request
from flask_login import current_user
from pydantic import JsonValue

from quantbox.app.commands import COMMANDS, run_recorded
from quantbox.app.doctor import examine
from quantbox.app.overview import build_overview
from quantbox.app.services import Services
from quantbox.backtesting.routes import BacktestRow
from quantbox.core.roles import Role
from quantbox.market_data.requests.routes import CalendarAnswer
from quantbox.vault.handover import HandoverRefused, HandoverVerifier
from quantbox.web.acts import record_refusal
from quantbox.web.answers import JobAnswer, job_answer
from quantbox.web.api import Answer, Routes
from quantbox.web.cookies import answer_in, request_language
from quantbox.web.errors import RequestRefused, VaultLocked
from quantbox.web.state import program_state
from quantbox.web.tls.door import refuse_over_lan

__all__ = ["handover_verifiers", "routes"]

routes = Routes("app")


class CheckAnswer(Answer):
    """One finding of the doctor; `ok` is null where it could not be looked at."""

    name: str
    ok: bool | None
    value: JsonValue
    action: str


class DoctorAnswer(Answer):
    """The examination."""

    ok: bool
    checks: list[CheckAnswer]


class Stored(Answer):
    """How much market data is stored."""

    symbols: int
    bars: int
    first: date | None
    last: date | None
    bytes: int
    is_demo: bool


class JobCounts(Answer):
    """Jobs that wait and run."""

    running: int
    queued: int


class LastPrice(Answer):
    """The last stored close of an instrument and its change on that day."""

    symbol: str
    name: str
    is_demo: bool
    date: date
    close: float
    change: float | None
    change_pct: float | None


class OverviewAnswer(Answer):
    """What the first page shows; jobs stand oldest first."""

    stored: Stored
    latest_backtests: list[BacktestRow]
    jobs: JobCounts
    running_jobs: list[JobAnswer]
    waiting_jobs: list[JobAnswer]
    health: list[CheckAnswer]
    calendar: CalendarAnswer
    indices: list[LastPrice]
    movers: list[LastPrice]


@routes.add("GET", "/overview", role=Role.VIEWER, answer=OverviewAnswer)
def show_overview() -> dict[str, Any]:
    """Return what the first page shows, in one answer."""
    return build_overview(open_services(), current_user.account_id, request_language(), job_answer)


@routes.add("GET", "/doctor", role=Role.VIEWER, answer=DoctorAnswer)
def show_doctor() -> dict[str, Any]:
    """Examine the program with the store open."""
    services = open_services()
    return examine(services.folder, services, request_language())


@routes.add("POST", "/commands/<name>", role=None, is_signed=True, body=dict[str, JsonValue], answer=dict[str, Any])
def run_command(name: str, body: dict[str, Any]) -> dict[str, Any]:
    """Run a command of the command line, which proves by a signature that it knows the pass phrase.

    The answer is the very document the command prints.
    """
    refuse_over_lan()
    services = open_services()
    answer_in("en" if body.get("language") == "en" else "zh")
    authorization = request.headers.get("Authorization", "")
    try:
        verifier_of(services).check(authorization, request.method, request.path, request.get_data())
    except HandoverRefused as refusal:
        record_refusal("command.run", refusal)
        raise
    if name not in COMMANDS:
        raise RequestRefused(404)
    return run_recorded(services, name, body, lambda _fraction, _stage: None)


def open_services() -> Services:
    """Return the services of the open store, or raise VaultLocked."""
    services = program_state().services
    if services is None:
        raise VaultLocked
    return cast("Services", services)


#: By the identity of the services; an entry ends with them, so that locking the vault leaves no key here.
handover_verifiers: dict[int, HandoverVerifier] = {}
_verifiers_lock = threading.Lock()


def verifier_of(services: Services) -> HandoverVerifier:
    """Return the one verifier of this opening of the store, which remembers what was used."""
    name = id(services)
    with _verifiers_lock:
        if name not in handover_verifiers:
            weakref.finalize(services, handover_verifiers.pop, name, None)
            handover_verifiers[name] = HandoverVerifier(services.keys.handover, services.clock)
        return handover_verifiers[name]

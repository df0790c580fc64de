"""Brings the sensitive acts of pages and of the command line into the audit log."""

from __future__ import annotations

import logging
import threading
from collections import deque
from datetime import timedelta
from typing import Any, cast

from quantbox.app.commands import COMMANDS, Progress
from quantbox.app.services import Services
from quantbox.app.unrecorded import UnrecordedActs
from quantbox.audit.models import COMMAND_LINE, Actor, Outcome
from quantbox.core.clock import Clock
from quantbox.core.database.errors import DatabaseClosed
from quantbox.core.errors import QuantBoxError
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.web.acts import Caller, outcome_of
from quantbox.web.state import ProgramState

__all__ = ["COMMAND_ACTS", "WebRecorder", "run_recorded"]

_log = logging.getLogger(__name__)

#: Every command of the command line: the act it is recorded as with the arguments its record names, or None where it only
#: reads. Reading is no secret from whoever gave the pass phrase.
COMMAND_ACTS: dict[str, tuple[str, tuple[str, ...]] | None] = {
    "data.import": ("data.import", ("symbol", "adjust")),
    "data.update": ("data.update", ("symbols", "start", "end", "source")),
    "data.show": None,
    "data.check": None,
    "backtest.run": ("backtest.submit", ("file_name", "symbols", "start", "end")),
    "doctor": None,
    "audit.verify": None,
    "audit.list": None,
    "audit.export": ("audit.export", ("format", "start", "end")),
    "backup.create": ("backup.create", ("include_downloads", "has_own_passphrase")),
    "backup.count": None,
    "offsite.show": None,
    "offsite.test": ("offsite.test", ()),
    "offsite.send": ("offsite.send", ()),
    "offsite.fetch": ("offsite.fetch", ("backup",)),
    "people.list": None,
    "people.add": ("person.add", ("name", "role")),
    "people.reset": ("person.reset", ("name",)),
    "vault.passphrase": ("vault.passphrase", ()),
    "vault.recovery_kit.make": ("vault.recovery_kit.make", ()),
    "vault.recovery_kit.confirm": ("vault.recovery_kit.confirm", ()),
    "vault.recovery_kit.remove": ("vault.recovery_kit.remove", ()),
    "vault.keychain": ("vault.keychain", ("is_enabled",)),
    "audit.anchor": None,  # records itself, for its record says what is given up
}

#: What somebody who is not signed in is refused more often than this is counted, not recorded one by one.
_MOST_STRANGERS, _STRANGERS_WINDOW_SECONDS = 20, 60.0


class WebRecorder:
    """Records the sensitive acts of the pages.

    Parameters
    ----------
    state : ProgramState
        Has the services while the store is open.
    clock : Clock
        Tells when, also while it is locked.
    """

    def __init__(self, state: ProgramState, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self._unrecorded = UnrecordedActs(state.folder)
        self._strangers: deque[float] = deque(maxlen=_MOST_STRANGERS)
        self._lock = threading.Lock()

    def __call__(self, caller: Caller, act: str, outcome: str, facts: dict[str, Any]) -> None:
        """Write one record, or count the act until the log can take it."""
        services = cast("Services | None", self._state.services)
        actor = Actor(caller.account_id or OWNER_ACCOUNT, caller.person_id, caller.name, caller.device_id, caller.address)
        is_stranger = caller.person_id is None and outcome != Outcome.DONE
        if services is not None and not (is_stranger and self._is_flood()):
            try:
                quiet_until = self._clock.now() - timedelta(seconds=_STRANGERS_WINDOW_SECONDS)
                self._unrecorded.hand_over(services.audit, quiet_until=quiet_until)
                services.audit.record(actor, act, Outcome(outcome), facts)
            except DatabaseClosed:  # it was locked just now
                _log.warning("%s %s is recorded when the store opens", act, outcome)
            else:
                return
        self._unrecorded.note(actor, act, outcome, str(facts.get("code", "")), self._clock.now())

    def _is_flood(self) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            is_full = len(self._strangers) == _MOST_STRANGERS and now - self._strangers[0] < _STRANGERS_WINDOW_SECONDS
            if not is_full:
                self._strangers.append(now)
        return is_full


def run_recorded(services: Services, name: str, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Run a command of the command line, which acts as the owner, and record it where it is sensitive."""
    recorded_as = COMMAND_ACTS.get(name, (name, ()))
    if recorded_as is None:
        return COMMANDS[name](services, arguments, progress)
    act, shown = recorded_as
    facts = {key: arguments[key] for key in shown if arguments.get(key)}
    if "paths" in arguments:
        facts["files"] = len(arguments["paths"])
    try:
        answer = COMMANDS[name](services, arguments, progress)
    except QuantBoxError as error:
        _record_end(services, act, outcome_of(error), {**facts, "code": error.code})
        raise
    except Exception:
        _record_end(services, act, Outcome.FAILED, facts)
        raise
    services.audit.record(COMMAND_LINE, act, Outcome.DONE, facts)
    return answer


def _record_end(services: Services, act: str, outcome: str, facts: dict[str, Any]) -> None:
    try:
        services.audit.record(COMMAND_LINE, act, Outcome(outcome), facts)
    except Exception as fault:  # noqa: BLE001 - the command's own error is what its caller must read
        _log.error("%s %s could not be recorded: %s", act, outcome, type(fault).__name__)

"""Brings the sensitive acts of pages into the audit log."""

from __future__ import annotations

import logging
import threading
from collections import deque
from datetime import timedelta
from typing import Any, cast

from quantbox.app.services import Services
from quantbox.app.unrecorded import UnrecordedActs
from quantbox.audit.models import Actor, Outcome
from quantbox.core.clock import Clock
from quantbox.core.database.errors import DatabaseClosed
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.web.acts import Caller
from quantbox.web.state import ProgramState

__all__ = ["WebRecorder"]

_log = logging.getLogger(__name__)

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

"""When to try again: at once after a success, after growing delays while the other place fails."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

from sqlalchemy.orm import Session, sessionmaker

from quantbox.backup.offsite.errors import TargetUnreachable
from quantbox.backup.offsite.models import SenderState
from quantbox.backup.offsite.tables import OffsiteSenderRow
from quantbox.core.clock import Clock
from quantbox.core.errors import QuantBoxError

__all__ = ["COPIES", "OBJECTS", "Retries", "delay_seconds", "forget_delay"]

#: The two senders.
OBJECTS, COPIES = "objects", "copies"

FIRST_DELAY_SECONDS = 15.0
LONGEST_DELAY_SECONDS = 1800.0
#: While nothing answers at all: to look for the network costs nobody anything.
LONGEST_OFFLINE_DELAY_SECONDS = 60.0


def delay_seconds(attempts: int, *, is_offline: bool = False) -> float:
    """Return how long to wait after so many failures in a row: 15 s, doubled, half an hour at most, offline a minute."""
    longest = LONGEST_OFFLINE_DELAY_SECONDS if is_offline else LONGEST_DELAY_SECONDS
    return float(min(FIRST_DELAY_SECONDS * 2 ** min(attempts - 1, 20), longest))


def forget_delay(session: Session, account_id: str, sender: str) -> None:
    """Have a sender try at once."""
    row = session.get(OffsiteSenderRow, (account_id, sender))
    if row is not None:
        row.next_attempt_at = None


class Retries:
    """How one sender of an account fares, kept over restarts."""

    def __init__(self, sessions: sessionmaker[Session], clock: Clock, sender: str) -> None:
        self._sessions, self._clock, self._sender = sessions, clock, sender

    def state(self, account_id: str) -> SenderState:
        """Return how it stands."""
        with self._sessions() as session:
            row = session.get(OffsiteSenderRow, (account_id, self._sender))
            return (
                SenderState() if row is None else SenderState(**{one.name: getattr(row, one.name) for one in fields(SenderState)})
            )

    def is_due(self, account_id: str) -> bool:
        """Return whether the delay after the last failure is over."""
        wait_until = self.state(account_id).next_attempt_at
        return wait_until is None or wait_until <= self._clock.now()

    def failed(self, account_id: str, problem: QuantBoxError) -> None:
        """Note a failure and when to try again."""
        with self._sessions.begin() as session:
            row = self._row(session, account_id)
            row.attempts += 1
            delay = delay_seconds(row.attempts, is_offline=isinstance(problem, TargetUnreachable))
            row.next_attempt_at = self._clock.now() + timedelta(seconds=delay)
            row.failing_since = row.failing_since or self._clock.now()
            row.error = {"zh": problem.message("zh"), "en": problem.message("en"), "code": problem.code}

    def succeeded(self, session: Session, account_id: str) -> None:
        """Note in a transaction that something was sent."""
        row = self._row(session, account_id)
        row.attempts, row.next_attempt_at, row.failing_since, row.error = 0, None, None, None
        row.last_sent_at = self._clock.now()

    def at_once(self, session: Session, account_id: str) -> None:
        """Forget the delay."""
        forget_delay(session, account_id, self._sender)

    def forget(self, session: Session, account_id: str) -> None:
        """Begin anew, at another place."""
        row = session.get(OffsiteSenderRow, (account_id, self._sender))
        if row is not None:
            session.delete(row)

    def _row(self, session: Session, account_id: str) -> OffsiteSenderRow:
        row = session.get(OffsiteSenderRow, (account_id, self._sender))
        if row is None:
            row = OffsiteSenderRow(account_id=account_id, sender=self._sender, attempts=0)
            session.add(row)
        return row

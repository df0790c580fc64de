"""Whether this store may send anything: one that came out of a backup may not, before its owner has confirmed it.

Two stores that both believe to be the live one would send every message, order and report twice.
"""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session, sessionmaker

from quantbox.backup.errors import OutboundPaused
from quantbox.backup.tables import RestoreRow
from quantbox.core.clock import Clock

__all__ = ["Outbound"]


class Outbound:
    """The pause after a restore; everything that sends asks here first.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database, where the pause is kept: it was set before the restored store was put in place.
    clock : Clock
        Says when it was confirmed.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock

    def is_paused(self) -> bool:
        """Return whether nothing may be sent."""
        with self._sessions() as session:
            return session.scalar(select(RestoreRow.id).where(RestoreRow.confirmed_at.is_(None)).limit(1)) is not None

    def refuse_paused(self) -> None:
        """Raise OutboundPaused while nothing may be sent."""
        if self.is_paused():
            raise OutboundPaused

    def resume(self) -> None:
        """Note that the owner has confirmed this store as the one to go on with."""
        with self._sessions.begin() as session:
            session.execute(update(RestoreRow).where(RestoreRow.confirmed_at.is_(None)).values(confirmed_at=self._clock.now()))

    def find_unsettled(self) -> RestoreRow | None:
        """Return the latest restore after which the store was not opened yet; None where there is none."""
        query = select(RestoreRow).where(RestoreRow.settled_at.is_(None)).order_by(RestoreRow.id.desc()).limit(1)
        with self._sessions() as session:
            return session.scalars(query).first()

    def mark_settled(self) -> None:
        """Note that what a restore leaves to the first opening was done."""
        with self._sessions.begin() as session:
            session.execute(update(RestoreRow).where(RestoreRow.settled_at.is_(None)).values(settled_at=self._clock.now()))

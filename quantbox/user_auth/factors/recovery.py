"""Recovery codes: ten at a time, each good once, for the day the phone or the key is lost."""

from __future__ import annotations

import secrets

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.user_auth.factors.codes import code_key, read_code
from quantbox.user_auth.factors.errors import CodeRefused, FactorMissing
from quantbox.user_auth.factors.store import account_of, has_factor
from quantbox.user_auth.factors.tables import RecoveryCodeRow

__all__ = ["RecoveryCodes"]

CODES = 10
#: Crockford's base 32: no I, L, O, U, so that a printed code is read as it was meant; 16 characters are 80 bits.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CHARACTERS = 16
_MISREAD = str.maketrans("OIL", "011")


class RecoveryCodes:
    """Makes, counts and takes recovery codes; only their hashes are kept, so they can be shown but once."""

    def __init__(self, sessions: sessionmaker[Session], clock: Clock) -> None:
        self._sessions, self._clock = sessions, clock

    def count(self, person_id: str) -> int:
        """Return how many are left."""
        with self._sessions() as session:
            return self._count(session, person_id)

    def renew(self, person_id: str) -> list[str]:
        """Return ten new codes; the old ones are void. Raises FactorMissing where there is no factor to stand in for."""
        with self._sessions.begin() as session:
            if not has_factor(session, person_id):
                raise FactorMissing
            return self._make(session, person_id)

    def give_first(self, session: Session, person_id: str) -> list[str] | None:
        """Return ten codes to a person who has none left, and None to anybody else."""
        return None if self._count(session, person_id) else self._make(session, person_id)

    def drop_without_factor(self, session: Session, person_id: str) -> None:
        """Void the codes of a person whose last factor has just gone."""
        if not has_factor(session, person_id):
            session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.person_id == person_id))

    def check(self, person_id: str, code: str) -> None:
        """Spend one code, or raise CodeRefused."""
        key = code_key(person_id, read_code(code).translate(_MISREAD))
        with self._sessions.begin() as session:
            spent = session.scalars(
                delete(RecoveryCodeRow)
                .where(RecoveryCodeRow.key == key, RecoveryCodeRow.person_id == person_id)
                .returning(RecoveryCodeRow.key)
            ).one_or_none()
        if spent is None:
            raise CodeRefused

    def _count(self, session: Session, person_id: str) -> int:
        return session.scalar(select(func.count()).where(RecoveryCodeRow.person_id == person_id)) or 0

    def _make(self, session: Session, person_id: str) -> list[str]:
        session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.person_id == person_id))
        account_id, now = account_of(session, person_id), self._clock.now()
        codes = ["".join(secrets.choice(_ALPHABET) for _ in range(_CHARACTERS)) for _ in range(CODES)]
        session.add_all(
            RecoveryCodeRow(key=code_key(person_id, code), account_id=account_id, person_id=person_id, created_at=now)
            for code in codes
        )
        return ["-".join(code[at : at + 4] for at in range(0, _CHARACTERS, 4)) for code in codes]

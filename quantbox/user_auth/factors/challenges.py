"""Challenges of passkeys: random, good for one answer within five minutes, each for one person and one purpose."""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.user_auth.factors.store import account_of
from quantbox.user_auth.factors.tables import PasskeyChallengeRow

__all__ = ["Challenges"]

Purpose = Literal["register", "prove"]

_CHALLENGE_BYTES = 32
#: Several browsers may be signing in at once; the oldest challenge makes room.
MAX_OPEN = 20


class Challenges:
    """Draws challenges and takes each back once."""

    def __init__(self, sessions: sessionmaker[Session], clock: Clock, life: timedelta) -> None:
        self._sessions, self._clock, self._life = sessions, clock, life

    def draw(self, person_id: str, purpose: Purpose) -> bytes:
        """Return a new challenge for the person."""
        challenge, now = secrets.token_bytes(_CHALLENGE_BYTES), self._clock.now()
        with self._sessions.begin() as session:
            session.execute(delete(PasskeyChallengeRow).where(PasskeyChallengeRow.expires_at <= now))
            newest = (
                select(PasskeyChallengeRow.key)
                .where(PasskeyChallengeRow.person_id == person_id)
                .order_by(PasskeyChallengeRow.expires_at.desc())
                .limit(MAX_OPEN - 1)
            )
            mine = delete(PasskeyChallengeRow).where(PasskeyChallengeRow.person_id == person_id)
            session.execute(mine.where(PasskeyChallengeRow.key.not_in(newest)))
            session.add(
                PasskeyChallengeRow(
                    key=_key_of(challenge),
                    account_id=account_of(session, person_id),
                    person_id=person_id,
                    purpose=purpose,
                    expires_at=now + self._life,
                )
            )
        return challenge

    def take(self, person_id: str, purpose: Purpose, credential: dict[str, Any]) -> bytes | None:
        """Return the challenge the credential answers, which is void from then on; None where it is not open."""
        challenge = _answered(credential)
        if challenge is None:
            return None
        taken = delete(PasskeyChallengeRow).where(
            PasskeyChallengeRow.key == _key_of(challenge),
            PasskeyChallengeRow.person_id == person_id,
            PasskeyChallengeRow.purpose == purpose,
            PasskeyChallengeRow.expires_at > self._clock.now(),
        )
        with self._sessions.begin() as session:
            key = session.scalars(taken.returning(PasskeyChallengeRow.key)).one_or_none()
        return None if key is None else challenge


def _key_of(challenge: bytes) -> str:
    return hashlib.sha256(challenge).hexdigest()


def _answered(credential: dict[str, Any]) -> bytes | None:
    """Return the challenge named in the client data; the whole of them is verified with the signature, later."""
    from webauthn import base64url_to_bytes

    try:
        challenge = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))["challenge"]
        return base64url_to_bytes(challenge)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return None

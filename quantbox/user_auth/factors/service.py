"""The second factors of every person: which there are, and the proof of one."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.user_auth.factors.models import SentCode
from quantbox.vault.fields import FieldCipher

__all__ = ["Factors"]


class Factors:
    """Tells and checks second factors; the caller counts failures (`CodeRefused` is Denied) and slows them down."""

    def __init__(self, sessions: sessionmaker[Session], cipher: FieldCipher, clock: Clock) -> None:
        self._sessions, self._cipher, self._clock = sessions, cipher, clock

    def methods_of(self, person_id: str, origin: str | None = None) -> tuple[str, ...]:
        """Return the ways in which the person can prove a second factor; empty where none is enrolled.

        Parameters
        ----------
        origin : str or None
            Where the page comes from ("http://localhost:8000"); a passkey is left out where it cannot work there.
        """
        raise NotImplementedError

    def check_code(self, person_id: str, method: str, code: str) -> None:
        """Return when `code` proves the method "totp", "recovery" or "sms"; it is spent then.

        Raises
        ------
        CodeRefused
            Wrong, expired, replayed, or nothing of that kind enrolled: the same for all.
        """
        raise NotImplementedError

    def send_sms(self, person_id: str) -> SentCode:
        """Send a code to the person's confirmed phone."""
        raise NotImplementedError

    def passkey_options(self, person_id: str, origin: str) -> dict[str, Any]:
        """Return what navigator.credentials.get() takes, with a challenge of five minutes."""
        raise NotImplementedError

    def check_passkey(self, person_id: str, origin: str, credential: dict[str, Any]) -> None:
        """Return when the credential answers the person's open challenge at this origin; raises CodeRefused else."""
        raise NotImplementedError

    def forget(self, person_id: str) -> None:
        """Remove every factor, recovery code and open challenge of the person."""
        raise NotImplementedError

"""The words of second factors."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Method", "SentCode"]


class Method(StrEnum):
    """How a person proves the second factor."""

    TOTP = "totp"
    PASSKEY = "passkey"
    SMS = "sms"
    RECOVERY = "recovery"


@dataclass(frozen=True)
class SentCode:
    """A code on its way to a phone.

    Attributes
    ----------
    sent_to : str
        The number, masked ("138****5678").
    retry_after_seconds : int
        How long to wait before another one may be sent.
    """

    sent_to: str
    retry_after_seconds: int

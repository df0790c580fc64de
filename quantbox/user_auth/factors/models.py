"""The words of second factors."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from quantbox.core.text import Text

__all__ = ["FactorSummary", "Method", "Passkey", "PasskeyPlace", "SentCode", "TotpEnrolment"]


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


@dataclass(frozen=True)
class TotpEnrolment:
    """What an authenticator app is set up with; shown once.

    Attributes
    ----------
    secret : str
        Base 32, for typing.
    uri : str
        The same as an otpauth address.
    qr_svg : str
        The address as a picture.
    """

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    qr_svg: str = field(repr=False)


@dataclass(frozen=True)
class Passkey:
    """One passkey of a person."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True)
class PasskeyPlace:
    """Whether passkeys can work where a page was opened.

    Attributes
    ----------
    rp_id : str or None
        The name passkeys are bound to there; None where they cannot work.
    reason : Text or None
        Why not.
    """

    rp_id: str | None
    reason: Text | None


@dataclass(frozen=True)
class FactorSummary:
    """What a person has enrolled, and what could be enrolled here."""

    totp_enrolled_at: datetime | None
    passkeys: tuple[Passkey, ...]
    recovery_codes_left: int
    phone_masked: str | None
    place: PasskeyPlace
    sms_possible: bool

"""What sends a code to a phone, and what it is set up with."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, runtime_checkable

__all__ = ["CODE_DIGITS", "CODE_LIFE_MINUTES", "AccessKey", "CodeMaker", "CodeSender", "SmsProvider", "SmsSender", "SmsSettings"]

CODE_DIGITS = 6
CODE_LIFE_MINUTES = 5


class SmsProvider(StrEnum):
    """Who sends the codes."""

    OFF = "off"
    ALIYUN_COMPANY = "aliyun_company"
    ALIYUN_PERSONAL = "aliyun_personal"


@dataclass(frozen=True)
class AccessKey:
    """The owner's access key at the provider."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class SmsSettings:
    """How codes are sent.

    Attributes
    ----------
    sign_name : str
        Signature before the text ("[量化宝盒]"), as the provider has approved or given it.
    template_code : str
        Name of the approved or given text.
    scheme_name : str
        The personal service's name for what the codes are for; empty for its default.
    """

    provider: SmsProvider
    sign_name: str
    template_code: str
    scheme_name: str


@runtime_checkable
class CodeSender(Protocol):
    """Sends codes this program makes and checks.

    Every refusal of the provider comes as one of the errors of :mod:`quantbox.user_auth.factors.sms.errors`.
    """

    def send(self, phone: str, code: str) -> None:
        """Send `code` to a number of eleven digits."""
        ...


@runtime_checkable
class CodeMaker(Protocol):
    """Makes codes itself, sends them, and alone can check them; refusals as of a CodeSender."""

    def make(self, phone: str) -> None:
        """Send a new code to a number of eleven digits."""
        ...

    def check(self, phone: str, code: str) -> bool:
        """Return whether `code` is the one that was sent to the phone and is still good."""
        ...


SmsSender = CodeSender | CodeMaker

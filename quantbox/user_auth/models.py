"""The words of people, their devices and their sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from quantbox.core.roles import Role

__all__ = [
    "ABSOLUTE_LIFE",
    "OWNER_ACCOUNT",
    "PENDING_LIFE",
    "STEP_UP_LIFE",
    "Device",
    "DeviceKind",
    "OpenedSession",
    "Person",
    "Role",
    "SignInBy",
    "Visit",
    "WebSession",
]

#: A session ends this long after it began, whatever happens in it.
ABSOLUTE_LIFE = timedelta(hours=12)
#: How long a proof of the password waits for the second factor.
PENDING_LIFE = timedelta(minutes=5)
#: How long a second proof of who is there holds.
STEP_UP_LIFE = timedelta(minutes=5)
#: The account everybody who uses the store works on.
OWNER_ACCOUNT = "owner"


class SignInBy(StrEnum):
    """What a browser proved last when its session began."""

    PASSPHRASE = "passphrase"  # noqa: S105 - a word
    PASSWORD = "password"  # noqa: S105 - a word
    TOTP = "totp"
    PASSKEY = "passkey"
    SMS = "sms"
    RECOVERY = "recovery"
    WINDOW_LAUNCH = "launch"


class DeviceKind(StrEnum):
    """How a device became known."""

    BROWSER = "browser"  # by signing in
    WINDOW = "window"  # by the launch token of the program's own window
    PAIRED = "paired"  # by pairing


@dataclass(frozen=True)
class Person:
    """Somebody who may use the store."""

    id: str
    account_id: str
    name: str
    role: Role
    is_active: bool
    has_password: bool
    password_changed_at: datetime | None
    created_at: datetime


@dataclass(frozen=True)
class Device:
    """A browser that is known again by its cookie.

    Attributes
    ----------
    max_role : Role or None
        The most a session on it may do; None leaves it to the person's role.
    """

    id: str
    account_id: str
    kind: DeviceKind
    name: str
    max_role: Role | None
    first_seen_at: datetime
    last_seen_at: datetime
    last_address: str

    @property
    def is_paired(self) -> bool:
        """Return whether it was paired by comparing words."""
        return self.kind is DeviceKind.PAIRED


@dataclass(frozen=True)
class Visit:
    """Where somebody signs in from.

    Attributes
    ----------
    device_token : str
        What the browser's device cookie holds; empty without one.
    device_name : str
        How to call the browser when it is new.
    address : str
        Its network address.
    is_window : bool
        It has held the launch token of the program's own window.
    """

    device_token: str
    device_name: str
    address: str
    is_window: bool = False


@dataclass(frozen=True)
class WebSession:
    """One browser in which a person is signed in.

    Attributes
    ----------
    id : str
        Its name, the same for as long as it lasts; what the cookie holds changes at step-up and is kept nowhere.
    """

    id: str
    person: Person
    device: Device
    by: SignInBy
    address: str
    is_new_place: bool
    created_at: datetime
    last_seen_at: datetime
    stepped_up_until: datetime | None

    @property
    def role(self) -> Role:
        """Return what may be done in it: the lesser of the person's role and the most the device may do."""
        most = self.device.max_role
        return self.person.role if most is None or most.includes(self.person.role) else most

    def has_ended(self, now: datetime, idle_life: timedelta) -> bool:
        """Return whether it is too old, or idle for too long."""
        return now - self.created_at >= ABSOLUTE_LIFE or now - self.last_seen_at >= idle_life

    def has_stepped_up(self, now: datetime) -> bool:
        """Return whether the person has proven once more, a short while ago, who they are."""
        return self.stepped_up_until is not None and now < self.stepped_up_until


@dataclass(frozen=True)
class OpenedSession:
    """A session that has just begun or stepped up, with what the browser's cookies are to hold.

    Attributes
    ----------
    cookie : str
        256 random bits; the store keeps their hash alone.
    device_token : str or None
        The new device's cookie; None where the device was known.
    """

    cookie: str
    device_token: str | None
    session: WebSession

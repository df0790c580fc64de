"""A person's own second factors, and how the owner lets codes be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_login import current_user
from pydantic import Field

from quantbox.core.roles import Role
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.factors.sms.base import SmsProvider, SmsSettings
from quantbox.user_auth.factors.sms.numbers import read_phone
from quantbox.user_auth.factors.sms.phones import Phones
from quantbox.user_auth.factors.totp import Totp
from quantbox.user_auth.sessions.routes import PasskeyBody, SentCodeAnswer, guesses, origin
from quantbox.web.acts import note_facts
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.cookies import request_language
from quantbox.web.state import get_service

__all__ = ["routes"]

routes = Routes("factors", takes_tokens=False)


class TotpAnswer(Answer):
    """An authenticator app in use."""

    enrolled_at: datetime


class PasskeyAnswer(Answer):
    """One passkey."""

    id: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


class PhoneAnswer(Answer):
    """A phone in use, masked."""

    phone_masked: str


class OwnFactorsAnswer(Answer):
    """What the person has enrolled, and what could be enrolled where this page is open."""

    totp: TotpAnswer | None
    passkeys: list[PasskeyAnswer]
    recovery_codes_left: int
    sms: PhoneAnswer | None
    passkeys_possible: bool
    passkeys_reason: str | None
    sms_possible: bool


class TotpEnrolmentAnswer(Answer):
    """What an authenticator app is set up with; shown once."""

    secret: str = Field(repr=False)
    uri: str = Field(repr=False)
    qr_svg: str = Field(repr=False)


class ConfirmedAnswer(Answer):
    """The factor counts from now on; recovery codes for a person who had none, shown this once."""

    recovery_codes: list[str] | None = Field(repr=False)


class RecoveryCodesAnswer(Answer):
    """Ten new recovery codes, shown this once; the old ones are void."""

    recovery_codes: list[str] = Field(repr=False)


class FirstCodeBody(Body):
    """The first code of what is enrolled, as it was typed."""

    code: str = Field(min_length=1, max_length=64, repr=False)


class NewPasskeyBody(PasskeyBody):
    """What the browser's new passkey answered, and what to call the key."""

    name: str = Field(min_length=1, max_length=64, pattern=r"\S")


class PhoneBody(Body):
    """A mobile number of mainland China."""

    phone: str = Field(min_length=1, max_length=32, repr=False)


class SmsSettingsAnswer(Answer):
    """How codes are sent; the secret is never shown."""

    provider: SmsProvider
    access_key_id: str
    has_access_key_secret: bool
    sign_name: str
    template_code: str
    scheme_name: str


class SmsSettingsBody(Body):
    """How codes are to be sent; a secret left out stays."""

    provider: SmsProvider
    access_key_id: str = Field(default="", max_length=128)
    access_key_secret: str | None = Field(default=None, max_length=256, repr=False)
    sign_name: str = Field(default="", max_length=64)
    template_code: str = Field(default="", max_length=64)
    scheme_name: str = Field(default="", max_length=20)


@routes.add("GET", "/me/factors", role=Role.VIEWER, answer=OwnFactorsAnswer)
def show_factors() -> dict[str, Any]:
    """Return the person's second factors, and which others this page could enrol."""
    return _own_factors()


@routes.add("POST", "/me/totp", role=Role.VIEWER, answer=TotpEnrolmentAnswer, step_up=True, act="factors.totp.begin")
def begin_totp() -> object:
    """Return the secret for a new authenticator app; it counts once its first code has come."""
    return get_service(Factors).totp.begin(current_user.id, current_user.name)


@routes.add(
    "POST",
    "/me/totp/confirm",
    role=Role.VIEWER,
    body=FirstCodeBody,
    answer=ConfirmedAnswer,
    step_up=True,
    act="factors.totp.enrol",
)
def confirm_totp(body: FirstCodeBody) -> dict[str, Any]:
    """Take the new authenticator app into use by its first code; one that was in use before is forgotten."""
    return _confirmed(get_service(Factors).totp, body)


@routes.add("DELETE", "/me/totp", role=Role.VIEWER, answer=OwnFactorsAnswer, step_up=True, act="factors.totp.remove")
def remove_totp() -> dict[str, Any]:
    """Forget the authenticator app."""
    get_service(Factors).totp.remove(current_user.id)
    return _own_factors()


@routes.add("POST", "/me/passkeys/options", role=Role.VIEWER, answer=dict[str, Any], step_up=True, act="factors.passkey.begin")
def begin_passkey() -> dict[str, Any]:
    """Return what navigator.credentials.create() takes, with a challenge of five minutes."""
    return get_service(Factors).passkeys.registration_options(current_user.id, current_user.name, origin())


@routes.add(
    "POST",
    "/me/passkeys",
    role=Role.VIEWER,
    body=NewPasskeyBody,
    answer=ConfirmedAnswer,
    step_up=True,
    act="factors.passkey.enrol",
)
def enrol_passkey(body: NewPasskeyBody) -> dict[str, Any]:
    """Enrol the passkey that answered the challenge."""
    codes = get_service(Factors).passkeys.register(current_user.id, body.name.strip(), origin(), body.credential)
    return {"recovery_codes": codes}


@routes.add(
    "DELETE", "/me/passkeys/<factor_id>", role=Role.VIEWER, answer=OwnFactorsAnswer, step_up=True, act="factors.passkey.remove"
)
def remove_passkey(factor_id: str) -> dict[str, Any]:
    """Forget a passkey."""
    get_service(Factors).passkeys.remove(current_user.id, factor_id)
    return _own_factors()


@routes.add(
    "POST", "/me/recovery-codes", role=Role.VIEWER, answer=RecoveryCodesAnswer, step_up=True, act="factors.recovery.renew"
)
def renew_recovery_codes() -> dict[str, Any]:
    """Return ten new recovery codes; the old ones are void."""
    return {"recovery_codes": get_service(Factors).recovery.renew(current_user.id)}


@routes.add(
    "POST",
    "/me/sms",
    role=Role.VIEWER,
    body=PhoneBody,
    answer=SentCodeAnswer,
    step_up=True,
    act="factors.sms.begin",
    is_expensive=True,
)
def begin_phone(body: PhoneBody) -> object:
    """Send a code to a number; it counts once the code has come back."""
    return get_service(Factors).phones.begin(current_user.id, body.phone)


@routes.add(
    "POST", "/me/sms/confirm", role=Role.VIEWER, body=FirstCodeBody, answer=ConfirmedAnswer, step_up=True, act="factors.sms.enrol"
)
def confirm_phone(body: FirstCodeBody) -> dict[str, Any]:
    """Take the new number into use by the code that arrived on it; one that was in use before is forgotten."""
    return _confirmed(get_service(Factors).phones, body)


@routes.add("DELETE", "/me/sms", role=Role.VIEWER, answer=OwnFactorsAnswer, step_up=True, act="factors.sms.remove")
def remove_phone() -> dict[str, Any]:
    """Forget the phone."""
    get_service(Factors).phones.remove(current_user.id)
    return _own_factors()


@routes.add("GET", "/settings/sms", role=Role.OWNER, answer=SmsSettingsAnswer)
def show_sms_settings() -> dict[str, Any]:
    """Return how codes are sent; off until somebody chooses a provider."""
    return _sms_settings()


@routes.add(
    "PUT", "/settings/sms", role=Role.OWNER, body=SmsSettingsBody, answer=SmsSettingsAnswer, step_up=True, act="settings.sms"
)
def change_sms_settings(body: SmsSettingsBody) -> dict[str, Any]:
    """Set how codes are sent; turning them off forgets the access key."""
    note_facts(provider=body.provider.value)
    settings = SmsSettings(body.provider, body.sign_name.strip(), body.template_code.strip(), body.scheme_name.strip())
    secret = (body.access_key_secret or "").strip() or None
    get_service(Factors).sms_settings.change(current_user.account_id, settings, body.access_key_id.strip(), secret)
    return _sms_settings()


@routes.add(
    "POST",
    "/settings/sms/test",
    role=Role.OWNER,
    body=PhoneBody,
    answer=SentCodeAnswer,
    step_up=True,
    act="settings.sms.test",
    is_expensive=True,
)
def test_sms(body: PhoneBody) -> object:
    """Send a code to a number, to see whether the settings work."""
    return get_service(Factors).sent_codes.send(current_user.id, read_phone(body.phone), "test")


def _confirmed(factor: Totp | Phones, body: FirstCodeBody) -> dict[str, Any]:
    """Confirm a factor; wrong codes are slowed down, and counted apart: whoever enrols knows the right one."""
    with guesses().attempt(f"enrol:{current_user.id}"):
        return {"recovery_codes": factor.confirm(current_user.id, body.code)}


def _sms_settings() -> dict[str, Any]:
    service, account_id = get_service(Factors).sms_settings, current_user.account_id
    settings, key = service.get(account_id), service.access_key(account_id)
    return {
        "provider": settings.provider,
        "access_key_id": key.id if key else "",
        "has_access_key_secret": key is not None,
        "sign_name": settings.sign_name,
        "template_code": settings.template_code,
        "scheme_name": settings.scheme_name,
    }


def _own_factors() -> dict[str, Any]:
    summary = get_service(Factors).summary(current_user.id, origin())
    reason = summary.place.reason
    return {
        "totp": {"enrolled_at": summary.totp_enrolled_at} if summary.totp_enrolled_at else None,
        "passkeys": list(summary.passkeys),
        "recovery_codes_left": summary.recovery_codes_left,
        "sms": {"phone_masked": summary.phone_masked} if summary.phone_masked else None,
        "passkeys_possible": summary.place.rp_id is not None,
        "passkeys_reason": reason.in_language(request_language()) if reason else None,
        "sms_possible": summary.sms_possible,
    }

"""Every route of people: opening the store, signing in, what they have open, who they are, and the settings of their account."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from flask_login import current_user

from quantbox.core.roles import Role
from quantbox.user_auth.devices.routes import routes as device_routes
from quantbox.user_auth.opening.routes import routes as opening_routes
from quantbox.user_auth.people.routes import routes as people_routes
from quantbox.user_auth.sessions.routes import SignedInPerson, install_login
from quantbox.user_auth.sessions.routes import routes as session_routes
from quantbox.user_auth.settings import APPEARANCE, SettingsService
from quantbox.user_auth.signing_in.routes import give_looks
from quantbox.user_auth.signing_in.routes import routes as sign_in_routes
from quantbox.web.acts import note_facts
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.errors import StepUpNeeded
from quantbox.web.state import get_service

__all__ = ["ROUTES", "SignedInPerson", "install_login"]

settings_routes = Routes("user_auth")
ROUTES = (opening_routes, sign_in_routes, session_routes, device_routes, people_routes, settings_routes)


class SettingsAnswer(Answer):
    """Every setting; amounts are decimal text."""

    language: Literal["zh", "en"]
    theme: Literal["system", "light", "dark"]
    price_colours: Literal["red_up", "green_up", "colour_blind"]
    commission_bps: Decimal
    commission_min_yuan: Decimal
    initial_cash: Decimal
    data_source: str
    idle_minutes: int


class SettingsBody(Body):
    """The settings to change; those left out stay."""

    language: str | None = None
    theme: str | None = None
    price_colours: str | None = None
    commission_bps: Decimal | None = None
    commission_min_yuan: Decimal | None = None
    initial_cash: Decimal | None = None
    data_source: str | None = None
    idle_minutes: int | None = None


@settings_routes.add("GET", "/settings", role=Role.VIEWER, answer=SettingsAnswer)
def show_settings() -> object:
    """Return every setting of the person's account."""
    return get_service(SettingsService).get(current_user.account_id)


@settings_routes.add("PUT", "/settings", role=Role.OWNER, body=SettingsBody, answer=SettingsAnswer, act="settings.change")
def change_settings(body: SettingsBody) -> object:
    """Change the settings that are given and return all of them; how long a session may be idle takes a step-up."""
    changes = body.model_dump(exclude_none=True)
    if "idle_minutes" in changes and not current_user.has_stepped_up:
        raise StepUpNeeded
    note_facts(changed=sorted(changes))
    settings = get_service(SettingsService).change(current_user.account_id, changes)
    give_looks({name: getattr(settings, name) for name in APPEARANCE if name in changes})
    return settings

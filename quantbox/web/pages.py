"""The page shells: a page holds words and layout only and reads everything else through the API."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import Flask, current_app, redirect, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from quantbox.core.errors import QuantBoxError
from quantbox.core.paths import resource_folder
from quantbox.core.roles import Role
from quantbox.web.cookies import COLOURS_COOKIE, THEME_COOKIE, request_language
from quantbox.web.csrf import csrf_token
from quantbox.web.errors import RoleMissing
from quantbox.web.guards import csp_nonce
from quantbox.web.state import program_state
from quantbox.web.tls.door import comes_by_lan
from quantbox.web.translations import Translations

__all__ = ["Page", "install_pages", "render_error"]

THEMES = ("system", "light", "dark")
COLOURS = ("red_up", "green_up", "colour_blind")
#: What a browser sees before the program is open to it; from there it goes on to where it wanted to go.
ENTRIES = frozenset({"unlock", "sign_in"})


@dataclass(frozen=True)
class Page:
    """One page: its address, its name, its template, and the least role of who sees it."""

    rule: str
    name: str
    template: str
    role: Role = Role.VIEWER


PAGES = (
    Page("/", "overview", "overview/overview.html"),
    Page("/market", "market", "market/market.html"),
    Page("/market/<symbol>", "market_instrument", "market/instrument.html"),
    Page("/data", "data", "data/data.html"),
    Page("/backtests", "backtests", "backtests/backtests.html"),
    Page("/backtests/new", "backtests_new", "backtests/new.html"),
    Page("/backtests/<id>", "backtests_report", "backtests/backtest.html"),
    Page("/audit", "audit", "audit/audit.html", Role.OWNER),
    Page("/settings", "settings", "settings/general.html"),
    Page("/settings/security", "settings_security", "settings/security.html"),
    Page("/settings/vault", "settings_vault", "settings/vault.html", Role.OWNER),
    Page("/settings/devices", "settings_devices", "settings/devices.html"),
    Page("/settings/lan", "settings_lan", "settings/lan.html", Role.OWNER),
    Page("/settings/people", "settings_people", "settings/people.html", Role.OWNER),
    Page("/settings/tokens", "settings_tokens", "settings/tokens.html"),
    Page("/settings/backup", "settings_backup", "settings/backup.html", Role.OWNER),
    Page("/welcome", "welcome", "welcome/welcome.html"),
    Page("/unlock", "unlock", "entry/unlock.html"),
    Page("/sign-in", "sign_in", "entry/sign_in.html"),
    Page("/pair", "pair", "entry/pair.html"),
)


def install_pages(app: Flask) -> None:
    """Serve the pages; which of them depends on whether there is a store, whether it is open, and who asks."""
    app.extensions["quantbox.translations"] = Translations(resource_folder() / "static" / "locales", is_strict=app.testing)
    app.context_processor(page_words)
    for page in PAGES:
        app.add_url_rule(page.rule, f"page.{page.name}", partial(show_page, page), methods=["GET"])


def page_words() -> dict[str, Any]:
    """Return what every template may use."""
    language = request_language()
    theme, colours = request.cookies.get(THEME_COOKIE), request.cookies.get(COLOURS_COOKIE)
    translations: Translations = current_app.extensions["quantbox.translations"]
    return {
        "language": language,
        "theme": theme if theme in THEMES else "system",
        "colours": colours if colours in COLOURS else "red_up",
        "csrf_token": csrf_token(),
        "csp_nonce": csp_nonce(),
        "t": partial(translations.translate, language),
        "is_demo": program_state().is_demo,
        "person_name": getattr(current_user, "name", ""),
        "role": current_user.role.value if current_user.is_authenticated else "",
    }


def show_page(page: Page, **path: str) -> Response | str:
    """Return the page, or lead to the one that has to come first."""
    first = page_to_show_first(page)
    if first is not None:
        wanted = request.full_path.rstrip("?")
        return redirect(url_for(f"page.{first}", next=wanted if wanted != "/" and first in ENTRIES else None))
    if current_user.is_authenticated and not current_user.role.includes(page.role):
        raise RoleMissing(needed=page.role.value, role=current_user.role.value)
    return render_template(page.template, page=page.name, **path)


def page_to_show_first(page: Page) -> str | None:
    """Return the name of the page this browser has to see before `page`; None when it may see `page`."""
    state = program_state().vault_state()
    if state == "new":
        return None if page.name == "welcome" else "welcome"
    if state == "locked":
        return None if page.name == "unlock" else "unlock"
    if page.name == "pair" and comes_by_lan():
        return None
    if not current_user.is_authenticated:
        return None if page.name == "sign_in" else "sign_in"
    return "overview" if page.name in {"pair", *ENTRIES} else None


def render_error(error: QuantBoxError, status: int) -> tuple[str | Markup, int]:
    """Return the page that tells of an error."""
    language = request_language()
    words = {"title": error.message(language), "detail": error.next_step(language), "error_id": error.facts.get("error_id")}
    return render_template("shell/error.html", page="error", **words), status

"""The page shells: a page holds words and layout only and reads everything else through the API."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, redirect, render_template, request, url_for
from flask_login import current_user
from markupsafe import Markup
from werkzeug.wrappers import Response

from quantbox.core.errors import QuantBoxError
from quantbox.web.cookies import COLOURS_COOKIE, THEME_COOKIE, request_language
from quantbox.web.csrf import csrf_token
from quantbox.web.guards import csp_nonce
from quantbox.web.state import program_state
from quantbox.web.translations import Translations

__all__ = ["Page", "install_pages", "render_error", "resource_folder"]

THEMES = ("system", "light", "dark")
COLOURS = ("red_up", "green_up", "colour_blind")


@dataclass(frozen=True)
class Page:
    """One page: its address, its name and its template."""

    rule: str
    name: str
    template: str


PAGES = (
    Page("/", "overview", "overview/overview.html"),
    Page("/market", "market", "market/market.html"),
    Page("/market/<symbol>", "market_instrument", "market/instrument.html"),
    Page("/data", "data", "data/data.html"),
    Page("/backtests", "backtests", "backtests/backtests.html"),
    Page("/backtests/new", "backtests_new", "backtests/new.html"),
    Page("/backtests/<id>", "backtests_report", "backtests/backtest.html"),
    Page("/settings", "settings", "settings/settings.html"),
    Page("/welcome", "welcome", "welcome/welcome.html"),
    Page("/unlock", "unlock", "unlock/unlock.html"),
)


def resource_folder() -> Path:
    """Return the folder of ``templates/`` and ``static/``: the top of a source checkout, inside the package when installed."""
    package = Path(__file__).resolve().parent.parent
    packed = package / "_resources"
    return packed if packed.is_dir() else package.parent


def install_pages(app: Flask) -> None:
    """Serve the pages; which of them depends on whether there is a store, whether it is open, and who asks."""
    app.extensions["quantbox.translations"] = Translations(resource_folder() / "static" / "locales", is_strict=app.testing)
    app.context_processor(page_words)
    for page in PAGES:
        app.add_url_rule(page.rule, f"page.{page.name}", partial(show_page, page), methods=["GET"])


def page_words() -> dict[str, Any]:
    """Return what every template may use."""
    from flask import current_app

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
    }


def show_page(page: Page, **path: str) -> Response | str:
    """Return the page, or lead to the one that has to come first."""
    first = page_to_show_first(page)
    if first is not None:
        wanted = request.full_path.rstrip("?")
        return redirect(url_for(f"page.{first}", next=wanted if wanted != "/" and first == "unlock" else None))
    return render_template(page.template, page=page.name, **path)


def page_to_show_first(page: Page) -> str | None:
    """Return the name of the page this browser has to see before `page`; None when it may see `page`."""
    state = program_state().vault_state()
    if state == "new":
        return None if page.name == "welcome" else "welcome"
    if state == "locked" or not current_user.is_authenticated:
        return None if page.name == "unlock" else "unlock"
    return "overview" if page.name == "unlock" else None


def render_error(error: QuantBoxError, status: int) -> tuple[str | Markup, int]:
    """Return the page that tells of an error."""
    language = request_language()
    words = {"title": error.message(language), "detail": error.next_step(language), "error_id": error.facts.get("error_id")}
    return render_template("shell/error.html", page="error", **words), status

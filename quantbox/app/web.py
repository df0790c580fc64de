"""The web application: the toolkit, the pages, and every capability's routes on one Flask app."""

from __future__ import annotations

from typing import Any, cast

from flask import Flask, current_app

from quantbox.app.lan.listener import LanListener
from quantbox.app.lan.routes import routes as lan_routes
from quantbox.app.recording import WebRecorder
from quantbox.app.routes import routes as app_routes
from quantbox.audit.routes import routes as audit_routes
from quantbox.backtesting.routes import routes as backtesting_routes
from quantbox.backup.offsite.routes import routes as offsite_routes
from quantbox.backup.routes import routes as backup_routes
from quantbox.core.bus import Bus
from quantbox.core.clock import Clock, SystemClock
from quantbox.core.paths import resource_folder
from quantbox.jobs.routes import routes as jobs_routes
from quantbox.market_data.charts.routes import routes as chart_routes
from quantbox.market_data.requests.routes import routes as data_routes
from quantbox.user_auth.factors.routes import routes as factor_routes
from quantbox.user_auth.pairing.routes import routes as pairing_routes
from quantbox.user_auth.routes import ROUTES as USER_AUTH_ROUTES
from quantbox.user_auth.routes import install_login
from quantbox.user_auth.service import Sessions
from quantbox.user_auth.tokens.routes import routes as token_routes
from quantbox.vault.routes import routes as vault_routes
from quantbox.web.acts import install_recorder
from quantbox.web.api import Routes, register
from quantbox.web.csrf import install_csrf
from quantbox.web.errors import install_error_answers
from quantbox.web.guards import install_headers, install_host_guard
from quantbox.web.openapi import build_openapi
from quantbox.web.pages import install_pages, render_error
from quantbox.web.rate_limits import RateLimits, install_rate_limits
from quantbox.web.sockets import install_sockets
from quantbox.web.state import ProgramState
from quantbox.web.tls.door import install_lan
from quantbox.web.uploads import UploadRequest

__all__ = ["create_app"]

api_routes = Routes("api")


def create_app(state: ProgramState, *, clock: Clock | None = None, testing: bool = False) -> Flask:
    """Return the application that answers for the program behind `state`.

    Parameters
    ----------
    state : ProgramState
        The door to the supervisor and to the services of the open store.
    clock : Clock, optional
        Measures the wait between wrong pass phrases.
    testing : bool
        Raise for a missing translation instead of showing its key.
    """
    resources = resource_folder()
    app = Flask(
        "quantbox",
        static_folder=str(resources / "static"),
        static_url_path="/static",
        template_folder=str(resources / "templates"),
    )
    app.request_class = UploadRequest
    app.testing = testing
    app.config["PROPAGATE_EXCEPTIONS"] = False
    app.debug = False  # whatever FLASK_DEBUG says: nobody debugs a program that holds keys
    app.extensions["quantbox.state"] = state
    install_lan(app, LanListener(app, state, clock or SystemClock()))
    install_host_guard(app)
    install_rate_limits(app, RateLimits())
    install_csrf(app)
    install_headers(app)
    install_error_answers(app, render_error)
    install_login(app, clock or SystemClock())
    install_recorder(app, WebRecorder(state, clock or SystemClock()))
    install_pages(app)
    install_sockets(app, lambda key: session_is_alive(state, key), lambda: bus_of(state))
    for routes in (
        api_routes,
        *USER_AUTH_ROUTES,
        vault_routes,
        factor_routes,
        token_routes,
        pairing_routes,
        jobs_routes,
        chart_routes,
        data_routes,
        backtesting_routes,
        backup_routes,
        offsite_routes,
        app_routes,
        audit_routes,
        lan_routes,
    ):
        register(app, routes)
    return app


def session_is_alive(state: ProgramState, key: str) -> bool:
    """Return whether the vault is open and the session goes on in it."""
    sessions = getattr(state.services, "web_sessions", None)
    return sessions is not None and cast("Sessions", sessions).is_alive(key)


def bus_of(state: ProgramState) -> Bus | None:
    """Return the bus of the open store."""
    return cast("Bus | None", getattr(state.services, "bus", None))


@api_routes.add("GET", "/openapi.json", role=None, answer=dict[str, Any])
def show_openapi() -> dict[str, Any]:
    """Describe this API in OpenAPI 3.1."""
    known = current_app.extensions
    if "quantbox.openapi" not in known:  # anybody may ask, and it takes a tenth of a second
        known["quantbox.openapi"] = build_openapi(known["quantbox.endpoints"])
    description: dict[str, Any] = known["quantbox.openapi"]
    return description

"""Proof that a state change comes from a page this program served.

Two independent checks: the browser's own statement where the request came from (Sec-Fetch-Site, Origin), and a token
that a page of another origin can neither read nor compute. The token of a session is derived from the session's id, so
it survives a restart of the web process; a visitor's is derived from its cookie and a secret of the process.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from flask import Flask, Response, g, request
from flask_login import current_user

from quantbox.web.cookies import VISITOR_COOKIE, session_cookie, set_secret_cookie
from quantbox.web.errors import CrossSiteRefused

__all__ = ["CSRF_HEADER", "SAFE_METHODS", "check_origin", "check_token", "csrf_token", "install_csrf", "session_token"]

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

_PURPOSE = b"quantbox csrf token"
_process_secret = secrets.token_bytes(32)


def session_token(session_id: str) -> str:
    """Return the token of a session; the id cannot be computed back."""
    return hmac.new(session_id.encode(), _PURPOSE, hashlib.sha256).hexdigest()


def csrf_token() -> str:
    """Return the token of the present browser, marking a visitor that has none yet."""
    if current_user.is_authenticated:
        return session_token(session_cookie())
    if "visitor" not in g:
        g.visitor = request.cookies.get(VISITOR_COOKIE, "")
        if len(g.visitor) < 32:
            g.visitor = g.new_visitor = secrets.token_hex(16)
    return hmac.new(_process_secret, _PURPOSE + g.visitor.encode(), hashlib.sha256).hexdigest()


def check_token() -> None:
    """Refuse a state change without the token of this browser."""
    if not hmac.compare_digest(csrf_token().encode(), request.headers.get(CSRF_HEADER, "").encode()):
        raise CrossSiteRefused(check="token")


def check_origin() -> None:
    """Refuse a request that the browser says comes from another site.

    A client that is no browser sends neither header; it is held by the token or by its signature.
    """
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise CrossSiteRefused(check="sec-fetch-site")
    own = f"{request.scheme}://{request.environ.get('HTTP_HOST', '')}".lower()
    if request.headers.get("Origin", own).lower() != own:
        raise CrossSiteRefused(check="origin")


def install_csrf(app: Flask) -> None:
    """Check the origin of every state change, and give new visitors their cookie."""

    @app.before_request
    def refuse_other_sites() -> None:
        if request.method not in SAFE_METHODS:
            check_origin()

    @app.after_request
    def mark_visitor(response: Response) -> Response:
        if "new_visitor" in g:
            set_secret_cookie(response, VISITOR_COOKIE, g.new_visitor)
        return response

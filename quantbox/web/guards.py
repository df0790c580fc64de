"""Which requests are answered at all, and how little a browser may do with the answers.

Only this machine's own names are answered, so that a page of another site cannot reach in by renaming itself.
Werkzeug's list of trusted hosts ignores ports and cannot hold an IPv6 address (3.1.9), hence the check here.
"""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, request

from quantbox.web.errors import HostRefused

__all__ = ["csp_nonce", "install_headers", "install_host_guard"]

_LOCAL_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=()"
    ),
}


def install_host_guard(app: Flask) -> None:
    """Refuse every request, sockets included, whose Host is not a local name with the port it came in by."""

    @app.before_request
    def refuse_other_hosts() -> None:
        named = _LOCAL_HOST.fullmatch(request.environ.get("HTTP_HOST", ""))
        if named is None or (named[1] or _DEFAULT_PORTS[request.scheme]) != request.environ["SERVER_PORT"]:
            raise HostRefused


def csp_nonce() -> str:
    """Return the nonce that lets this one answer carry style elements."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def content_security_policy() -> str:
    """Return the policy of the present answer; scripts only from our own files, nothing inline."""
    style = f"'self' 'nonce-{g.csp_nonce}'" if "csp_nonce" in g else "'self'"
    return (
        f"default-src 'none'; script-src 'self'; style-src {style}; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )


def install_headers(app: Flask) -> None:
    """Set the headers on every answer, errors included."""

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = content_security_policy()
        response.headers.update(_FIXED)
        # Static files are public and carry an ETag; everything else may be private and is kept nowhere.
        response.headers["Cache-Control"] = "no-cache" if request.endpoint == "static" else "no-store"
        return response

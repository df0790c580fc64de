"""Which requests are answered at all, and how little a browser may do with the answers.

Only this machine's own names are answered, each by the listener it belongs to, so that a page of another site cannot reach
in by renaming itself.
Werkzeug's list of trusted hosts ignores ports and cannot hold an IPv6 address (3.1.9), hence the check here.
"""

from __future__ import annotations

import re
import secrets

from flask import Flask, Response, g, request

from quantbox.web.errors import HostRefused
from quantbox.web.tls.door import comes_by_lan, lan_door

__all__ = ["csp_nonce", "install_headers", "install_host_guard"]

_HOST = re.compile(r"([a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d{1,5}))?", re.IGNORECASE)
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), serial=(), usb=(), "
        "publickey-credentials-create=(self), publickey-credentials-get=(self)"
    ),
}
#: Browsers heed it only where they trust the certificate, so a tablet without it can still be helped.
_STRICT_TRANSPORT = "max-age=31536000"


def install_host_guard(app: Flask) -> None:
    """Refuse every request, sockets included, whose Host is not a name of the listener it came in by, with its port."""

    @app.before_request
    def refuse_other_hosts() -> None:
        named = _HOST.fullmatch(request.environ.get("HTTP_HOST", ""))
        own = lan_door().host_names() if comes_by_lan() else _LOCAL_HOSTS
        if named is None or named[1].lower() not in own:
            raise HostRefused
        if (named[2] or _DEFAULT_PORTS[request.scheme]) != request.environ["SERVER_PORT"]:
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
        if comes_by_lan():
            response.headers["Strict-Transport-Security"] = _STRICT_TRANSPORT
        # Static files are public and carry an ETag; everything else may be private and is kept nowhere.
        response.headers["Cache-Control"] = "no-cache" if request.endpoint == "static" else "no-store"
        return response

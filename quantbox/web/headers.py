"""The headers that tell a browser how little it may do with what it is given."""

from __future__ import annotations

import secrets

from flask import Flask, Response, g, request

__all__ = ["csp_nonce", "install_headers"]

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

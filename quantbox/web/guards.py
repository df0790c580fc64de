"""Answers only to this machine's own names, so that a page of another site cannot reach in by renaming itself.

Werkzeug's list of trusted hosts ignores ports and cannot hold an IPv6 address (3.1.9), hence this check.
"""

from __future__ import annotations

import re

from flask import Flask, request

from quantbox.web.errors import HostRefused

__all__ = ["install_host_guard"]

_LOCAL_HOST = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::(\d{1,5}))?", re.IGNORECASE)
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def install_host_guard(app: Flask) -> None:
    """Refuse every request, sockets included, whose Host is not a local name with the port it came in by."""

    @app.before_request
    def refuse_other_hosts() -> None:
        named = _LOCAL_HOST.fullmatch(request.environ.get("HTTP_HOST", ""))
        if named is None or (named[1] or _DEFAULT_PORTS[request.scheme]) != request.environ["SERVER_PORT"]:
            raise HostRefused

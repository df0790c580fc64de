"""The cookies of a browser: the session, and before anybody is signed in a visitor's mark for the CSRF token."""

from __future__ import annotations

from flask import Response, request

__all__ = ["SESSION_COOKIE", "VISITOR_COOKIE", "drop_session_cookie", "session_cookie", "set_secret_cookie"]

SESSION_COOKIE = "quantbox_session"
VISITOR_COOKIE = "quantbox_visitor"


def session_cookie() -> str:
    """Return the session id the browser holds; empty without one."""
    return request.cookies.get(SESSION_COOKIE, "")


def set_secret_cookie(response: Response, name: str, value: str) -> None:
    """Set a cookie that no script reads and no other site sends; it ends with the browser."""
    response.set_cookie(name, value, path="/", httponly=True, samesite="Strict", secure=request.is_secure)


def drop_session_cookie(response: Response) -> None:
    """Take the session id from the browser."""
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="Strict", secure=request.is_secure)

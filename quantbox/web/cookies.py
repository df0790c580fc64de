"""The cookies of a browser: the session, a visitor's mark for the CSRF token, and the language it is answered in."""

from __future__ import annotations

from flask import Response, g, request

from quantbox.core.text import Language

__all__ = [
    "LANGUAGE_COOKIE",
    "SESSION_COOKIE",
    "VISITOR_COOKIE",
    "answer_in",
    "drop_session_cookie",
    "request_language",
    "session_cookie",
    "set_secret_cookie",
]

LANGUAGE_COOKIE = "quantbox_language"
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


def request_language() -> Language:
    """Return the language of the cookie the pages set; Chinese without one."""
    chosen = g.get("language") or request.cookies.get(LANGUAGE_COOKIE)
    return "en" if chosen == "en" else "zh"


def answer_in(language: Language) -> None:
    """Answer the present request in `language`, whatever the cookie says."""
    g.language = language

"""The cookies of a browser: the session, the device, a visitor's mark for the CSRF token, and how the pages look in it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Response, g, request

from quantbox.core.text import Language

__all__ = [
    "COLOURS_COOKIE",
    "DEVICE_COOKIE",
    "LANGUAGE_COOKIE",
    "PENDING_COOKIE",
    "SESSION_COOKIE",
    "THEME_COOKIE",
    "VISITOR_COOKIE",
    "answer_in",
    "appearance_cookies",
    "bearer_token",
    "device_cookie",
    "drop_cookie",
    "drop_session_cookie",
    "pending_cookie",
    "request_language",
    "session_cookie",
    "set_appearance_cookies",
    "set_device_cookie",
    "set_secret_cookie",
]

COLOURS_COOKIE = "quantbox_colours"
DEVICE_COOKIE = "quantbox_device"
LANGUAGE_COOKIE = "quantbox_language"
PENDING_COOKIE = "quantbox_pending"
SESSION_COOKIE = "quantbox_session"
THEME_COOKIE = "quantbox_theme"
VISITOR_COOKIE = "quantbox_visitor"

#: How the pages look in this browser, by the name of the setting; so the server draws the first page right before anybody
#: signs in.
_APPEARANCE = {"language": LANGUAGE_COOKIE, "theme": THEME_COOKIE, "price_colours": COLOURS_COOKIE}
_YEAR_SECONDS = 365 * 24 * 3600
#: The longest a browser keeps a cookie.
_DEVICE_SECONDS = 400 * 24 * 3600


def bearer_token() -> str | None:
    """Return the API token a script shows to the API; None for a page, and for a request that shows none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and request.path.startswith("/api/") else None


def session_cookie() -> str:
    """Return the session id the browser holds; empty without one, and where a token is shown: the two never add up."""
    return "" if bearer_token() is not None else request.cookies.get(SESSION_COOKIE, "")


def pending_cookie() -> str:
    """Return the proof of a password that waits for the second factor; empty without one."""
    return request.cookies.get(PENDING_COOKIE, "")


def set_secret_cookie(response: Response, name: str, value: str) -> None:
    """Set a cookie that no script reads and no other site sends; it ends with the browser."""
    response.set_cookie(name, value, path="/", httponly=True, samesite="Strict", secure=request.is_secure)


def device_cookie() -> str:
    """Return the token by which this browser is known again; empty where it is not."""
    return request.cookies.get(DEVICE_COOKIE, "")


def set_device_cookie(response: Response, token: str) -> None:
    """Let this browser be known again; no script reads the token and no other site sends it."""
    response.set_cookie(
        DEVICE_COOKIE, token, max_age=_DEVICE_SECONDS, path="/", httponly=True, samesite="Strict", secure=request.is_secure
    )


def drop_cookie(response: Response, name: str) -> None:
    """Take a secret cookie from the browser."""
    response.delete_cookie(name, path="/", httponly=True, samesite="Strict", secure=request.is_secure)


def drop_session_cookie(response: Response) -> None:
    """Take the session from the browser, and let it forget what it kept of it; the device and the looks stay known."""
    drop_cookie(response, SESSION_COOKIE)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def appearance_cookies() -> dict[str, str]:
    """Return what the browser says of the looks it has chosen, by the name of the setting; it may say anything."""
    return {name: request.cookies[cookie] for name, cookie in _APPEARANCE.items() if cookie in request.cookies}


def set_appearance_cookies(response: Response, values: Mapping[str, str]) -> None:
    """Let the browser look so from the next page on; scripts may read it, for they switch looks without asking."""
    for name, value in values.items():
        response.set_cookie(_APPEARANCE[name], value, max_age=_YEAR_SECONDS, path="/", samesite="Strict")


def request_language() -> Language:
    """Return the language of the cookie the pages set; Chinese without one."""
    chosen = g.get("language") or request.cookies.get(LANGUAGE_COOKIE)
    return "en" if chosen == "en" else "zh"


def answer_in(language: Language) -> None:
    """Answer the present request in `language`, whatever the cookie says."""
    g.language = language

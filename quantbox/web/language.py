"""The language a request is answered in."""

from __future__ import annotations

from flask import g, request

from quantbox.core.text import Language

__all__ = ["LANGUAGE_COOKIE", "answer_in", "request_language"]

LANGUAGE_COOKIE = "quantbox_language"


def request_language() -> Language:
    """Return the language of the cookie the pages set; Chinese without one."""
    chosen = g.get("language") or request.cookies.get(LANGUAGE_COOKIE)
    return "en" if chosen == "en" else "zh"


def answer_in(language: Language) -> None:
    """Answer the present request in `language`, whatever the cookie says."""
    g.language = language

"""The one family of errors.

QuantBoxError
 ├ Invalid       what was given cannot be used                HTTP 400
 ├ Denied        not allowed, or not proven who asks          HTTP 403 (401 where nobody is signed in)
 ├ NotFound      what was named does not exist                HTTP 404
 ├ Conflict      it exists, but its state does not allow this HTTP 409
 └ Unavailable   an outside thing, a lock or the machine fails HTTP 503

Each capability subclasses one of the five kinds in its own ``errors.py``, sets a stable ``code``
("market_data.symbol_unknown"), a ``sentence`` and a ``hint`` (what to do next) as bilingual templates, and is
raised with the facts the sentence names. Programming mistakes stay ValueError and TypeError.
web/errors.py alone maps kinds to HTTP; the command line prints the same code, message and hint.
"""

from __future__ import annotations

from typing import Any, ClassVar

from quantbox.core.text import Language, Text

__all__ = ["Conflict", "Denied", "Invalid", "NotFound", "QuantBoxError", "Unavailable"]


class QuantBoxError(Exception):
    """A refusal or failure the user can read: stable code, sentence with value and bound, what to do next.

    Parameters
    ----------
    **facts : object
        Values named by the sentence and the hint; also sent to clients as they are, so never a secret.
    """

    kind: ClassVar[str] = "error"
    code: ClassVar[str] = "core.error"
    sentence: ClassVar[Text] = Text("程序出错", "The program failed")
    hint: ClassVar[Text] = Text("", "")

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        super().__init__(self.message("en"))

    @property
    def is_refusal(self) -> bool:
        """Whether the act was refused; else it was allowed, and did not succeed."""
        return self.kind not in {"failed", "unavailable"}

    def message(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return self.sentence.with_facts(**self.facts).in_language(language)

    def next_step(self, language: Language) -> str:
        """Return what to do next, in `language`; empty where there is nothing to advise."""
        return self.hint.with_facts(**self.facts).in_language(language)


class Invalid(QuantBoxError):
    """What was given cannot be used."""

    kind = "invalid"
    code = "core.invalid"


class Denied(QuantBoxError):
    """Not allowed, or not proven who asks."""

    kind = "denied"
    code = "core.denied"


class NotFound(QuantBoxError):
    """What was named does not exist."""

    kind = "not_found"
    code = "core.not_found"


class Conflict(QuantBoxError):
    """It exists, but its state does not allow this."""

    kind = "conflict"
    code = "core.conflict"


class Unavailable(QuantBoxError):
    """An outside thing, a lock or the machine fails; the same act may succeed later."""

    kind = "unavailable"
    code = "core.unavailable"

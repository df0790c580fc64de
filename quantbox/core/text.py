"""A sentence in both languages, with facts filled in when it is read.

Chinese is the language of the users and English stands complete beside it, so nothing the program says
(an error, a warning, a check of the doctor) exists in one language only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

__all__ = ["LANGUAGES", "Language", "Text"]


@dataclass(frozen=True)
class Text:
    """One sentence in Chinese and in English, with ``{name}`` fields.

    Parameters
    ----------
    zh, en : str
        Templates for :meth:`str.format`.
    facts : mapping of str to object
        Values of the fields; both templates may use any of them.
    """

    zh: str
    en: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def with_facts(self, **facts: Any) -> Text:
        """Return the same sentence with `facts` added."""
        return Text(self.zh, self.en, {**self.facts, **facts})

    def in_language(self, language: Language) -> str:
        """Return the sentence in `language` with its facts filled in."""
        return (self.zh if language == "zh" else self.en).format(**self.facts)

    def to_json(self) -> dict[str, str]:
        """Return both languages, ready for a JSON document."""
        return {"zh": self.in_language("zh"), "en": self.in_language("en")}

"""The words of the pages, from the same files the browser reads (static/locales)."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from quantbox.core.text import LANGUAGES, Language

__all__ = ["Translations"]

_log = logging.getLogger(__name__)


class Translations:
    """Sentences by dotted key in both languages.

    Parameters
    ----------
    folder : Path
        Holds ``zh.json`` and ``en.json``, each flat.
    is_strict : bool
        Raise for a missing key instead of showing the key itself; on in tests.
    """

    def __init__(self, folder: Path, *, is_strict: bool) -> None:
        self._is_strict = is_strict
        self._sentences: dict[Language, dict[str, str]] = {
            language: json.loads((folder / f"{language}.json").read_text(encoding="utf-8")) for language in LANGUAGES
        }

    def translate(self, language: Language, key: str, **facts: Any) -> str:
        """Return the sentence of `key` in `language` with its ``{name}`` fields filled in."""
        sentence = self._sentences[language].get(key)
        if sentence is None:
            if self._is_strict:
                raise KeyError(f"static/locales/{language}.json has no {key!r}")
            _log.warning("static/locales/%s.json has no %s", language, key)
            return key
        return sentence.format(**facts) if facts else sentence

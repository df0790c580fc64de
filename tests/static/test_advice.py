"""No page gives advice for the command line: what names an option there has words of its own in the locales."""

from __future__ import annotations

import importlib
import pkgutil
import re
import string
from collections.abc import Iterator

import pytest

import quantbox
from quantbox.core.errors import QuantBoxError
from quantbox.market_data.importing.refusals import FileRefused
from tests.static.pages import words

COMMAND_LINE = re.compile(r"--[a-z]|\bquantbox [a-z]")
#: Raised by commands and by starting the program, before there is a page.
TERMINAL_ONLY = ("quantbox.app", "quantbox.desktop")
#: The page's own names of what the program says by code or in one language each.
SAID_BY_NAME = {"adjust_name": "adjust", "owner_name": "owner", "file_name": "file", "reason": "reason_zh"}


def kinds(kind: type[QuantBoxError]) -> Iterator[type[QuantBoxError]]:
    for below in kind.__subclasses__():
        yield below
        yield from kinds(below)


def every_kind() -> list[type[QuantBoxError]]:
    for module in pkgutil.walk_packages(quantbox.__path__, "quantbox."):
        if module.name.rpartition(".")[2] in {"errors", "strategy_errors", "refusals", "updating"}:
            importlib.import_module(module.name)
    return sorted(set(kinds(QuantBoxError)), key=lambda kind: kind.code)


def test_advice_for_the_command_line_has_the_pages_words_beside_it() -> None:
    told = {
        kind.code
        for kind in every_kind()
        if COMMAND_LINE.search(kind.hint.en) and not kind.__module__.startswith((*TERMINAL_ONLY, "tests"))
    }
    assert told
    for language in ("zh", "en"):
        assert {key.removeprefix("hint.") for key in words(language) if key.startswith("hint.")} == told


@pytest.mark.parametrize("kind", [kind for kind in every_kind() if issubclass(kind, FileRefused)], ids=lambda kind: kind.code)
def test_a_refused_file_is_explained_in_words_of_the_page(kind: type[FileRefused]) -> None:
    own = words("zh").get(f"refused.{kind.code}")
    assert (own is not None) == bool(COMMAND_LINE.search(kind.sentence.zh))
    if own is not None:
        named = {SAID_BY_NAME.get(field, field) for _, field, _, _ in string.Formatter().parse(own) if field}
        assert named <= {field for _, field, _, _ in string.Formatter().parse(kind.sentence.zh) if field}


def test_no_word_of_the_pages_names_an_option() -> None:
    assert [key for language in ("zh", "en") for key, text in words(language).items() if COMMAND_LINE.search(text)] == []

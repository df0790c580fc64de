"""Every refusal and every reason says the same in both languages, under a code of its own."""

from __future__ import annotations

import string

import pytest

from quantbox.core.text import Text
from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.quarantine import REASONS

KINDS = [getattr(refusals, name) for name in refusals.__all__ if name != "FileRefused"]
#: Fields that carry words, one per language.
SPOKEN = {"reason_zh", "reason_en", "what_zh", "what_en", "name_zh"}


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name} - SPOKEN


def test_codes_are_unique() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize("sentence", [kind.sentence for kind in KINDS] + list(REASONS.values()), ids=lambda text: text.en[:40])
def test_both_languages_state_the_same_facts(sentence: Text) -> None:
    assert sentence.zh
    assert sentence.en
    # The English sentence may name the adjustment where the Chinese one has a word for it.
    assert fields(sentence.zh) == fields(sentence.en)


@pytest.mark.parametrize("kind", [refusals.SymbolMissing, refusals.SymbolContradicted, refusals.SymbolUnreadable])
def test_refusals_of_symbols_name_the_option(kind: type[refusals.FileRefused]) -> None:
    assert "--symbol" in kind.sentence.zh
    assert "--symbol" in kind.sentence.en

"""The words of the pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quantbox.core.paths import resource_folder
from quantbox.web.translations import Translations


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "zh.json").write_text('{"count": "共 {n} 条", "plain": "{不是字段"}', encoding="utf-8")
    (tmp_path / "en.json").write_text('{"count": "{n} items"}', encoding="utf-8")
    return tmp_path


def test_sentences_take_their_facts_in_either_language(folder: Path) -> None:
    words = Translations(folder, is_strict=True)
    assert (words.translate("zh", "count", n=3), words.translate("en", "count", n=3)) == ("共 3 条", "3 items")
    assert words.translate("zh", "plain") == "{不是字段"


def test_a_missing_sentence_raises_in_tests_and_shows_its_key_to_people(folder: Path) -> None:
    with pytest.raises(KeyError, match="nothing"):
        Translations(folder, is_strict=True).translate("zh", "nothing")
    assert Translations(folder, is_strict=False).translate("zh", "nothing") == "nothing"


def test_both_languages_have_the_same_keys_and_fields() -> None:
    import re

    locales = resource_folder() / "static" / "locales"
    zh, en = (json.loads((locales / f"{language}.json").read_text(encoding="utf-8")) for language in ("zh", "en"))
    assert zh.keys() == en.keys()
    fields = re.compile(r"\{\w+\}")
    assert [key for key in zh if set(fields.findall(zh[key])) != set(fields.findall(en[key]))] == []
    assert [key for key in zh if not (zh[key] and en[key])] == []

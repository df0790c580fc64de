"""Every word of the pages exists in both languages, is used, and stands nowhere but in the locales."""

from __future__ import annotations

import re

from tests.static.pages import modules, name, templates, without_comments, words

ZH, EN = words("zh"), words("en")
SOURCES = {path: without_comments(path) for path in [*modules(), *templates()]}
CALLS = re.compile(r"""(?:\$|\b)t\(\s*['"]([\w.]+)['"]\s*[,)]""")
PREFIXES = re.compile(r"""\b(?:t|knows)\(\s*(?:`([\w.]+\.)\$\{|`([\w.]+_)\$\{|['"]([\w.]+[._])['"]\s*[+~])""")
LITERALS = re.compile(r"""['"`]([a-z_]+(?:\.[\w]+)+)['"`]""")
SINGLE_QUOTED = re.compile(r"'([a-z_]+(?:\.\w+)+)'")
CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")


def used_prefixes() -> set[str]:
    return {next(filter(None, match.groups())) for text in SOURCES.values() for match in PREFIXES.finditer(text)}


def test_both_languages_have_the_same_keys() -> None:
    assert sorted(ZH) == sorted(EN)


def test_a_sentence_names_the_same_fields_in_both_languages() -> None:
    fields = re.compile(r"\{(\w+)\}")
    assert [key for key in ZH if not ZH[key] or not EN[key]] == []
    assert [key for key in ZH if set(fields.findall(ZH[key])) != set(fields.findall(EN[key]))] == []


def test_english_is_written_without_chinese_except_the_names_of_languages() -> None:
    allowed = {"language.zh", "language.other"}
    assert [key for key, text in EN.items() if CJK.search(text) and key not in allowed] == []


def test_every_key_asked_for_exists() -> None:
    missing = {(name(path), key) for path, text in SOURCES.items() for key in CALLS.findall(text) if key not in ZH}
    assert missing == set()


def test_every_literal_that_looks_like_a_key_exists() -> None:
    spaces = {key.split(".")[0] for key in ZH}
    files = re.compile(r"\.(?:html|css|js|json|svg|py|txt)$")
    asked = {key for text in SOURCES.values() for key in SINGLE_QUOTED.findall(text) if key.split(".")[0] in spaces}
    prefixes = tuple(used_prefixes())
    missing = {key for key in asked if key not in ZH and not files.search(key) and not key.startswith(prefixes)}
    assert missing == set()


def test_every_prefix_asked_for_has_keys() -> None:
    prefixes = used_prefixes()
    assert len(prefixes) > 20
    assert [prefix for prefix in sorted(prefixes) if not any(key.startswith(prefix) for key in ZH)] == []


def test_no_key_is_left_over() -> None:
    literals = {key for text in SOURCES.values() for key in LITERALS.findall(text)}
    prefixes = tuple(used_prefixes())
    assert [key for key in ZH if key not in literals and not key.startswith(prefixes)] == []


def test_no_chinese_words_stand_outside_the_locales() -> None:
    lines = [(name(path), line.strip()) for path, text in SOURCES.items() for line in text.splitlines() if CJK.search(line)]
    assert lines == []

"""The pages keep to the content policy: nothing inline, nothing from outside, nothing made from strings."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.static.pages import ROOT, STATIC, modules, name, sheets, templates, without_comments

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
ALPINE = re.compile(r"""\s(?:x-[\w.:-]+|[@:][\w.:-]+)="([^"]*)\"""")
MOST_LINES = 300
TEXTS = [*templates(), *modules(), *sheets(), *STATIC.glob("*.svg")]


def whole(path: Path) -> str:
    """Return a file's text, comments and all."""
    return path.read_text(encoding="utf-8")


def found_in(paths: Iterable[Path], *patterns: str, read: Callable[[Path], str] = without_comments) -> list[tuple[str, str]]:
    """Return (file, text) of whatever matches one of the patterns."""
    return [(name(path), found.group()) for path in paths for pattern in patterns for found in re.finditer(pattern, read(path))]


def test_templates_hold_no_inline_script_or_style() -> None:
    inline = (r"<script(?![^>]*\ssrc=)[^>]*>", r"<style\b", r"\s:?style=", r"\son\w+=")
    assert found_in(templates(), *inline) == []


def test_alpine_expressions_keep_to_what_its_csp_build_can_read() -> None:
    unreadable = re.compile(r"`|=>|\?\.|\bMath\.|\bwindow\.|\bdocument\.")
    expressions = [(name(path), one) for path in templates() for one in ALPINE.findall(without_comments(path))]
    assert len(expressions) > 100
    assert [(file, one) for file, one in expressions if unreadable.search(one)] == []
    assert found_in(templates(), "x-html", read=whole) == []


def test_nothing_is_loaded_from_outside() -> None:
    assert found_in(TEXTS, r"(?:https?:)?//[\w-]+\.[\w.-]+", read=lambda path: whole(path).replace(SVG_NAMESPACE, "")) == []


def test_modules_make_no_markup_or_code_from_strings() -> None:
    banned = r"\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style'"
    assert found_in(modules(), banned) == []


def test_modules_are_small_say_why_and_import_what_exists() -> None:
    for path in modules():
        text = whole(path)
        assert text.startswith("// "), f"{name(path)}: a module starts with why it exists"
        assert len(text.splitlines()) <= MOST_LINES, name(path)
        for wanted in re.findall(r"""(?:from|import)\s*\(?\s*'(\.[^']+)'""", text):
            target = (path.parent / wanted).resolve()
            assert target.is_relative_to(STATIC), (name(path), wanted)
            if "vendor" not in target.parts:
                assert target.is_file(), (name(path), wanted)


def test_templates_name_files_and_icons_that_exist() -> None:
    icons = set(re.findall(r'<symbol id="([^"]+)"', whole(STATIC / "icons.svg")))
    for path in templates():
        text = without_comments(path)
        for wanted in re.findall(r"filename='([^']+\.\w+)'\)", text):
            if not wanted.startswith("vendor/"):
                assert (STATIC / wanted).is_file(), (name(path), wanted)
        for wanted in [*re.findall(r"\bicon\('([\w-]+)'", text), *re.findall(r"\bicons\.svg'\) \}\}#([\w-]+)", text)]:
            assert wanted in icons, (name(path), wanted)


def test_the_npm_lock_names_no_address_and_pins_every_package() -> None:
    lock = (ROOT / "build" / "assets" / "package-lock.json").read_text(encoding="utf-8")
    assert "http" not in lock
    assert '"resolved"' not in lock
    packages = {path: entry for path, entry in json.loads(lock)["packages"].items() if path}
    assert packages
    assert all("integrity" in entry for entry in packages.values())


def test_the_pass_phrase_generator_has_1024_different_words() -> None:
    words = (STATIC / "locales" / "passphrase_words.txt").read_text(encoding="utf-8").split()
    assert len(words) == len(set(words)) == 1024
    assert all(len(word) == 2 for word in words)

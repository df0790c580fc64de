"""The pages keep to the content policy: nothing inline, nothing from outside, nothing made from strings."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.static.pages import ROOT, STATIC, modules, name, sheets, templates, without_comments

SVG_NAMESPACE = "http://www.w3.org/2000/svg"
ALPINE = re.compile(r"""\s(?:x-[\w.:-]+|[@:][\w.:-]+)="([^"]*)\"""")
MOST_LINES = 300
TEXTS = [*templates(), *modules(), *sheets(), *STATIC.glob("*.svg")]


@pytest.mark.parametrize("path", templates(), ids=name)
def test_templates_hold_no_inline_script_or_style(path: Path) -> None:
    text = without_comments(path)
    assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", text) == []
    assert re.findall(r"<style\b", text) == []
    assert re.findall(r"\s:?style=", text) == []
    assert re.findall(r"\son\w+=", text) == []


@pytest.mark.parametrize("path", templates(), ids=name)
def test_alpine_expressions_keep_to_what_its_csp_build_can_read(path: Path) -> None:
    for expression in ALPINE.findall(without_comments(path)):
        assert not re.search(r"`|=>|\?\.|\bMath\.|\bwindow\.|\bdocument\.", expression), expression
    assert "x-html" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", TEXTS, ids=name)
def test_nothing_is_loaded_from_outside(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(SVG_NAMESPACE, "")
    assert re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", text) == []


@pytest.mark.parametrize("path", modules(), ids=name)
def test_modules_make_no_markup_or_code_from_strings(path: Path) -> None:
    text = without_comments(path)
    banned = r"\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\('style'"
    assert re.findall(banned, text) == []


@pytest.mark.parametrize("path", modules(), ids=name)
def test_modules_are_small_say_why_and_import_what_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("// "), "a module starts with why it exists"
    assert len(text.splitlines()) <= MOST_LINES
    for wanted in re.findall(r"""(?:from|import)\s*\(?\s*'(\.[^']+)'""", text):
        target = (path.parent / wanted).resolve()
        assert target.is_relative_to(STATIC)
        if "vendor" not in target.parts:
            assert target.is_file(), wanted


@pytest.mark.parametrize("path", templates(), ids=name)
def test_templates_name_files_and_icons_that_exist(path: Path) -> None:
    text = without_comments(path)
    for wanted in re.findall(r"filename='([^']+\.\w+)'\)", text):
        if not wanted.startswith("vendor/"):
            assert (STATIC / wanted).is_file(), wanted
    icons = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    for wanted in re.findall(r"\bicon\('([\w-]+)'", text):
        assert wanted in icons
    for wanted in re.findall(r"\bicons\.svg'\) \}\}#([\w-]+)", text):
        assert wanted in icons


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

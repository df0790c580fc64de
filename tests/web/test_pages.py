"""Which page a browser sees first, and that every page can be shown in both languages."""

from __future__ import annotations

import re

import pytest

from quantbox.web.pages import PAGES
from tests.web.program import Browser, Program, open_browser

ADDRESSES = [re.sub(r"<\w+>", "600519.SH", page.rule) for page in PAGES]
#: Pairing is for tablets, which come by the LAN.
DOORS = ("/unlock", "/sign-in", "/pair")


def first_shown(browser: Browser, path: str) -> str:
    """Return the path a browser is led to."""
    answer = browser.get(path)
    return answer.headers["Location"].partition("?")[0] if answer.status_code == 302 else path


def test_before_there_is_a_store_every_page_leads_to_the_wizard(new_program: Program) -> None:
    browser = open_browser(new_program)
    assert {first_shown(browser, path) for path in ADDRESSES} == {"/welcome"}


def test_while_locked_every_page_leads_to_unlocking(program: Program) -> None:
    browser = open_browser(program)
    program.lock()
    assert {first_shown(browser, path) for path in ADDRESSES} == {"/unlock"}


def test_a_stranger_is_led_to_signing_in_and_back_to_where_it_wanted(stranger: Browser) -> None:
    assert {first_shown(stranger, path) for path in ADDRESSES} == {"/sign-in"}
    assert stranger.get("/market/600519.SH?x=1").headers["Location"] == "/sign-in?next=/market/600519.SH?x%3D1"
    assert stranger.get("/").headers["Location"] == "/sign-in"


def test_the_owner_sees_every_page_but_the_doors(browser: Browser) -> None:
    shown = {path: first_shown(browser, path) for path in ADDRESSES}
    assert {shown.pop(path) for path in DOORS} == {"/"}
    assert all(path == led_to for path, led_to in shown.items())


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_has_words_for_all_it_says(browser: Browser, language: str) -> None:
    browser.client.set_cookie("quantbox_language", language)
    browser.client.set_cookie("quantbox_theme", "dark")
    token = browser.api("/status")["csrf_token"]
    for path in ADDRESSES:
        if path in (*DOORS, "/welcome"):
            continue
        answer = browser.get(path)
        assert answer.status_code == 200, path
        text = answer.get_data(as_text=True)
        assert f'content="{token}"' in text, path
        assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in text, path
        assert 'data-theme="dark"' in text, path


def test_the_doors_have_words_too(stranger: Browser, new_program: Program) -> None:
    for language in ("zh", "en"):
        stranger.client.set_cookie("quantbox_language", language)
        assert stranger.get("/sign-in").status_code == 200
    new_program.vault_state = lambda: "locked"  # type: ignore[method-assign]
    for language in ("zh", "en"):
        stranger.client.set_cookie("quantbox_language", language)
        assert stranger.get("/unlock").status_code == 200
    new_program.vault_state = lambda: "new"  # type: ignore[method-assign]
    for language in ("zh", "en"):
        stranger.client.set_cookie("quantbox_language", language)
        assert stranger.get("/welcome").status_code == 200


def test_no_page_carries_a_script_or_style_of_its_own(browser: Browser) -> None:
    for path in ADDRESSES:
        text = browser.get(path).get_data(as_text=True)
        assert not re.search(r"<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"\son\w+=", text), path
        assert not re.search(r"\sstyle=", text), path
        assert not re.search(r"<style(?![^>]*\bnonce=)", text), path
        assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", text), path


def test_an_unknown_address_is_told_in_a_page(browser: Browser) -> None:
    answer = browser.get("/nothing/here")
    assert answer.status_code == 404
    assert "没有这个地址" in answer.get_data(as_text=True)
    assert answer.content_type.startswith("text/html")


def test_a_wrong_theme_cookie_falls_back_to_the_systems(browser: Browser) -> None:
    browser.client.set_cookie("quantbox_theme", '"><script>')
    text = browser.get("/").get_data(as_text=True)
    assert 'data-theme="system"' in text
    assert '"><script>' not in text

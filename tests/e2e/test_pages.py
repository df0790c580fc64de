"""Every page in both sizes, themes and languages: its policy kept, its words whole, nothing cut, nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import DESK, TABLET, Watch, context_of, settle
from tests.e2e.demo_program import SYMBOL, DemoProgram
from tests.program import OWNER

pytestmark = pytest.mark.browser

#: Where figures of the demo market stand, so that each must carry the chip.
DEMO_PAGES = {"overview", "market", "instrument", "data", "backtests", "report", "failed"}
KEY = re.compile(r"[a-z_]+(\.[a-z_]+)+")
FILE_NAME = re.compile(r".*\.(py|csv|txt|json|day)")
CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
SENTENCES = {"beyond": "beyond the window", "over": "drawn over each other", "cut": "cut"}
CHECKS = Path(__file__).with_name("page_checks.js").read_text(encoding="utf-8")


@pytest.fixture
def opened(chromium: Browser, program: DemoProgram, session: list[Any]) -> Iterator[tuple[Page, Watch]]:
    with context_of(chromium, program.url) as (page, watch):
        page.context.add_cookies(session)
        yield page, watch
        assert watch.take() == []


def prefer(context: BrowserContext, url: str, **cookies: str) -> None:
    context.add_cookies([{"name": f"quantbox_{name}", "value": value, "url": url} for name, value in cookies.items()])


def own_texts(program: DemoProgram) -> set[str]:
    """Return what stays as it is in every language: the names the data brings, and a language's own name."""
    found = program.client.call("GET", "/api/v1/market/instruments?limit=500")[1]["items"]
    return {item["name"] for item in found} | {"中文", OWNER}


def without(texts: set[str], word: str) -> str:
    for text in texts:
        word = word.replace(text, "")
    return word


@pytest.mark.parametrize(
    ("language", "size"),
    [
        ("zh", DESK),
        ("en", TABLET),
        pytest.param("zh", TABLET, marks=pytest.mark.long),
        pytest.param("en", DESK, marks=pytest.mark.long),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value['width']}",
)
def test_every_page_keeps_its_policy_its_words_and_its_width(
    chromium: Browser, program: DemoProgram, session: list[Any], language: str, size: dict[str, int]
) -> None:
    faults: list[str] = []
    names = own_texts(program)
    with context_of(chromium, program.url, viewport=size) as (page, watch):
        page.context.add_cookies(session)
        prefer(page.context, program.url, language=language, theme="system")
        for name, path in {**program.pages(), "fills": f"{program.pages()['report']}#trades"}.items():
            page.emulate_media(color_scheme="light")
            page.goto(path)
            settle(page, watch)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                faults += [f"{name} {scheme}: {one}" for one in watch.take()]
            found = page.evaluate(CHECKS)
            for fault, sentence in SENTENCES.items():
                faults += [f"{name}: {sentence}: {one}" for one in found[fault]]
            words = found["words"]
            if name in {"data", "fills"} and not page.locator(".tabulator-row").count():
                faults.append(f"{name}: an empty table")
            faults += [
                f"{name}: a key in the place of words: {word}"
                for word in words
                if KEY.fullmatch(word) and not FILE_NAME.fullmatch(word)
            ]
            if language == "en":
                faults += [f"{name}: not in English: {word}" for word in words if CHINESE.search(without(names, word))]
            chip = {"zh": "模拟数据", "en": "Simulated data"}[language]
            if name in DEMO_PAGES and not any(chip in word for word in words):
                faults.append(f"{name}: does not say that the data is simulated")
        assert faults == [], "\n".join(faults)


# --- colours of prices -----------------------------------------------------------------------------------------------


def test_the_switch_of_price_colours_paints_the_market_list_anew(opened: tuple[Page, Watch]) -> None:
    """The three pairs of LOOK.md, light: red #C4262E, green #0B7548, orange #B4530A, blue #1A66B8."""
    page, _watch = opened
    page.emulate_media(color_scheme="light")
    red, green, orange, blue = "rgb(196, 38, 46)", "rgb(11, 117, 72)", "rgb(180, 83, 10)", "rgb(26, 102, 184)"
    for word, pair in (("绿涨红跌", (green, red)), ("橙涨蓝跌", (orange, blue)), ("红涨绿跌", (red, green))):
        page.goto("/settings")
        with page.expect_response(lambda answer: answer.request.method == "PUT"):
            page.get_by_role("button", name=word).click()
        page.goto("/market")
        expect(page.locator(".list-row .up").first).to_have_css("color", pair[0])
        expect(page.locator(".list-row .down").first).to_have_css("color", pair[1])


# --- keyboard --------------------------------------------------------------------------------------------------------


def test_the_palette_finds_a_symbol_by_the_initials_of_its_pinyin(opened: tuple[Page, Watch]) -> None:
    page, watch = opened
    page.goto("/settings")
    settle(page, watch)
    page.keyboard.press("Control+k")
    entry = page.get_by_role("combobox", name="搜代码、名称、拼音或命令")
    expect(entry).to_be_focused()
    page.keyboard.type("cdyh")  # 长堤银行: chang di yin hang
    first = page.locator(".result").first
    expect(first).to_contain_text("长堤银行")
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/market/{SYMBOL}")
    expect(page.locator(".quote .who")).to_contain_text("长堤银行")


def test_the_question_mark_opens_help_and_escape_gives_the_focus_back(opened: tuple[Page, Watch]) -> None:
    page, watch = opened
    page.goto("/")
    settle(page, watch)
    link = page.get_by_role("link", name="回测", exact=True).first
    link.focus()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="快捷键")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()
    page.keyboard.press("g")
    page.keyboard.press("b")
    page.wait_for_url("**/backtests")


FOCUS_SIGN = """() => {
  const one = document.activeElement;
  const box = one.getBoundingClientRect();
  const before = window.focusedBefore;
  window.focusedBefore = one;
  const marks = (style) => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) || style.boxShadow !== 'none';
  return {
    name: `${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 20)}`,
    shown: marks(getComputedStyle(one)) || (one.matches('input, textarea') && marks(getComputedStyle(one.parentElement))),
    kept: one === before && one !== document.body,
    seen: box.width > 0 && box.height > 0 && box.bottom > 0 && box.top < innerHeight,
    atEnd: one === document.body,
  };
}"""


@pytest.mark.parametrize("path", ["/", "/market", "/backtests/new", "/settings", "/settings/security", "/audit"])
def test_whatever_the_tab_key_reaches_shows_that_it_is_there(opened: tuple[Page, Watch], path: str) -> None:
    page, watch = opened
    page.goto(path)
    settle(page, watch)
    page.keyboard.press("Tab")
    assert (
        "跳到" in page.evaluate("document.activeElement.textContent")
        or page.evaluate("document.activeElement.className") == "skip"
    )
    unmarked = []
    for _step in range(24):
        sign = page.evaluate(FOCUS_SIGN)
        assert not sign["kept"], f"{sign['name']} keeps the focus"
        if not sign["atEnd"] and not (sign["shown"] and sign["seen"]):
            unmarked.append(sign["name"])
        if sign["name"].startswith("TEXTAREA"):
            page.keyboard.press("Escape")  # Tab indents there until Escape lets it go
        page.keyboard.press("Tab")
    assert unmarked == []


# --- the tablet ------------------------------------------------------------------------------------------------------


def test_on_a_tablet_what_navigates_is_large_enough_for_a_finger(
    chromium: Browser, program: DemoProgram, session: list[Any]
) -> None:
    with context_of(chromium, program.url, viewport=TABLET, has_touch=True) as (page, watch):
        page.context.add_cookies(session)
        page.goto("/")
        settle(page, watch)
        targets = page.locator(
            ".rail a:visible, .rail button:visible, .tabbar a:visible, .topbar button:visible, .topbar a:visible"
        )
        assert targets.count() >= 5
        small = [
            f"{one.inner_text()} {box}"
            for one in targets.all()
            if (box := one.bounding_box()) is None or box["height"] < 40 or box["width"] < 40
        ]
        assert small == []
        page.locator(".tabbar a", has_text="行情").tap()
        page.wait_for_url("**/market")
        assert watch.take() == []

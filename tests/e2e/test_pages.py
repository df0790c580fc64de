"""Every page in both sizes, themes and languages: its policy kept, its words whole, nothing cut, nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.browser import DESK, TABLET, Watch, context_of, settle
from tests.e2e.demo_program import SYMBOL, DemoProgram, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = ("overview", "market", "instrument", "data", "backtests", "new", "report", "failed", "settings")
#: Where figures of the demo market stand, so that each must carry the chip.
DEMO_PAGES = {"overview", "market", "instrument", "data", "backtests", "report", "failed"}
KEY = re.compile(r"[a-z_]+(\.[a-z_]+)+")
FILE_NAME = re.compile(r".*\.(py|csv|txt|json|day)")
CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
#: Everything a reader sees or hears read out, but what the owner wrote or is marked as the other language.
READ_WORDS = """() => {
  const own = (node) => node.closest('pre, textarea, .code, .mono, [lang]:not(html), script, style, template');
  const words = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.textContent.trim();
    if (text && !own(node.parentElement) && node.parentElement.checkVisibility({ visibilityProperty: true })) words.push(text);
  }
  for (const node of document.querySelectorAll('[aria-label], [title], [placeholder], [data-tip]')) {
    if (own(node) || !node.checkVisibility()) continue;
    for (const name of ['aria-label', 'title', 'placeholder', 'data-tip']) if (node.getAttribute(name)) words.push(node.getAttribute(name));
  }
  return [...words, document.title];
}"""
#: What a reader cannot bring into sight: words beyond the window in a place that does not say that it scrolls sideways.
BEYOND_THE_WINDOW = """() => {
  const wide = document.scrollingElement.scrollWidth;
  const found = wide > innerWidth ? [`the page is ${wide} wide`] : [];
  for (const one of document.querySelectorAll('body *')) {
    const text = [...one.childNodes].filter((node) => node.nodeType === 3).map((node) => node.textContent.trim()).join(' ').trim();
    if (!text || !one.checkVisibility() || one.closest('.visually-hidden, .table-scroll, .tabulator, .code, pre, textarea')) continue;
    const { right } = one.getBoundingClientRect();
    if (right > innerWidth + 1) found.push(`${text} ends at ${Math.round(right)}`);
  }
  return found;
}"""
#: Words that are drawn over each other in a head: of the page, of a report, of a card.
DRAWN_OVER = """() => {
  const seen = (box, node) => {
    let { left, right, top, bottom } = box;
    for (let one = node.parentElement; one; one = one.parentElement) {
      if (getComputedStyle(one).overflowX === 'visible') continue;
      const frame = one.getBoundingClientRect();
      [left, right, top, bottom] = [Math.max(left, frame.left), Math.min(right, frame.right), Math.max(top, frame.top), Math.min(bottom, frame.bottom)];
    }
    return { left, right, top, bottom };
  };
  const found = [];
  for (const head of document.querySelectorAll('.card-head, .page-head, .report-head, .topbar')) {
    const boxes = [];
    const walker = document.createTreeWalker(head, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const text = node.textContent.trim();
      if (!text || !node.parentElement.checkVisibility({ visibilityProperty: true })) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) boxes.push([text, seen(box, node)]);
    }
    boxes.forEach(([text, one], index) => boxes.slice(index + 1).filter(([other]) => other !== text).forEach(([other, two]) => {
      const wide = Math.min(one.right, two.right) - Math.max(one.left, two.left);
      const high = Math.min(one.bottom, two.bottom) - Math.max(one.top, two.top);
      if (wide > 2 && high > 4) found.push(`"${text}" and "${other}"`);
    }));
  }
  return found;
}"""


@pytest.fixture(scope="module")
def session(chromium: Browser, program: DemoProgram) -> list[dict[str, object]]:
    """The cookies of a signed-in browser, so that each test has a profile of its own and signs in once."""
    with context_of(chromium, program.url) as (page, _watch):
        sign_in(page)
        cookies: list[dict[str, object]] = page.context.cookies()
        return cookies


@pytest.fixture
def opened(chromium: Browser, program: DemoProgram, session: list[dict[str, object]]) -> Iterator[tuple[Page, Watch]]:
    with context_of(chromium, program.url) as (page, watch):
        page.context.add_cookies(session)
        yield page, watch
        assert watch.take() == []


def prefer(context: BrowserContext, url: str, **cookies: str) -> None:
    context.add_cookies([{"name": f"quantbox_{name}", "value": value, "url": url} for name, value in cookies.items()])


def own_texts(program: DemoProgram) -> set[str]:
    """Return what stays as it is in every language: the names the data brings, and a language's own name."""
    found = program.client.call("GET", "/api/v1/market/instruments?limit=500")[1]["items"]
    return {item["name"] for item in found} | {"中文"}


def without(texts: set[str], word: str) -> str:
    for text in texts:
        word = word.replace(text, "")
    return word


@pytest.mark.parametrize(
    ("language", "size"),
    list(product(["zh", "en"], [DESK, TABLET])),
    ids=lambda value: value if isinstance(value, str) else f"{value['width']}",
)
def test_every_page_keeps_its_policy_its_words_and_its_width(
    chromium: Browser, program: DemoProgram, session: list[dict[str, object]], language: str, size: dict[str, int]
) -> None:
    faults: list[str] = []
    names = own_texts(program)
    with context_of(chromium, program.url, viewport=size) as (page, watch):
        page.context.add_cookies(session)
        prefer(page.context, program.url, language=language, theme="system")
        for name, path in program.pages().items():
            page.emulate_media(color_scheme="light")
            page.goto(path)
            settle(page, watch)
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                faults += [f"{name} {scheme}: {one}" for one in watch.take()]
            faults += [f"{name}: beyond the window: {one}" for one in page.evaluate(BEYOND_THE_WINDOW)]
            faults += [f"{name}: drawn over each other: {one}" for one in page.evaluate(DRAWN_OVER)]
            words = page.evaluate(READ_WORDS)
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
    page, watch = opened
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


@pytest.mark.parametrize("path", ["/", "/market", "/backtests/new", "/settings"])
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
    chromium: Browser, program: DemoProgram, session: list[dict[str, object]]
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

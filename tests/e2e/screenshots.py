"""Pictures of every page, in both sizes, themes and languages: ``python -m tests.e2e.screenshots OUT [NAME…]``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser import DESK, TABLET, Watch, context_of, open_chromium, settle
from tests.e2e.demo_program import DemoProgram, demo_program
from tests.program import PASSPHRASE, Store, serving

SHEETS = ("trades", "kline", "exposure", "log", "code", "differences")
EMPTY = {"overview": "/", "market": "/market", "data": "/data", "backtests": "/backtests", "new": "/backtests/new"}
STYLES = list(product((("desk", DESK), ("tablet", TABLET)), ("light", "dark"), ("zh", "en")))


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("dialog.palette input").fill("cd")
    page.locator(".result").first.wait_for()


def open_help(page: Page) -> None:
    page.keyboard.press("?")


def open_update(page: Page) -> None:
    page.locator(".page-head button").first.click()


def views(program: DemoProgram) -> Iterator[tuple[str, str, Callable[[Page], None] | None]]:
    """Yield (name, address, what is done there) of every picture of the opened program."""
    for name, path in program.pages().items():
        yield name, path, None
    for sheet in SHEETS:
        yield f"report-{sheet}", f"{program.pages()['report']}#{sheet}", None
    yield "palette", "/", open_palette
    yield "help", "/market", open_help
    yield "update", "/data", open_update
    yield "nothing-here", "/backtests/none", None


def styled(browser: Browser, url: str) -> Iterator[tuple[Page, Watch, str]]:
    """Yield a page in each style, and the style's name."""
    for (size, viewport), theme, language in STYLES:
        with context_of(browser, url, viewport=viewport) as (page, watch):
            cookies = {"quantbox_theme": theme, "quantbox_language": language}
            page.context.add_cookies([{"name": key, "value": value, "url": url} for key, value in cookies.items()])
            yield page, watch, f"{size}-{theme}-{language}"


def enter(page: Page) -> None:
    page.goto("/unlock")
    page.locator("#passphrase").fill(PASSPHRASE)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def shoot(page: Page, watch: Watch, path: Path) -> None:
    settle(page, watch)
    page.wait_for_timeout(250)  # dialogs fade in
    page.screenshot(path=path)


def picture_program(browser: Browser, folder: Path, wanted: set[str]) -> None:
    """Picture the pages of an opened program, and its unlock page."""
    with tempfile.TemporaryDirectory() as name, demo_program(Path(name)) as program:
        for page, watch, style in styled(browser, program.url):
            if not wanted or "unlock" in wanted:
                page.goto("/unlock")
                shoot(page, watch, folder / f"unlock-{style}.png")
            enter(page)
            for name_, path, act in views(program):
                if wanted and name_ not in wanted:
                    continue
                page.goto("about:blank")  # an address that differs by its hash alone would not be read anew
                page.goto(path)
                settle(page, watch)
                if act:
                    act(page)
                shoot(page, watch, folder / f"{name_}-{style}.png")


def picture_first_run(browser: Browser, folder: Path) -> None:
    """Picture the wizard, and the pages while nothing is stored."""
    with tempfile.TemporaryDirectory() as name, serving(Store(Path(name))) as (_supervisor, client):
        for page, watch, style in styled(browser, client.url):
            page.goto("/welcome")
            shoot(page, watch, folder / f"welcome-1-{style}.png")
            page.locator(".wizard-foot .primary:visible").click()
            page.locator("#phrase").fill(PASSPHRASE)
            page.locator("#again").fill(PASSPHRASE)
            page.locator("#understood").check()
            shoot(page, watch, folder / f"welcome-2-{style}.png")
        assert client.call("POST", "/api/v1/vault/create", {"passphrase": PASSPHRASE})[0] == 201
        for page, watch, style in styled(browser, client.url):
            enter(page)
            page.goto("/welcome")
            page.locator(".choice:visible").nth(1).click()
            shoot(page, watch, folder / f"welcome-3-{style}.png")
            page.locator(".choice:visible").nth(2).click()
            page.locator(".wizard-foot .primary:visible").click()
            page.locator("a.choice:visible").first.wait_for()
            shoot(page, watch, folder / f"welcome-4-{style}.png")
            for name_, place in EMPTY.items():
                page.goto(place)
                shoot(page, watch, folder / f"empty-{name_}-{style}.png")


def main(folder: Path, wanted: set[str]) -> None:
    """Take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = open_chromium(playwright)
        picture_program(browser, folder, wanted)
        if not wanted or "welcome" in wanted:
            picture_first_run(browser, folder)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), set(sys.argv[2:]))

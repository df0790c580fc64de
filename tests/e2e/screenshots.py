"""Pictures of every page, in both sizes, themes and languages: ``python -m tests.e2e.screenshots OUT [NAME…] [--style STYLE]``."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.browser import DESK, TABLET, Watch, context_of, open_chromium, settle
from tests.e2e.demo_program import DemoProgram, demo_program
from tests.program import OWNER, PASSPHRASE, PASSWORD, Store, serving

SHEETS = ("trades", "kline", "exposure", "log", "code", "differences")
EMPTY = {"overview": "/", "market": "/market", "data": "/data", "backtests": "/backtests", "new": "/backtests/new"}
#: The window's name and size, the theme, the language.
Style = tuple[tuple[str, dict[str, int]], str, str]
STYLES: list[Style] = list(product((("desk", DESK), ("tablet", TABLET)), ("light", "dark"), ("zh", "en")))


def open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("dialog.palette input").fill("cd")
    page.locator(".result").first.wait_for()


def open_help(page: Page) -> None:
    page.keyboard.press("?")


def open_lock_screen(page: Page) -> None:
    page.locator(".topbar .tools .tool").last.click()
    page.locator(".lock-screen #sign-in-password").wait_for()


def open_new_person(page: Page) -> None:
    page.locator(".page-head .primary").click()


def open_passphrase(page: Page) -> None:
    page.locator(".setting .button:visible").first.click()
    page.locator("#fresh-phrase").fill("青石板 渡口")


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
    yield "new-person", "/settings/people", open_new_person
    yield "new-passphrase", "/settings/vault", open_passphrase
    yield "nothing-here", "/backtests/none", None
    yield "lock-screen", "/", open_lock_screen


def prefer(page: Page, url: str, theme: str, language: str) -> None:
    cookies = {"quantbox_theme": theme, "quantbox_language": language}
    page.context.add_cookies([{"name": key, "value": value, "url": url} for key, value in cookies.items()])


def name_of(style: Style) -> str:
    """Return a style's name."""
    (size, _viewport), theme, language = style
    return f"{size}-{theme}-{language}"


def styled(browser: Browser, url: str, styles: list[Style]) -> Iterator[tuple[Page, Watch, str]]:
    """Yield a page in each style, and the style's name."""
    for style in styles:
        (_size, viewport), theme, language = style
        with context_of(browser, url, viewport=viewport) as (page, watch):
            prefer(page, url, theme, language)
            yield page, watch, name_of(style)


def enter(page: Page) -> None:
    page.goto("/sign-in")
    page.locator("#sign-in-name").fill(OWNER)
    page.locator("#sign-in-password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)


def shoot(page: Page, watch: Watch, path: Path) -> None:
    settle(page, watch)
    page.wait_for_timeout(250)  # dialogs fade in
    page.screenshot(path=path)


def picture_program(browser: Browser, folder: Path, wanted: set[str], styles: list[Style]) -> None:
    """Picture the pages of an opened program, and its unlock page."""
    with tempfile.TemporaryDirectory() as name, demo_program(Path(name)) as program:
        for page, watch, style in styled(browser, program.url, styles):
            if not wanted or "sign-in" in wanted:
                page.goto("/sign-in")
                shoot(page, watch, folder / f"sign-in-{style}.png")
                page.locator(".under .link:visible").click()
                shoot(page, watch, folder / f"forgotten-{style}.png")
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


def picture_first_run(browser: Browser, folder: Path, styles: list[Style]) -> None:
    """Picture the wizard as somebody goes through it, the pages while nothing is stored, and the unlock page."""
    for chosen in styles:
        (_size, viewport), theme, language = chosen
        style = name_of(chosen)
        with tempfile.TemporaryDirectory() as name, serving(Store(Path(name))) as (_supervisor, client):
            with context_of(browser, client.url, viewport=viewport) as (page, watch):
                prefer(page, client.url, theme, language)
                picture_wizard(page, watch, folder, style)
                for name_, place in EMPTY.items():
                    page.goto(place)
                    shoot(page, watch, folder / f"empty-{name_}-{style}.png")
            assert client.call("POST", "/api/v1/session/password", {"name": OWNER, "password": PASSWORD})[0] == 200
            assert client.call("POST", "/api/v1/vault/lock")[0] == 200
            with context_of(browser, client.url, viewport=viewport) as (page, watch):
                prefer(page, client.url, theme, language)
                page.goto("/unlock")
                shoot(page, watch, folder / f"unlock-{style}.png")


def picture_wizard(page: Page, watch: Watch, folder: Path, style: str) -> None:
    """Picture every step of the wizard; kit and second factor are seen and put off."""
    go_on, later = page.locator(".wizard-foot .primary:visible"), page.locator(".wizard-foot .button:visible:not(.primary)")
    put_off = page.locator("dialog[open] .actions .button").last
    page.goto("/welcome")
    shoot(page, watch, folder / f"welcome-1-{style}.png")
    page.locator(".promise .button:visible").click()
    shoot(page, watch, folder / f"welcome-1-restore-{style}.png")
    later.click()
    page.locator(".check-rows:visible").wait_for()
    go_on.click()
    for field in ("#phrase", "#again"):
        page.locator(field).fill(PASSPHRASE)
    page.locator("#understood").check()
    shoot(page, watch, folder / f"welcome-2-{style}.png")
    go_on.click()
    page.locator("#owner-name").fill(OWNER)
    for field in ("#owner-password", "#owner-again"):
        page.locator(field).fill(PASSWORD)
    shoot(page, watch, folder / f"welcome-3-{style}.png")
    go_on.click()
    page.locator(".kit-groups").wait_for()
    shoot(page, watch, folder / f"welcome-4-{style}.png")
    later.click()
    put_off.click()
    page.locator(".totp-secret:visible").wait_for()
    shoot(page, watch, folder / f"welcome-5-{style}.png")
    later.click()
    put_off.click()
    page.locator(".choice:visible").nth(1).click()
    shoot(page, watch, folder / f"welcome-6-{style}.png")


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description="Pictures of every page of the program.")
    parser.add_argument("folder", type=Path, metavar="OUT", help="where the pictures are put")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these pages; 'welcome' is the wizard and the empty pages")
    parser.add_argument("--style", action="append", metavar="desk-light-zh", help="only this style; may be given again")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    wanted = set(chosen.names)
    styles = [style for style in STYLES if not chosen.style or name_of(style) in chosen.style]
    with sync_playwright() as playwright:
        browser = open_chromium(playwright)
        if wanted != {"welcome"}:
            picture_program(browser, chosen.folder, wanted, styles)
        if not wanted or "welcome" in wanted:
            picture_first_run(browser, chosen.folder, styles)
        browser.close()


if __name__ == "__main__":
    main()

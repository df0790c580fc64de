"""A real Chromium that writes down whatever a page must not do: break its policy, throw, miss a file, leave this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Playwright, Request, Response

__all__ = ["DESK", "PATIENCE_MILLISECONDS", "TABLET", "Watch", "context_of", "open_chromium", "settle"]

DESK = {"width": 1366, "height": 768}
TABLET = {"width": 820, "height": 1180}
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--no-first-run",
)
PATIENCE_MILLISECONDS = 40_000  # a busy machine is not a broken page
STEP_MILLISECONDS, QUIET_STEPS, WAIT_STEPS = 50, 3, 800
LOADING = """document.readyState !== 'complete' || document.fonts.status !== 'loaded'
  || [...document.querySelectorAll('.skeleton')].some((one) => one.checkVisibility())"""
TELL_VIOLATIONS = """
document.addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy broken: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


def open_chromium(playwright: Playwright) -> Browser:
    """Start the system's Chromium without a window."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "the browser tests need Chromium: build/dev.py test names how to install it"
    return playwright.chromium.launch(executable_path=found, args=list(ARGUMENTS))


class Watch:
    """What went wrong on the pages of one context.

    Parameters
    ----------
    context : BrowserContext
        Every page opened in it from now on is watched.
    url : str
        The program's address; nothing may be asked of another host.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.faults: list[str] = []
        self.under_way: set[Request] = set()
        self._host = urlsplit(url).netloc
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.faults.append(f"page error: {error.error}"))
        context.on("request", self._see_request)
        context.on("requestfinished", self._see_end)
        context.on("requestfailed", self._see_failure)
        context.on("response", self._see_response)

    def take(self) -> list[str]:
        """Return the faults seen so far and forget them."""
        seen, self.faults = self.faults, []
        return seen

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.faults.append(f"console {message.type}: {message.text} ({message.location['url']})")

    def _see_request(self, request: Request) -> None:
        self.under_way.add(request)
        parts = urlsplit(request.url)
        if parts.scheme not in {"data", "blob"} and parts.netloc != self._host:
            self.faults.append(f"another host: {request.url}")

    def _see_end(self, request: Request) -> None:
        self.under_way.discard(request)

    def _see_failure(self, request: Request) -> None:
        self.under_way.discard(request)
        # a page that is left takes its open requests with it; that is no fault of either
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _see_response(self, response: Response) -> None:
        if response.status >= 400:
            self.faults.append(f"{response.status}: {response.request.method} {response.url}")


@contextmanager
def context_of(browser: Browser, url: str, **options: Any) -> Iterator[tuple[Page, Watch]]:
    """Open a fresh browser profile on the program at `url`; yields its first page and what is watched."""
    context = browser.new_context(base_url=url, timezone_id="Asia/Shanghai", **{"viewport": DESK, "locale": "zh-CN", **options})
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    watch = Watch(context, url)
    try:
        yield context.new_page(), watch
    finally:
        context.close()


def settle(page: Page, watch: Watch) -> None:
    """Wait until the page shows what it read: no request under way for a moment, nothing said to be loading."""
    quiet, left = 0, WAIT_STEPS
    while quiet < QUIET_STEPS:
        assert (left := left - 1), f"still under way: {[request.url for request in watch.under_way]}"
        page.wait_for_timeout(STEP_MILLISECONDS)
        try:
            loading = watch.under_way or page.evaluate(LOADING)
        except Error as left_behind:  # by the page it asked; the next one is asked in its place
            if "Execution context was destroyed" not in left_behind.message:
                raise
            loading = True
        quiet = 0 if loading else quiet + 1

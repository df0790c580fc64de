"""One Chromium and one running program with the demo market, shared by the browser tests that do not mind each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.e2e.browser import PATIENCE_MILLISECONDS, context_of, open_chromium
from tests.e2e.demo_program import DemoProgram, demo_program, sign_in


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright; ended before another folder's tests, which may want an event loop of their own."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """The system's Chromium."""
    browser = open_chromium(playwright)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProgram]:
    """The running program with the demo market, one finished backtest and one that failed."""
    with demo_program(tmp_path_factory.mktemp("program")) as running:
        yield running


@pytest.fixture(scope="package")
def session(chromium: Browser, program: DemoProgram) -> list[Any]:
    """The cookies of a browser its owner signed in, for tests in profiles of their own that end no session."""
    with context_of(chromium, program.url) as (page, _watch):
        sign_in(page)
        return list(page.context.cookies())

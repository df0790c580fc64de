"""The real desktop window (pywebview on Qt) on a display without a screen, driven through its debugging port."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Playwright, expect

from tests.e2e.demo_program import enter_passphrase, enter_password
from tests.e2e.display import close_windows, free_port, page_of_window, virtual_display, window_program
from tests.program import OWNER, PASSPHRASE, PASSWORD, program_state

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(sys.platform != "linux", reason="Qt is the web view of Linux alone"),
]

#: What the wizard does on its last page of secrets; walking through it is test_journey's.
CREATE = """async (body) => {
  const { csrf_token: token } = await (await fetch('/api/v1/status')).json();
  const headers = { 'Content-Type': 'application/json', 'X-CSRF-Token': token };
  return (await fetch('/api/v1/vault/create', { method: 'POST', headers, body: JSON.stringify(body) })).status;
}"""


@pytest.fixture
def display() -> Iterator[str]:
    with virtual_display() as name:
        yield name


def assert_ends_by_its_close_button(program: psutil.Process, display: str) -> None:
    everyone = [program, *program.children(recursive=True)]
    assert close_windows(display) == 1
    assert program.wait(15) == 0
    assert psutil.wait_procs(everyone, timeout=5)[1] == []


def test_the_window_opens_on_the_wizard_ends_everything_when_closed_and_is_unlocked_the_next_time(
    playwright: Playwright, display: str, tmp_path: Path
) -> None:
    store, port = tmp_path / "store", free_port()
    with window_program(display, port, "--data-dir", str(store)) as program:
        browser, page = page_of_window(playwright, program, port)
        page.wait_for_url(re.compile("/welcome"))
        expect(page.get_by_role("button", name="新建：设置口令")).to_be_enabled()
        assert page.evaluate(CREATE, {"passphrase": PASSPHRASE, "name": OWNER, "password": PASSWORD}) == 201
        page.goto(re.sub("/welcome.*", "/", page.url))
        expect(page.get_by_role("heading", name="总览")).to_be_visible()
        expect(page.get_by_role("main").get_by_role("link", name="导入数据").first).to_be_visible()
        browser.close()
        assert_ends_by_its_close_button(program, display)
    assert program_state(store) is None

    port = free_port()
    with window_program(display, port, "--data-dir", str(store)) as program:
        browser, page = page_of_window(playwright, program, port)
        page.wait_for_url(re.compile("/unlock"))
        enter_passphrase(page)
        page.wait_for_url(re.compile("/sign-in"))
        enter_password(page)
        expect(page.get_by_role("heading", name="总览")).to_be_visible()
        browser.close()
        assert_ends_by_its_close_button(program, display)


@pytest.mark.long  # test_demo_run.py holds what a demo shows, the test above how a window opens and ends
def test_the_demo_window_opens_on_the_report_of_the_sample_backtest(playwright: Playwright, display: str) -> None:
    port = free_port()
    with window_program(display, port, "--demo") as program:
        browser, page = page_of_window(playwright, program, port)
        page.wait_for_url(re.compile(r"/backtests/[0-9a-f]{32}"))
        expect(page.get_by_role("heading", name=re.compile(r"sma_cross\.py"))).to_be_visible()
        expect(page.get_by_role("tab", name="概览")).to_be_visible()
        expect(page.get_by_text("模拟数据").first).to_be_visible()
        browser.close()
        assert_ends_by_its_close_button(program, display)

"""What pages do with the program's answers: a refused field is marked, long tables fill, masked columns keep their heads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import Watch, context_of, settle
from tests.e2e.demo_program import SYMBOL, DemoProgram

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(chromium: Browser, program: DemoProgram, session: list[Any]) -> Iterator[tuple[Page, Watch]]:
    """A signed-in page, shared by the tests of this module."""
    with context_of(chromium, program.url) as (page, watch):
        page.context.add_cookies(session)
        yield page, watch


def test_the_field_the_program_refuses_is_marked_until_something_is_changed(desk: tuple[Page, Watch]) -> None:
    page, watch = desk
    page.goto(f"/backtests/new?symbols={SYMBOL}")
    settle(page, watch)
    page.locator("#start").fill("2035-01-01")
    page.locator("#end").fill("2035-02-01")
    page.keyboard.press("Control+Enter")
    marked = page.locator(".field.has-error", has=page.locator("#symbols"))
    expect(marked.locator(".error-line")).to_contain_text("2035-01-01")
    expect(page.locator("#symbols")).to_be_focused()
    assert [fault for fault in watch.take() if "404" not in fault] == []
    page.locator("#start").fill("2024-01-02")
    expect(marked).to_have_count(0)


def test_the_table_of_series_is_filled_at_every_opening(desk: tuple[Page, Watch]) -> None:
    page, watch = desk
    for _opening in range(3):
        page.goto("about:blank")
        page.goto("/data")
        expect(page.locator(".tabulator-row").first).to_be_visible()
        expect(page.locator(".tabulator-col-title", has_text="代码")).to_be_visible()
    assert watch.take() == []


def test_presenting_hides_money_and_keeps_the_heads_of_its_columns(desk: tuple[Page, Watch], program: DemoProgram) -> None:
    page, watch = desk
    page.goto(f"/backtests/{program.finished}#trades")
    expect(page.locator(".tabulator-row").first).to_be_visible()
    page.get_by_role("button", name="隐藏金额").click()
    expect(page.locator(".tabulator-cell.money").first).to_have_css("font-size", "0px")
    expect(page.locator(".tabulator-col.money").first).not_to_have_css("font-size", "0px")
    page.get_by_role("button", name="隐藏金额").click()
    expect(page.locator(".tabulator-cell.money").first).not_to_have_css("font-size", "0px")
    assert watch.take() == []


def test_the_report_counts_the_warnings_its_list_row_counts(desk: tuple[Page, Watch], program: DemoProgram) -> None:
    page, watch = desk
    (row,) = [one for one in program.client.call("GET", "/api/v1/backtests")[1]["items"] if one["id"] == program.finished]
    page.goto(f"/backtests/{program.finished}")
    settle(page, watch)
    expect(page.locator(".doubt-list .doubt", has=page.locator(".chip.warn"))).to_have_count(row["warnings"])
    expect(page.locator(".report-head .chip.warn")).to_contain_text(f"{row['warnings']} 条警告")
    assert row["warnings"] > 0
    assert watch.take() == []

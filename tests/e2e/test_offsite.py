"""Off-site backup as its owner switches it on: a folder, the test, what leaves, and an archived report that comes back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import context_of, settle
from tests.e2e.demo_program import DemoProgram, finished, sign_in
from tests.program import PASSWORD

pytestmark = pytest.mark.browser


def test_the_owner_switches_it_on_and_brings_a_report_back(chromium: Browser, program: DemoProgram, tmp_path: Path) -> None:
    rerun = program.client.call("POST", f"/api/v1/backtests/{program.finished}/rerun")[1]
    assert finished(program.client, rerun["id"])["state"] == "succeeded"
    with context_of(chromium, program.url) as (page, watch):
        sign_in(page)  # just now: what is changed here asks again after five minutes
        page.goto(f"{program.url}/settings/backup")
        page.get_by_role("radio", name="文件夹").click()
        page.get_by_label("文件夹路径").fill(str(tmp_path))
        page.get_by_label("本机保留最近几份报告").fill("1")
        card = page.locator("section", has=page.get_by_role("heading", name="异地备份"))
        card.get_by_role("button", name="保存").click()
        card.get_by_role("button", name="测试").click()
        expect(page.get_by_text("测试通过：已写入、读回并删除")).to_be_visible()
        expect(card.get_by_text("全部完成")).to_be_visible(timeout=60_000)  # what is promised: within a minute
        expect(card.get_by_text("1 份报告只在那里")).to_be_visible()
        settle(page, watch)
        page.goto(f"{program.url}/backtests/{program.finished}")
        expect(page.get_by_text("报告已归档到异地")).to_be_visible()
        settle(page, watch)
        page.get_by_role("button", name="取回报告").click()
        expect(page.get_by_role("tab").first).to_be_visible()
        settle(page, watch)
        page.goto(f"{program.url}/settings/backup")
        page.get_by_role("radio", name="不开启").click()
        card.get_by_role("button", name="保存").click()
        expect(card.get_by_role("button", name="测试")).to_be_hidden()
        assert [one for one in watch.take() if "409" not in one] == []
    assert PASSWORD.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

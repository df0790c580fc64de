"""The audit log as its owner uses it: whole, searched, one record opened, exported and checked without the program."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import context_of, settle
from tests.e2e.demo_program import DemoProgram, sign_in

pytestmark = pytest.mark.browser

HASHED = ("seq", "at", "account_id", "person_id", "person", "device_id", "address", "act", "outcome", "facts")


def test_the_owner_searches_the_log_and_takes_it_along(chromium: Browser, program: DemoProgram) -> None:
    with context_of(chromium, program.url) as (page, watch):
        sign_in(page)
        page.goto(f"{program.url}/audit")
        expect(page.get_by_text("记录完整")).to_be_visible()
        page.get_by_role("button", name="导出").click()
        dialog = page.get_by_role("dialog", name="导出审计记录？")
        expect(dialog.get_by_role("radio", name="CSV")).to_be_checked()
        dialog.get_by_role("button", name="取消").click()
        expect(dialog).to_be_hidden()

        page.get_by_role("button", name="导出").click()
        dialog.get_by_role("radio", name="JSONL").click()
        with page.expect_download() as download:
            dialog.get_by_role("button", name="导出").click()
        expect(dialog).to_be_hidden()
        expect(page.get_by_text("审计记录已导出")).to_be_visible()
        before = "0" * 64
        lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
        for line in map(json.loads, lines):
            content = json.dumps(
                ["quantbox audit 1", *(line[name] for name in HASHED), before], ensure_ascii=False, separators=(",", ":")
            )
            before = hashlib.sha256(content.encode()).hexdigest()
            assert line["hash"] == before
        assert len(lines) > 3
        assert download.value.suggested_filename.endswith(".jsonl")

        page.get_by_label("搜索", exact=True).fill("导出审计")
        row = page.locator(".tabulator-row", has_text="导出审计日志").first
        expect(page.locator(".tabulator-row", has_text="登录")).to_have_count(0)
        row.click()
        record = page.get_by_role("dialog", name="导出审计日志")
        expect(record.get_by_text("jsonl")).to_be_visible()
        record.get_by_role("button", name="关闭").click()
        settle(page, watch)
        assert watch.take() == []

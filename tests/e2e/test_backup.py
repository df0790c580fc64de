"""The dialogs of the backup page as its owner uses them: schedule, plain export, and a restore over the store that is open."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import pyzipper
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browser import context_of, settle
from tests.e2e.demo_program import create_store, enter_passphrase, enter_password, finished, sign_in
from tests.program import PASSPHRASE, Client, Store, serving

pytestmark = pytest.mark.browser

ZIP_PHRASE = "带走时的口令 two words"
STEP_UP_NEEDED = '{"code": "web.step_up_needed", "detail": "x", "hint": "", "facts": {}}'


def change_schedule(page: Page, client: Client) -> None:
    """Keep fewer days, then try to switch it off without proving who asks."""
    card = page.locator("section", has=page.get_by_role("heading", name="自动备份"))
    card.get_by_label("保留几天").fill("0")
    expect(card.get_by_text("“保留几天”填 1 到 60 之间的整数。")).to_be_visible()
    card.get_by_label("保留几天").fill("3")
    card.get_by_role("button", name="保存").click()
    expect(page.get_by_text("已保存")).to_be_visible()
    assert client.call("GET", "/api/v1/backups")[1]["schedule"]["keep_daily"] == 3

    path = "**/api/v1/backups/schedule"
    page.route(path, lambda route: route.fulfill(status=403, content_type="application/problem+json", body=STEP_UP_NEEDED))
    card.get_by_role("button", name="停用").click()
    page.get_by_role("dialog", name="继续之前，请确认是你本人").get_by_role("button", name="取消").click()
    expect(card.get_by_role("button", name="停用")).to_be_enabled()
    page.unroute(path)
    card.get_by_role("button", name="停用").click()
    expect(card.get_by_role("button", name="启用")).to_be_visible()
    expect(card.get_by_label("保留几天")).to_be_hidden()
    assert client.call("GET", "/api/v1/backups")[1]["schedule"]["is_on"] is False


def export(page: Page) -> set[str]:
    """Take the settings along and return the names in the ZIP, opened by its pass phrase."""
    page.get_by_role("button", name="导出").click()
    dialog = page.get_by_role("dialog", name="导出可读文件")
    for kind in ("策略代码", "成交记录", "回测报告"):
        dialog.get_by_label(kind).uncheck()
    button = dialog.get_by_role("button", name="导出")
    dialog.locator("#zip-phrase").fill(ZIP_PHRASE)
    dialog.locator("#zip-phrase-again").fill("something else")
    expect(button).to_be_disabled()
    dialog.locator("#zip-phrase-again").fill(ZIP_PHRASE)
    with page.expect_download() as download:
        button.click()
    expect(dialog).to_be_hidden()
    with pyzipper.AESZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        archive.setpassword(ZIP_PHRASE.encode())
        assert b"commission_bps" in archive.read("settings.json")
        return set(archive.namelist())


def restore_over(page: Page, file: Path) -> None:
    """Put the backup in the place of the store, open it, and confirm that it is the one to go on with."""
    page.get_by_role("button", name="从备份恢复").click()
    dialog = page.get_by_role("dialog", name="用备份替换现有数据？")
    replace = dialog.locator("button.danger")
    page.evaluate("() => { Object.defineProperty(File.prototype, 'size', { configurable: true, get: () => 2 ** 60 }); }")
    dialog.locator("input[type=file]").set_input_files(file)
    expect(dialog.get_by_text("请腾出空间，再选一次这个文件。")).to_be_visible()
    page.evaluate("() => { delete File.prototype.size; }")
    dialog.locator("input[type=file]").set_input_files([])
    dialog.locator("input[type=file]").set_input_files(file)
    dialog.locator("#restore-secret").fill("a wrong pass phrase")
    replace.click()
    expect(dialog.get_by_text("口令不正确")).to_be_visible()

    shown: list[str] = []

    def look(route: Route) -> None:
        shown.append(dialog.get_by_role("progressbar").get_attribute("aria-valuenow") or "")
        route.continue_()

    page.route("**/api/v1/restore/over", look)
    dialog.locator("#restore-secret").fill(PASSPHRASE)
    replace.click()
    expect(dialog.get_by_text("对外动作（提醒、下单）已暂停")).to_be_visible()
    assert shown == ["0"]
    dialog.get_by_role("link", name="去解锁").click()
    page.wait_for_url("**/unlock*")
    enter_passphrase(page)
    page.wait_for_url("**/sign-in*")
    enter_password(page)
    page.wait_for_url(lambda url: "/sign-in" not in url)


def test_the_owner_changes_the_schedule_exports_and_restores_over_the_store(chromium: Browser, tmp_path: Path) -> None:
    store = Store(tmp_path)
    with serving(store) as (_supervisor, client), context_of(chromium, client.url) as (page, watch):
        create_store(client)
        job = client.call("POST", "/api/v1/backups", {})[1]
        assert finished(client, job["id"])["state"] == "succeeded"
        (backup,) = (store.root / "backups").iterdir()
        sign_in(page)
        page.goto("/settings/backup")
        settle(page, watch)
        change_schedule(page, client)
        assert export(page) == {"settings.json"}
        restore_over(page, backup)
        page.goto("/settings/backup")
        expect(page.get_by_text("对外动作已暂停")).to_be_visible()
        settle(page, watch)
        # the store of the backup, made before anything was changed
        expect(page.get_by_label("保留几天")).to_have_value("7")
        assert [one for one in watch.take() if one.startswith(("page error", "policy"))] == []

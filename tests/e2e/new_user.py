"""Run inside namespaces of its own: a new user's whole walk, with a Chromium as the desk and another as the tablet.

The tablet trusts the program's authority because it is installed in it, as an administrator would, by a policy file over a
copy of the system's folder that only this namespace sees; no check of certificates is turned off anywhere.
Prints one JSON document of what was found on the way.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyotp
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from tests.e2e.browser import PATIENCE_MILLISECONDS, TABLET, Watch, context_of, open_chromium, settle
from tests.e2e.demo_program import enter_passphrase, enter_password, wait_for_form
from tests.e2e.wizard import enrol_totp, keep_kit, set_passphrase, set_password
from tests.lan.in_chromium import install, start
from tests.program import PASSPHRASE, Store, serving

STATUS = "fetch('/api/v1/overview').then((answer) => answer.status)"
PRIVATE, PORT = "192.168.77.5", 8766


def set_up(page: Page) -> dict[str, Any]:
    """Go through the wizard with everything it offers; returns what is written down, and the result of the first backtest."""
    page.goto("/")
    wait_for_form(page)
    page.get_by_role("button", name="新建：设置口令").click()
    set_passphrase(page)
    set_password(page)
    keep_kit(page)
    _secret, codes = enrol_totp(page, lambda secret: pyotp.TOTP(secret).now())
    page.get_by_role("button", name="运行示例回测").click()
    page.wait_for_url("**/backtests/*")
    expect(page.get_by_role("tab", name="概览")).to_be_visible(timeout=60_000)
    return {"codes": codes, **final_value(page)}


def final_value(page: Page) -> dict[str, str]:
    """Return the end of the first backtest as the overview shows it."""
    page.goto("/")
    expect(page.locator(".hero-value")).to_be_visible()
    return {"final_value": page.locator(".hero-value").inner_text()}


def recovery_sign_in(page: Page, code: str) -> None:
    """Sign in by password and a recovery code."""
    enter_password(page)
    page.get_by_role("button", name="用备用码").click()
    page.locator("#sign-in-code").fill(code)
    page.keyboard.press("Enter")


def pair(playwright: Playwright, desk: Page, folder: Path, code: str) -> tuple[Browser, Page, Watch, dict[str, Any]]:
    """Turn the LAN on, pair the tablet and sign in on it; returns it and what both screens showed."""
    desk.goto("/settings/lan")
    desk.get_by_role("main").get_by_role("button", name="打开", exact=True).click()
    desk.get_by_role("dialog", name="打开局域网访问？").get_by_role("button", name="打开").click()
    expect(desk.get_by_text("已打开")).to_be_visible()
    install(folder, desk.request.get("/api/v1/lan/authority.crt").body())
    name = desk.request.get("/api/v1/lan").json()["name"]

    desk.get_by_role("button", name="配对平板").click()
    desk.get_by_role("button", name="显示二维码").click()
    expect(desk.locator(".pair-url")).to_contain_text("#c=")
    url = desk.locator(".pair-url").inner_text()
    browser = start(playwright, name)
    context = browser.new_context(viewport=TABLET, locale="zh-CN", has_touch=True)
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    watch = Watch(context, url)
    tablet = context.new_page()
    tablet.goto(url)
    settle(tablet, watch)
    tablet.get_by_role("button", name="开始配对").click()
    expect(tablet.locator(".six-words li")).to_have_count(6)
    expect(desk.locator(".six-words li")).to_have_count(6)
    words = {screen: page.locator(".six-words b").all_inner_texts() for screen, page in (("desk", desk), ("tablet", tablet))}
    desk.get_by_role("button", name="一致，允许").click()
    expect(tablet.get_by_text("配对完成")).to_be_visible()
    tablet.get_by_role("link", name="去登录").click()
    tablet.wait_for_url("**/sign-in")
    recovery_sign_in(tablet, code)
    expect(tablet.locator(".hero-value")).to_be_visible()
    nav = tablet.locator(".tabbar a").all_inner_texts()
    return browser, tablet, watch, {"words": words, "tablet_pages": nav}


def revoke(desk: Page, tablet: Page) -> dict[str, Any]:
    """Revoke the tablet and watch its page being covered, with nothing left to read."""
    desk.goto("/settings/devices")
    row = desk.locator(".device-row", has=desk.locator(".chip:visible", has_text="已配对"))
    row.get_by_role("button", name="撤销").click()
    desk.get_by_role("dialog", name=re.compile("撤销")).get_by_role("button", name="撤销").click()
    expect(tablet.get_by_role("heading", name="已锁屏")).to_be_visible()
    expect(row).to_have_count(0)
    return {"left_to_read": tablet.locator("body").inner_text(), "answers": tablet.evaluate(STATUS)}


def renew_authority(desk: Page) -> None:
    """Have another authority made, as somebody does whose tablet was lost with the certificate on it."""
    desk.goto("/settings/lan")
    fingerprint = desk.locator("p.fingerprint:visible")
    expect(fingerprint).to_contain_text(":")
    before = fingerprint.inner_text()
    desk.get_by_role("button", name="更换…").click()
    desk.get_by_role("dialog", name="更换签发证书？").get_by_role("button", name="更换", exact=True).click()
    expect(desk.get_by_text("签发证书已更换")).to_be_visible()
    expect(fingerprint).not_to_have_text(before)


def back_up(desk: Page, folder: Path) -> Path:
    """Make a backup by one click and take its file out of the program."""
    desk.goto("/settings/backup")
    desk.get_by_role("button", name="立即备份").first.click()
    desk.get_by_role("dialog", name="立即备份？").get_by_role("button", name="立即备份").click()
    row = desk.locator(".backup-row")
    expect(row).to_have_count(1, timeout=60_000)
    expect(row).to_contain_text("校验通过")
    with desk.expect_download() as download:
        row.get_by_role("button", name="下载").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def restore(page: Page, backup: Path, code: str) -> dict[str, Any]:
    """Restore on the wizard's first page, unlock, sign in and look for everything."""
    page.goto("/")
    wait_for_form(page)
    page.get_by_role("button", name="选择备份文件").click()
    page.locator("input[type=file]").first.set_input_files(backup)
    page.locator("#restore-secret").fill(PASSPHRASE)
    page.get_by_role("contentinfo").get_by_role("button", name="恢复").click()
    expect(page.locator(".restored")).to_be_visible(timeout=60_000)
    labels, numbers = (page.locator(f".restored .facts {cell}").all_inner_texts() for cell in ("dt", "dd"))
    page.get_by_role("link", name="去解锁").click()
    page.wait_for_url("**/unlock")
    enter_passphrase(page)
    page.wait_for_url("**/sign-in")
    recovery_sign_in(page, code)
    page.wait_for_url(lambda url: "/sign-in" not in url)
    found: dict[str, Any] = {"counts": dict(zip(labels, numbers, strict=True)), **final_value(page)}
    page.goto("/audit")
    expect(page.get_by_text(re.compile("记录完整"))).to_be_visible()
    page.goto("/settings/backup")
    expect(page.get_by_text("对外动作已暂停")).to_be_visible()
    page.get_by_role("button", name="恢复对外动作").click()
    page.get_by_role("dialog", name="恢复对外动作？").get_by_role("button", name="恢复对外动作").click()
    expect(page.get_by_text("对外动作已暂停")).to_be_hidden()
    return found


def main(folder: Path) -> dict[str, Any]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "addr", "add", f"{PRIVATE}/24", "dev", "lo"], check=True)
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    store = Store(folder)
    with sync_playwright() as playwright:
        chromium = open_chromium(playwright)
        with serving(store) as (_supervisor, client), context_of(chromium, client.url) as (desk, watch):
            before = set_up(desk)
            tablet_browser, tablet, tablet_watch, found = pair(playwright, desk, folder, before["codes"][0])
            found |= {"tablet_faults": tablet_watch.take(), **revoke(desk, tablet)}
            tablet_browser.close()
            renew_authority(desk)
            backup = back_up(desk, folder)
            found["faults"] = watch.take()
        shutil.rmtree(store.root)
        with serving(store) as (_supervisor, client), context_of(chromium, client.url) as (desk, watch):
            after = restore(desk, backup, before["codes"][1])
            found["faults"] += watch.take()
        chromium.close()
    return {**found, "before": before["final_value"], "after": after["final_value"], "counts": after["counts"]}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))

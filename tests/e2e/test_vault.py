"""How the store is opened, on its pages: the cloud key service, a forgotten pass phrase, and turning the keys."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from quantbox.app.web import create_app
from quantbox.user_auth.models import SignInBy, Visit
from quantbox.vault.recovery_code import split_code
from quantbox.vault.service import unlock, unlock_by_recovery
from quantbox.web.serving.server import Server
from tests.e2e.browser import Watch, context_of, settle
from tests.e2e.test_identity import ignoring
from tests.e2e.wizard import keep_kit
from tests.program import PASSPHRASE
from tests.vault.conftest import copy_of, made_store, no_keychain
from tests.vault.kms_origin import ACCESS_KEY_ID, ACCESS_KEY_SECRET, KEY_ID, trusted_kms
from tests.web.program import Program, add_person, new_program

__all__ = ["made_store", "new_program", "no_keychain"]

pytestmark = pytest.mark.browser

NEW = "银杏 lantern 石桥 harbour"


@pytest.fixture
def program(new_program: Program, made_store: Path, monkeypatch: pytest.MonkeyPatch, no_keychain: object) -> Program:
    """A program within this process, its store open."""
    copy_of(made_store, new_program.folder, monkeypatch)
    new_program.unlock(PASSPHRASE)
    return new_program


@pytest.fixture
def shown(program: Program, chromium: Browser) -> Iterator[tuple[Page, Watch]]:
    """The vault's page, for an owner who has just proven who he is."""
    server = Server(create_app(program, clock=program.clock, testing=True))
    server.start()
    visit = Visit("", "Test · Linux", "127.0.0.1")
    opened = program.open_services.web_sessions.begin(
        add_person(program), SignInBy.PASSWORD, visit, proven_for=timedelta(minutes=5)
    )
    url = f"http://127.0.0.1:{server.port}"
    with context_of(chromium, url) as (page, watch):
        cookies = {"quantbox_session": opened.cookie, "quantbox_device": opened.device_token or ""}
        page.context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        page.goto("/settings/vault")
        settle(page, watch)
        yield page, watch
    server.stop()


def test_the_key_service_is_set_up_on_the_page_and_opens_the_locked_store(
    shown: tuple[Page, Watch], program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (page, watch), keys = shown, program.open_services.keys
    row = page.locator(".setting").filter(has_text="云密钥服务")
    with trusted_kms(tmp_path, monkeypatch) as origin:
        row.get_by_role("button", name="启用").click()
        dialog = page.get_by_role("dialog", name="启用云密钥服务")
        for field, text in {"服务地址": origin.endpoint, "密钥 ID": KEY_ID, "AccessKey ID": ACCESS_KEY_ID}.items():
            dialog.get_by_label(field, exact=True).fill(text)
        dialog.get_by_label("AccessKey Secret").fill(ACCESS_KEY_SECRET)
        dialog.get_by_label("口令", exact=True).fill(PASSPHRASE)
        page.keyboard.press("Enter")
        expect(row).to_contain_text(f"已启用：{origin.endpoint} · {KEY_ID}")
        settle(page, watch)
        assert watch.take() == []

        page.goto("about:blank")
        program.lock()
        page.goto("/unlock")
        page.get_by_role("button", name="改用云密钥服务").click()
        expect(page.get_by_label("AccessKey ID")).to_be_focused()
        page.get_by_label("AccessKey ID").fill(ACCESS_KEY_ID)
        page.get_by_label("AccessKey Secret").fill("another")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="拒绝了请求")).to_be_visible()
        assert program.services is None
        page.get_by_label("AccessKey Secret").fill(ACCESS_KEY_SECRET)
        page.keyboard.press("Enter")
        page.wait_for_url("**/sign-in")
    assert program.open_services.keys == keys
    settle(page, watch)
    assert ignoring(watch.take(), "/vault/unlock-by-kms") == []


def test_a_forgotten_pass_phrase_is_replaced_by_the_kit_and_the_keys_are_turned(
    shown: tuple[Page, Watch], program: Program
) -> None:
    page, watch = shown
    expect(page.get_by_text("还没有核对过的恢复包")).to_be_visible()
    access = program.open_services.vault_access
    kit = access.make_recovery_kit(PASSPHRASE)
    access.confirm_recovery_kit([split_code(kit.code)[number - 1] for number in kit.confirm])
    page.reload()
    settle(page, watch)
    expect(page.get_by_text("还没有核对过的恢复包")).to_be_hidden()

    page.locator(".setting").filter(has_text="只有你知道").get_by_role("button").click()
    dialog = page.get_by_role("dialog", name="修改口令")
    dialog.get_by_role("button", name="忘了口令，用恢复码").click()
    expect(dialog.get_by_label("恢复码")).to_be_focused()
    dialog.get_by_label("恢复码").fill(kit.code.lower().replace("-", " "))
    dialog.get_by_label("新口令").fill(NEW)
    dialog.get_by_label("再输一次").fill(NEW)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()  # it closes when it is done
    assert unlock(program.folder, NEW) == program.open_services.keys

    program.is_rotating = True  # what the pages are told while the store is closed for it
    page.get_by_role("button", name="轮换").click()
    dialog = page.get_by_role("dialog", name="轮换全部数据密钥？")
    dialog.get_by_label("当前口令").fill(NEW)
    page.keyboard.press("Enter")
    code = keep_kit(page)
    expect(page.get_by_text("第 2 代 ·")).to_be_visible()
    expect(page.locator(".setting").filter(has_text="制作于")).to_contain_text("已核对")
    assert unlock_by_recovery(program.folder, code) == unlock(program.folder, NEW) == program.open_services.keys
    settle(page, watch)
    assert ignoring(watch.take(), "503") == []  # what the page asked for while the store was closed

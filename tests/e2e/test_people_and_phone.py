"""The owner's dialogs: letting people in and taking what they may do, and codes by text message against a stub of Aliyun."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from quantbox.core.roles import Role
from quantbox.user_auth.factors.sms.aliyun import AliyunCompanySms
from quantbox.web.serving.server import Server
from tests.e2e.browser import Watch, context_of, settle
from tests.user_auth.factors.aliyun_stub import aliyun
from tests.user_auth.setting import cheap_passwords, enrol_totp, enter, refusal, state_of
from tests.web.program import PASSWORD, Program, browser, new_program, open_browser, program
from tests.web.program import Browser as Client

__all__ = ["browser", "cheap_passwords", "new_program", "program"]

pytestmark = pytest.mark.browser

FIRST, SECOND = "tall grass, 9 herons", "eight herons, 3 reeds"


@pytest.fixture
def pages(chromium: Browser, program: Program, browser: Client, cheap_passwords: None) -> Iterator[tuple[Page, Watch]]:
    """A page of the owner, who signed in a while ago, on the program served by this process."""
    server = Server(browser.client.application.wsgi_app)  # type: ignore[arg-type]  # Flask's is typed more loosely
    server.start()
    with context_of(chromium, server.url) as (page, watch):
        for name in ("quantbox_session", "quantbox_device"):
            cookie = browser.client.get_cookie(name)
            assert cookie is not None
            page.context.add_cookies([{"name": name, "value": cookie.value, "url": server.url}])
        yield page, watch
    server.stop()


def prove(page: Page) -> None:
    """Answer the question who is there."""
    dialog = page.get_by_role("dialog", name="继续之前，请确认是你本人")
    dialog.get_by_label("登录密码").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()


def fill_new_secret(page: Page, field: str, secret: str) -> None:
    """Type a new password twice."""
    page.locator(f"#{field}").fill(secret)
    page.locator(f"#{field}-again").fill(secret)


def without_step_up(faults: list[str]) -> list[str]:
    """Return the faults but those of the call that was refused until the owner had proven who is there."""
    return [fault for fault in faults if "403" not in fault]


def test_people_are_added_given_a_role_reset_switched_off_and_removed(program: Program, pages: tuple[Page, Watch]) -> None:
    page, watch = pages
    people = program.open_services.people
    page.goto("/settings/people")
    page.get_by_role("button", name="添加人员").click()
    page.get_by_role("textbox", name="用户名").fill("韩梅梅")
    page.locator("#person-role").select_option("trader")
    fill_new_secret(page, "person-password", FIRST)
    page.get_by_role("dialog", name="添加一个人").get_by_role("button", name="添加人员").click()
    prove(page)
    row = page.locator(".person-row").filter(has_text="韩梅梅")
    expect(row).to_be_visible()
    added = people.find("韩梅梅")
    assert added is not None
    assert added.role is Role.TRADER
    guest = enter(program, "韩梅梅", FIRST)

    role = page.get_by_label("韩梅梅 的角色")
    expect(role).to_have_value("trader")
    with page.expect_response("**/api/v1/people"):  # read again once it is done
        role.select_option("viewer")
    assert people.get(added.id).role is Role.VIEWER
    expect(row).to_contain_text("只看，不能改动")

    row.get_by_role("button", name="重设密码").click()
    fill_new_secret(page, "set-password", SECOND)
    dialog = page.get_by_role("dialog", name="重设 韩梅梅 的密码")
    dialog.get_by_role("button", name="重设密码").click()
    expect(dialog).to_be_hidden()
    assert state_of(guest) == "unlocked", "what was open has ended"
    enter(program, "韩梅梅", SECOND)

    enrol_totp(program, "韩梅梅")
    page.reload()
    expect(row).to_contain_text("· 有第二重验证")
    row.get_by_role("button", name="清除验证方式").click()
    asked = page.get_by_role("dialog", name="清除 韩梅梅 的第二重验证？")
    asked.get_by_role("button", name="清除验证方式").click()
    expect(row).to_contain_text("· 没有第二重验证")

    row.get_by_role("button", name="停用").click()
    expect(row.get_by_text("已停用")).to_be_visible()
    told = open_browser(program).post("/session/password", {"name": "韩梅梅", "password": SECOND})
    assert refusal(told) == (403, "user_auth.sign_in_refused")
    row.get_by_role("button", name="启用").click()
    expect(row.get_by_text("已停用")).to_be_hidden()
    enter(program, "韩梅梅", SECOND)

    row.get_by_role("button", name="删除").click()
    page.get_by_role("dialog", name="删除 韩梅梅？").get_by_role("button", name="删除").click()
    expect(row).to_have_count(0)
    assert people.find("韩梅梅") is None
    settle(page, watch)
    assert without_step_up(watch.take()) == []


def test_a_role_that_was_not_changed_after_all_is_shown_as_it_is(program: Program, pages: tuple[Page, Watch]) -> None:
    page, _watch = pages
    program.open_services.people.add("viewer", Role.VIEWER, FIRST)
    page.goto("/settings/people")
    role = page.get_by_label("viewer 的角色")
    role.select_option("owner")
    expect(page.get_by_role("dialog", name="继续之前，请确认是你本人")).to_be_visible()
    with page.expect_response("**/api/v1/people"):
        page.keyboard.press("Escape")  # not now
    expect(role).to_have_value("viewer")
    found = program.open_services.people.find("viewer")
    assert found is not None
    assert found.role is Role.VIEWER


def test_text_messages_are_configured_tried_and_a_phone_enrolled(
    program: Program, pages: tuple[Page, Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    page, watch = pages
    with aliyun() as stub:
        sms = program.open_services.factors.sms_settings
        monkeypatch.setattr(sms, "_make_sender", lambda *chosen: AliyunCompanySms(*chosen, stub.endpoint))
        page.goto("/settings/security")
        register = page.get_by_role("button", name="登记手机").first
        expect(register).to_be_disabled()
        page.get_by_role("radio", name="阿里云 · 企业").click()
        page.get_by_label("AccessKey ID").fill("LTAI5tExample")
        page.get_by_label("AccessKey Secret").fill("the-access-key-secret")
        page.get_by_label("签名").fill("量化宝盒")
        page.get_by_label("模板代码").fill("SMS_123456789")
        page.locator("form", has=page.get_by_label("AccessKey ID")).get_by_role("button", name="保存").click()
        prove(page)
        expect(register).to_be_enabled()  # without a reload
        expect(page.get_by_label("AccessKey Secret")).to_have_value("")
        page.get_by_label("测试手机号").fill("13900000000")
        page.get_by_role("button", name="发送测试").click()
        expect(page.get_by_text("测试短信已发出")).to_be_visible()
        assert stub.calls[-1].fields["PhoneNumbers"] == "13900000000"

        program.clock.advance(60)
        register.click()
        dialog = page.get_by_role("dialog", name="登记手机")
        dialog.get_by_label("手机号（中国大陆）").fill("138 1234 5678")
        page.keyboard.press("Enter")
        code = dialog.get_by_label("短信验证码")
        expect(code).to_be_focused()
        code.fill("000000")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_contain_text("验证码不正确")
        code.fill(json.loads(stub.calls[-1].fields["TemplateParam"])["code"])
        page.keyboard.press("Enter")
        expect(page.locator("dialog[open] .recovery-codes li")).to_have_count(10)  # of a first factor, seen this once
        page.get_by_role("button", name="我已收好").click()
        expect(page.get_by_text("验证码发到 138****5678")).to_be_visible()
        (person,) = program.open_services.people.list_people()
        assert program.open_services.factors.methods_of(person.id) == ("sms", "recovery")
    settle(page, watch)
    assert without_step_up(watch.take()) == []

"""Who is there: the lock screen, proving oneself again, passkeys, the recovery kit, and a store of the first version."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browser import context_of, settle
from tests.e2e.demo_program import DemoProgram, create_store, enter_passphrase, enter_password, sign_in, wait_for_form
from tests.e2e.wizard import keep_kit
from tests.program import OWNER, PASSPHRASE, PASSWORD, ROOT, Client, Store, serving

pytestmark = pytest.mark.browser

PART1_STORE = ROOT / "tests" / "vault" / "part1_store"


def ignoring(faults: list[str], *addresses: str) -> list[str]:
    """Return the faults but those a refusal makes Chromium tell of."""
    return [fault for fault in faults if not any(address in fault for address in addresses)]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A program with an empty store, whose second factors no other test minds."""
    with serving(Store(tmp_path_factory.mktemp("identity"))) as (_supervisor, client):
        create_store(client)
        yield client


# --- the lock screen -------------------------------------------------------------------------------------------------


def test_the_lock_screen_hides_the_page_and_gives_it_back_as_it_was(chromium: Browser, program: DemoProgram) -> None:
    with context_of(chromium, program.url) as (page, watch):
        sign_in(page)
        page.goto("/backtests/new")
        settle(page, watch)
        with page.expect_response("**/backtests/inspect"):  # it is looked at as it is typed, which has nothing to do with locking
            page.locator("#source").fill("# half a thought")
        settle(page, watch)
        title = page.title()
        private = page.locator("main").inner_text()
        assert "规则与费用" in private

        page.get_by_role("button", name="锁屏").click()
        expect(page.get_by_role("heading", name="已锁屏")).to_be_visible()
        assert page.request.get("/api/v1/overview").status == 401  # the session is over, not only covered
        shown = page.locator("body").inner_text()
        assert not re.search("规则与费用|总览|half a thought", shown)
        assert title not in page.title()
        for _press in range(3):
            page.keyboard.press("Escape")
        expect(page.get_by_role("heading", name="已锁屏")).to_be_visible()
        expect(page.get_by_label("登录密码", exact=True)).to_be_focused()
        for _press in range(8):
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('.lock-screen')")

        page.get_by_label("登录密码", exact=True).fill("not the password")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert").filter(has_text="不正确")).to_be_visible()
        assert ignoring(watch.take(), "/session/password") == []
        page.get_by_label("登录密码", exact=True).fill(PASSWORD)
        with page.expect_websocket() as socket:  # news arrive again without a reload
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="已锁屏")).to_be_hidden()
        assert socket.value.url.endswith("/api/v1/events")
        expect(page.locator("#source")).to_have_value("# half a thought")
        assert page.title() == title
        settle(page, watch)
        assert watch.take() == []


def test_a_session_ended_elsewhere_covers_the_page_and_repeats_what_was_asked(chromium: Browser, program: DemoProgram) -> None:
    with context_of(chromium, program.url) as (page, watch):
        sign_in(page)
        page.goto("/settings")
        settle(page, watch)
        session = next(one for one in page.request.get("/api/v1/sessions").json()["items"] if one["is_current"])
        assert program.client.call("DELETE", f"/api/v1/sessions/{session['id']}")[0] == 200
        expect(page.get_by_role("heading", name="已锁屏")).to_be_visible()  # the socket closes, without a touch
        expect(page.locator("#sign-in-name:visible")).to_have_value(OWNER)
        enter_password(page)
        expect(page.get_by_role("heading", name="已锁屏")).to_be_hidden()
        with page.expect_response("**/api/v1/doctor") as answer:
            page.get_by_role("button", name="再查一次").click()
        assert answer.value.ok
        settle(page, watch)
        assert ignoring(watch.take(), "/jobs", "/events") == []


def test_keys_and_pointer_are_reported_at_most_once_a_minute(chromium: Browser, program: DemoProgram) -> None:
    with context_of(chromium, program.url) as (page, watch):
        sign_in(page)
        page.clock.install()
        page.goto("/settings")
        settle(page, watch)
        told: list[str] = []
        page.on("request", lambda request: told.append(request.url) if request.url.endswith("/session/activity") else None)
        page.mouse.click(700, 500)
        page.clock.fast_forward(61_000)
        assert told == []  # nobody moved
        for turn in (1, 2):
            with page.expect_response("**/session/activity"):
                for _press in range(5):
                    page.keyboard.press("Shift")
            page.mouse.click(700, 500)
            settle(page, watch)
            assert len(told) == turn
            page.clock.fast_forward(61_000)
        assert watch.take() == []


# --- proving oneself again -------------------------------------------------------------------------------------------


def open_token_form(page: Page) -> None:
    """Fill the form of a new token, with a session whose last proof is too old."""
    page.route("**/api/v1/tokens", refuse_first({"count": 0}))
    page.goto("/settings/tokens")
    page.get_by_role("button", name="新建令牌").click()
    page.get_by_role("textbox", name="名称", exact=True).fill("nightly")


def refuse_first(seen: dict[str, int]) -> Any:
    """Return a handler that answers the first state change as the program does when the last proof is too old."""

    def handle(route: Any) -> None:
        if route.request.method != "POST" or seen["count"]:
            route.continue_()
            return
        seen["count"] += 1
        body = '{"code": "web.step_up_needed", "detail": "x", "hint": "", "facts": {}}'
        route.fulfill(status=403, content_type="application/problem+json", body=body)

    return handle


def test_a_sensitive_act_asks_again_and_is_done_once_that_is_proven(chromium: Browser, program: DemoProgram) -> None:
    with context_of(chromium, program.url) as (page, watch):
        sign_in(page)
        open_token_form(page)
        page.get_by_role("textbox", name="名称", exact=True).press("Enter")
        dialog = page.get_by_role("dialog", name="继续之前，请确认是你本人")
        expect(dialog.get_by_label("登录密码")).to_be_focused()
        page.keyboard.press("Escape")  # not now
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("textbox", name="名称", exact=True)).to_be_focused()
        expect(page.locator(".secret-once")).to_have_count(2)
        expect(page.locator(".secret-once").first).to_be_hidden()

        page.unroute_all()
        open_token_form(page)
        page.get_by_role("textbox", name="名称", exact=True).press("Enter")
        dialog.get_by_label("登录密码").fill("not the password")
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("alert")).to_be_visible()
        dialog.get_by_label("登录密码").fill(PASSWORD)
        page.keyboard.press("Enter")
        expect(dialog).to_be_hidden()
        expect(page.locator(".secret-once").first).to_be_visible()  # the call was repeated, with nothing typed anew
        token = page.locator(".secret-once .mono").first.inner_text()
        page.get_by_role("button", name="我已保存").click()
        assert token not in page.content()
        assert ignoring(watch.take(), "/tokens", "/session/step-up") == []


# --- passkeys --------------------------------------------------------------------------------------------------------


def test_a_passkey_is_added_and_signs_in(chromium: Browser, small: Client) -> None:
    """Chromium's own virtual authenticator plays the fingerprint reader."""
    with context_of(chromium, small.url.replace("127.0.0.1", "localhost")) as (page, watch):
        devtools = page.context.new_cdp_session(page)
        devtools.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
        }
        authenticator = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
        sign_in(page)
        page.goto("/settings/security")
        settle(page, watch)
        page.get_by_label("给这把钥匙起个名字").fill("指纹")
        page.get_by_role("button", name="添加通行密钥").click()
        codes = page.locator("dialog[open] .recovery-codes li")
        expect(codes).to_have_count(10)
        page.get_by_role("button", name="我已收好").click()
        expect(page.get_by_text("还没用过")).to_be_visible()
        assert len(devtools.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]) == 1

        page.get_by_role("button", name="锁屏").click()
        enter_password(page)
        page.get_by_role("button", name="用通行密钥").first.click()
        expect(page.get_by_role("heading", name="再验证一步")).to_be_hidden()
        page.reload()
        expect(page.get_by_text("上次使用")).to_be_visible()

        devtools.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
        page.get_by_role("button", name="锁屏").click()
        enter_password(page)
        page.get_by_role("button", name="用通行密钥").first.click()
        expect(page.get_by_role("alert").filter(has_text=re.compile("没有完成|不正确|无效"))).to_be_visible()
        page.get_by_role("button", name="用备用码").click()
        expect(page.get_by_label("备用码", exact=True)).to_be_focused()
        settle(page, watch)
        assert watch.take() == []


# --- the vault -------------------------------------------------------------------------------------------------------


def test_a_store_of_the_first_version_gets_an_owner_and_a_kit_that_opens_it(chromium: Browser, tmp_path: Path) -> None:
    store = Store(tmp_path)
    shutil.copytree(PART1_STORE, store.root)
    with serving(store) as (_supervisor, client), context_of(chromium, client.url) as (page, watch):
        page.goto("/")
        enter_passphrase(page)
        expect(page.get_by_role("heading", name="设置登录密码")).to_be_visible()
        page.get_by_label("口令", exact=True).fill(PASSPHRASE)
        page.locator("#sign-in-owner").fill(OWNER)
        for label in ("新的登录密码", "再输一次"):
            page.get_by_label(label).fill(PASSPHRASE)
        page.get_by_role("button", name="设置并登录").click()
        expect(page.get_by_role("alert").filter(has_text="不能与")).to_be_visible()
        for label in ("新的登录密码", "再输一次"):
            page.get_by_label(label).fill(PASSWORD)
        page.get_by_role("button", name="设置并登录").click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        page.goto("/backtests")
        expect(page.get_by_text("cross.py").first).to_be_visible()  # what was there is there
        assert ignoring(watch.take(), "/owner/password") == []

        page.goto("/settings/vault")
        page.get_by_role("button", name="制作恢复包").click()
        page.locator("#kit-phrase").fill(PASSPHRASE)
        page.keyboard.press("Enter")
        code = keep_kit(page)
        expect(page.get_by_text("已核对，请收好")).to_be_visible()
        assert code not in page.content()
        page.get_by_role("button", name="锁定保险箱").click()
        page.get_by_role("dialog", name="现在锁定数据保险箱？").get_by_role("button", name="锁定").click()
        page.wait_for_url("**/unlock")

        wait_for_form(page)
        page.get_by_role("button", name="改用恢复包").click()
        page.get_by_label("恢复码").fill(code.lower().replace("-", " "))
        page.keyboard.press("Enter")
        page.wait_for_url("**/sign-in")
        wait_for_form(page)
        page.get_by_role("button", name="忘记登录密码？").click()
        page.get_by_label("口令", exact=True).fill(PASSPHRASE)
        page.get_by_label("新的登录密码").fill("password1234")
        expect(page.locator("#sign-in-strength")).to_contain_text("弱（1 / 4）")
        page.get_by_label("新的登录密码").fill("another 密码 for the door")
        expect(page.locator("#sign-in-strength")).to_contain_text("一般（2 / 4）")
        page.get_by_label("再输一次").fill("another 密码 for the door")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "/sign-in" not in url)
        settle(page, watch)
        assert watch.take() == []

"""The wizard as a person fills it in; each step begins on its own page and ends on the next."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.program import OWNER, PASSPHRASE, PASSWORD

__all__ = ["enrol_totp", "keep_kit", "put_off_kit_and_factor", "set_passphrase", "set_password"]


def set_passphrase(page: Page) -> None:
    """Choose the pass phrase, after all that is refused."""
    go_on = page.get_by_role("contentinfo").get_by_role("button", name="继续：登录密码")
    page.locator("#phrase").fill("十一个字符的口令还不够"[:11])
    expect(go_on).to_be_disabled()
    page.mouse.move(5, 5)  # the button came under a pointer that stood still
    go_on.hover(force=True)
    expect(page.get_by_role("tooltip")).to_have_text("口令不少于 12 个字符")

    page.locator("#phrase").fill(PASSPHRASE)
    page.locator("#again").fill(PASSPHRASE + "?")
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert").filter(has_text="两次输入不一致")).to_be_visible()
    page.locator("#again").fill(PASSPHRASE)
    expect(page.get_by_role("alert").filter(has_text="两次输入不一致")).to_be_hidden()
    expect(go_on).to_be_disabled()  # the hard truth has not been ticked
    page.get_by_role("checkbox").check()
    go_on.click()


def set_password(page: Page) -> None:
    """Choose name and password; the pass phrase itself is refused."""
    create = page.get_by_role("contentinfo").get_by_role("button", name="加密并继续")
    page.locator("#owner-name").fill(OWNER)
    page.locator("#owner-password").fill(PASSPHRASE)
    expect(page.get_by_role("alert").filter(has_text="不能与口令相同")).to_be_visible()
    expect(create).to_be_disabled()
    page.locator("#owner-password").fill(PASSWORD)
    page.locator("#owner-again").fill(PASSWORD)
    create.click()
    expect(page.get_by_role("heading", name="备一份恢复包")).to_be_visible()


def put_off_kit_and_factor(page: Page) -> None:
    """Go on without recovery kit and second factor, against the warnings."""
    page.get_by_role("button", name="以后再做").click()
    page.get_by_role("dialog", name="不做恢复包就继续？").get_by_role("button", name="以后再做").click()
    expect(page.get_by_role("heading", name="加一道动态码")).to_be_visible()
    page.get_by_role("button", name="以后再设").click()
    page.get_by_role("dialog", name="先不设第二重验证？").get_by_role("button", name="以后再设").click()
    expect(page.get_by_role("heading", name="先用什么数据")).to_be_visible()


def keep_kit(page: Page) -> str:
    """Write the recovery code down, type the groups asked for, and return the code."""
    expect(page.locator(".kit-groups li")).to_have_count(7)
    groups = page.locator(".kit-groups .mono").all_inner_texts()
    page.get_by_role("button", name="我已抄好").click()
    expect(page.locator(".kit-groups")).to_be_hidden()
    for field in page.locator(".kit-typed .field").all():
        number = int("".join(filter(str.isdigit, field.locator("label").inner_text())))
        field.locator("input").fill(groups[number - 1])
    page.keyboard.press("Enter")
    expect(page.locator(".kit-typed")).to_be_hidden()
    return "-".join(groups)


def enrol_totp(page: Page, code_of: object) -> tuple[str, list[str]]:
    """Enrol an authenticator app whose codes `code_of(secret)` gives; returns its secret and the recovery codes."""
    secret = page.locator(".totp-secret:visible").inner_text().replace(" ", "")
    page.get_by_label("动态码").fill(code_of(secret))  # type: ignore[operator]
    page.keyboard.press("Enter")
    codes = page.locator(".recovery-codes:visible li")
    expect(codes).to_have_count(10)
    kept = codes.all_inner_texts()
    page.get_by_role("button", name="我已收好").click()
    return secret, kept

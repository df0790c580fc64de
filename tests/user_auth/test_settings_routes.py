"""Settings and looks, as a browser reads and changes them."""

from __future__ import annotations

from tests.user_auth.setting import refusal, restarted
from tests.web.program import Browser, Program, browser, new_program, open_browser, program

__all__ = ["browser", "new_program", "program"]

DEFAULTS = {
    "language": "zh",
    "theme": "system",
    "price_colours": "red_up",
    "commission_bps": "2.5",
    "commission_min_yuan": "5",
    "initial_cash": "100000",
    "data_source": "akshare",
    "idle_minutes": 30,
}


def looks_of(browser: Browser) -> list[str | None]:
    cookies = [browser.client.get_cookie(f"quantbox_{name}") for name in ("language", "theme", "colours")]
    return [cookie.value if cookie else None for cookie in cookies]


def test_settings_are_read_changed_and_set_the_language(browser: Browser) -> None:
    assert browser.api("/settings") == DEFAULTS
    browser.step_up()
    changes = {"language": "en", "commission_bps": "1.8", "initial_cash": 250000, "idle_minutes": 15}
    answer = browser.send("PUT", "/settings", changes)
    assert answer.get_json()["commission_bps"] == "1.8"
    assert (browser.api("/settings")["initial_cash"], browser.api("/settings")["idle_minutes"]) == ("250000", 15)
    assert browser.get("/api/v1/nothing").get_json()["detail"] == "There is nothing at this address"


def test_idle_minutes_are_whole_and_between_five_and_four_hours(browser: Browser) -> None:
    refused = browser.send("PUT", "/settings", {"idle_minutes": 15})
    assert refusal(refused) == (403, "web.step_up_needed"), "it is a matter of security"
    browser.step_up()
    for minutes in (4, 241, 0, -5):
        assert refusal(browser.send("PUT", "/settings", {"idle_minutes": minutes})) == (400, "user_auth.setting_invalid")
    assert refusal(browser.send("PUT", "/settings", {"idle_minutes": 5.5})) == (400, "web.request_invalid")
    for minutes in (5, 240):
        assert browser.send("PUT", "/settings", {"idle_minutes": minutes}).get_json()["idle_minutes"] == minutes
    assert browser.api("/status")["idle_minutes"] == 240


def test_changing_the_looks_changes_this_browsers_cookies_and_nothing_else_does(browser: Browser) -> None:
    browser.send("PUT", "/settings", {"theme": "dark", "price_colours": "green_up"})
    assert looks_of(browser) == [None, "dark", "green_up"]
    browser.client.set_cookie("quantbox_language", "en")
    browser.send("PUT", "/settings", {"commission_bps": "2"})
    assert looks_of(browser) == ["en", "dark", "green_up"]


def test_another_browser_starts_with_the_stored_looks_but_keeps_what_it_chose(program: Program, browser: Browser) -> None:
    browser.send("PUT", "/settings", {"language": "en", "theme": "dark", "price_colours": "colour_blind"})
    program.is_demo = True
    other = open_browser(program)
    other.client.set_cookie("quantbox_theme", "light")
    other.client.set_cookie("quantbox_colours", "chartreuse")
    other.post("/session/launch", {"token": program.launch_token})
    assert looks_of(other) == ["en", "light", "colour_blind"]
    page = other.get("/").get_data(as_text=True)
    assert 'lang="en" data-theme="light" data-colours="colour_blind"' in page


def test_the_token_of_a_session_outlives_the_web_process(program: Program, browser: Browser) -> None:
    token, cookie = browser.api("/status")["csrf_token"], browser.client.get_cookie("quantbox_session")
    assert cookie is not None
    once_more = restarted(program)
    once_more.client.set_cookie("quantbox_session", cookie.value)
    once_more.token = token
    assert once_more.send("PUT", "/settings", {"theme": "dark"}).status_code == 200

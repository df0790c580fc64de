"""Opening the store and signing in, as a browser does it, with a real vault."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from quantbox.core.clock import FixedClock
from tests.web.program import PASSPHRASE, Browser, Program, browser, new_program, open_browser, program, stranger

__all__ = ["browser", "new_program", "program", "stranger"]


def state_of(browser: Browser) -> str:
    return str(browser.api("/status")["state"])


def test_a_new_store_is_created_opened_and_signed_in_to(new_program: Program) -> None:
    browser = open_browser(new_program)
    assert state_of(browser) == "new"
    answer = browser.post("/vault/create", {"passphrase": PASSPHRASE})
    assert (answer.status_code, answer.get_json()["state"]) == (201, "signed_in")
    assert state_of(browser) == "signed_in"
    assert browser.api("/settings")["language"] == "zh"
    again = browser.post("/vault/create", {"passphrase": PASSPHRASE})
    assert (again.status_code, again.get_json()["code"]) == (409, "vault.exists")


def test_the_place_of_the_data_is_told_only_while_nothing_is_there(new_program: Program) -> None:
    browser = open_browser(new_program)
    free = shutil.disk_usage(Path(__file__)).free
    place = browser.api("/status")["place"]
    assert place["is_writable"] is True
    assert place["free_bytes"] == pytest.approx(free, rel=0.5)
    browser.post("/vault/create", {"passphrase": PASSPHRASE})
    assert browser.api("/status")["place"] is None
    assert open_browser(new_program).api("/status")["place"] is None


def test_a_short_pass_phrase_is_refused_and_makes_nothing(new_program: Program) -> None:
    browser = open_browser(new_program)
    answer = browser.post("/vault/create", {"passphrase": "elevenchars"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "vault.passphrase_short")
    assert answer.get_json()["facts"] == {"characters": 11, "minimum": 12}
    assert state_of(browser) == "new"


def test_each_browser_proves_the_pass_phrase_for_itself(new_program: Program) -> None:
    first, second = open_browser(new_program), open_browser(new_program)
    first.post("/vault/create", {"passphrase": PASSPHRASE})
    assert state_of(second) == "unlocked"
    wrong = second.post("/vault/unlock", {"passphrase": PASSPHRASE + "!"})
    assert (wrong.status_code, wrong.get_json()["code"]) == (403, "vault.passphrase_wrong")
    assert state_of(second) == "unlocked"
    assert second.post("/vault/unlock", {"passphrase": PASSPHRASE}).status_code == 200
    assert (state_of(first), state_of(second)) == ("signed_in", "signed_in")


def test_locking_signs_every_browser_out_and_unlocking_signs_in_only_the_one(new_program: Program) -> None:
    first, second = open_browser(new_program), open_browser(new_program)
    first.post("/vault/create", {"passphrase": PASSPHRASE})
    second.post("/vault/unlock", {"passphrase": PASSPHRASE})
    answer = first.post("/vault/lock")
    assert answer.get_json()["state"] == "locked"
    assert "storage" in answer.headers["Clear-Site-Data"]
    assert (state_of(first), state_of(second)) == ("locked", "locked")
    assert new_program.services is None
    first.token = ""
    assert first.post("/vault/unlock", {"passphrase": PASSPHRASE}).get_json()["state"] == "signed_in"
    assert (state_of(first), state_of(second)) == ("signed_in", "unlocked")


def test_wrong_pass_phrases_are_slowed_down_and_the_right_one_is_taken_after_the_wait(
    program: Program, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from quantbox.vault.errors import PassphraseWrong

    def unlock(passphrase: str) -> None:
        if passphrase != PASSPHRASE:
            raise PassphraseWrong

    monkeypatch.setattr(program, "unlock", unlock)
    browser = open_browser(program)
    codes = [browser.post("/vault/unlock", {"passphrase": f"wrong {n}"}).get_json()["code"] for n in range(6)]
    assert codes == ["vault.passphrase_wrong"] * 5 + ["user_auth.too_many_attempts"]
    refused = browser.post("/vault/unlock", {"passphrase": PASSPHRASE})
    assert (refused.status_code, refused.headers["Retry-After"]) == (403, "1")
    clock.advance(1)
    assert browser.post("/vault/unlock", {"passphrase": PASSPHRASE}).status_code == 200


def test_the_launch_token_opens_one_window_once(program: Program) -> None:
    window, other = open_browser(program), open_browser(program)
    assert other.post("/session/launch", {"token": "guess"}).get_json()["code"] == "user_auth.launch_token_refused"
    token = program.launch_token
    assert window.post("/session/launch", {"token": token}).get_json()["state"] == "signed_in"
    assert other.post("/session/launch", {"token": token}).get_json()["code"] == "user_auth.launch_token_refused"


def test_the_launch_token_is_kept_while_the_vault_is_locked(program: Program) -> None:
    window = open_browser(program)
    program.lock()
    assert window.post("/session/launch", {"token": program.launch_token}).get_json()["code"] == "vault.locked"
    assert program.launch_token is not None


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(stranger: Browser, program: Program) -> None:
    answer = stranger.post("/session/launch", {"token": program.launch_token})
    (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith("quantbox_session=")]
    name, *attributes = cookie.split("; ")
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=Strict"}
    assert len(name.partition("=")[2]) >= 43


def test_signing_in_gives_a_new_id_and_voids_the_one_held_before(program: Program) -> None:
    browser = open_browser(program)
    browser.client.set_cookie("quantbox_session", "chosen-by-somebody-else")
    browser.post("/session/launch", {"token": program.launch_token})
    first = browser.client.get_cookie("quantbox_session")
    assert first is not None
    assert first.value != "chosen-by-somebody-else"
    program.launch_token = "another"
    browser.post("/session/launch", {"token": "another"})
    second = browser.client.get_cookie("quantbox_session")
    assert second is not None
    assert second.value != first.value
    old = open_browser(program)
    old.client.set_cookie("quantbox_session", first.value)
    assert state_of(old) == "unlocked"


def test_signing_out_ends_this_browsers_session_only(browser: Browser, program: Program) -> None:
    program.launch_token = "second"
    other = open_browser(program)
    other.post("/session/launch", {"token": "second"})
    cookie = browser.client.get_cookie("quantbox_session")
    assert cookie is not None
    assert browser.post("/session/end").get_json()["state"] == "unlocked"
    assert browser.client.get_cookie("quantbox_session") is None
    browser.client.set_cookie("quantbox_session", cookie.value)
    assert (state_of(browser), state_of(other)) == ("unlocked", "signed_in")


def test_a_session_ends_when_nobody_touches_anything_however_often_the_page_reads(browser: Browser, clock: FixedClock) -> None:
    for _ in range(29):
        clock.advance(60)
        browser.api("/jobs")
    assert state_of(browser) == "signed_in"
    clock.advance(60)
    assert browser.get("/api/v1/jobs").get_json()["code"] == "web.sign_in_needed"


@pytest.mark.parametrize("by", ["page", "change", "activity"])
def test_opening_a_page_or_changing_something_keeps_the_session(browser: Browser, clock: FixedClock, by: str) -> None:
    clock.advance(29 * 60)
    if by == "page":
        browser.get("/", headers={"Sec-Fetch-Mode": "navigate"})
    elif by == "change":
        browser.send("PUT", "/settings", {"theme": "dark"})
    else:
        assert browser.post("/session/activity").status_code == 200
    clock.advance(29 * 60)
    assert state_of(browser) == "signed_in"


def test_the_token_of_a_session_outlives_the_web_process(program: Program, browser: Browser) -> None:
    cookie = browser.client.get_cookie("quantbox_session")
    assert cookie is not None
    restarted = open_browser(program)
    restarted.client.set_cookie("quantbox_session", cookie.value)
    restarted.token = browser.token
    assert restarted.send("PUT", "/settings", {"theme": "dark"}).status_code == 200


def test_settings_are_read_changed_and_set_the_language(browser: Browser) -> None:
    assert browser.api("/settings") == {
        "language": "zh",
        "theme": "system",
        "price_colours": "red_up",
        "commission_bps": "2.5",
        "commission_min_yuan": "5",
        "initial_cash": "100000",
        "data_source": "akshare",
    }
    answer = browser.send("PUT", "/settings", {"language": "en", "commission_bps": "1.8", "initial_cash": 250000})
    assert answer.get_json()["commission_bps"] == "1.8"
    assert browser.api("/settings")["initial_cash"] == "250000"
    assert browser.get("/api/v1/nothing").get_json()["detail"] == "There is nothing at this address"


def looks_of(browser: Browser) -> list[str | None]:
    cookies = [browser.client.get_cookie(f"quantbox_{name}") for name in ("language", "theme", "colours")]
    return [cookie.value if cookie else None for cookie in cookies]


def test_changing_the_looks_changes_this_browsers_cookies_and_nothing_else_does(browser: Browser) -> None:
    assert looks_of(browser) == ["zh", "system", "red_up"]
    browser.send("PUT", "/settings", {"theme": "dark", "price_colours": "green_up"})
    assert looks_of(browser) == ["zh", "dark", "green_up"]
    browser.client.set_cookie("quantbox_language", "en")
    browser.send("PUT", "/settings", {"commission_bps": "2"})
    assert looks_of(browser) == ["en", "dark", "green_up"]


def test_another_browser_starts_with_the_stored_looks_but_keeps_what_it_chose(program: Program, browser: Browser) -> None:
    browser.send("PUT", "/settings", {"language": "en", "theme": "dark", "price_colours": "colour_blind"})
    program.launch_token = "second"
    other = open_browser(program)
    other.client.set_cookie("quantbox_theme", "light")
    other.client.set_cookie("quantbox_colours", "chartreuse")
    other.post("/session/launch", {"token": "second"})
    assert looks_of(other) == ["en", "light", "colour_blind"]
    page = other.get("/").get_data(as_text=True)
    assert 'lang="en" data-theme="light" data-colours="colour_blind"' in page


def test_a_new_store_takes_over_the_looks_chosen_in_the_wizard(new_program: Program) -> None:
    browser = open_browser(new_program)
    browser.client.set_cookie("quantbox_language", "en")
    browser.client.set_cookie("quantbox_theme", "dark")
    browser.post("/vault/create", {"passphrase": PASSPHRASE})
    settings = browser.api("/settings")
    assert (settings["language"], settings["theme"], settings["price_colours"]) == ("en", "dark", "red_up")


def test_the_pass_phrase_is_nowhere_in_the_store(new_program: Program) -> None:
    browser = open_browser(new_program)
    browser.post("/vault/create", {"passphrase": PASSPHRASE})
    with new_program.open_services.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    for path in new_program.folder.root.rglob("*"):
        if path.is_file():
            assert PASSPHRASE.encode() not in path.read_bytes(), path

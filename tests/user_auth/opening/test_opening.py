"""Opening the store, its owner's first password, and a forgotten one: with a real vault."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select, text

from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.user_auth.errors import TooManyAttempts
from quantbox.user_auth.tables import PersonRow
from quantbox.vault import service as vault
from quantbox.vault.errors import PassphraseWrong
from quantbox.web.proofs import proving
from tests.user_auth.setting import cheap_passwords, code_of, enrol_totp, person_of, refusal, restarted, state_of
from tests.web.program import (
    NAME,
    PASSPHRASE,
    PASSWORD,
    Browser,
    Program,
    add_person,
    browser,
    new_program,
    open_browser,
    program,
)

__all__ = ["browser", "cheap_passwords", "new_program", "program"]

OWNER = {"passphrase": PASSPHRASE, "name": NAME, "password": PASSWORD}
PART1 = Path(__file__).parents[2] / "vault" / "part1_store"
PART1_PASSPHRASE = "correct horse 青石板渡口"


@pytest.fixture
def knows_passphrase(cheap_passwords: None, program: Program, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A program that takes one pass phrase, without the cost of a key derivation."""

    def unlock(passphrase: str) -> None:
        if passphrase != PASSPHRASE:
            raise PassphraseWrong

    monkeypatch.setattr(program, "unlock", unlock)
    return program


def test_a_store_is_made_locked_unlocked_and_signed_in_to_in_two_steps(new_program: Program) -> None:
    first, second = open_browser(new_program), open_browser(new_program)
    assert state_of(first) == "new"
    free = shutil.disk_usage(Path(__file__)).free
    assert first.api("/status")["place"] == {"is_writable": True, "free_bytes": pytest.approx(free, rel=0.5)}
    first.client.set_cookie("quantbox_language", "en")
    first.client.set_cookie("quantbox_theme", "dark")
    answer = first.post("/vault/create", OWNER)
    assert (answer.status_code, answer.get_json()["state"]) == (201, "signed_in")
    status = first.api("/status")
    assert (status["person"], status["place"], status["is_known_device"]) == ({"name": NAME, "role": "owner"}, None, True)
    looks = first.api("/settings")
    assert (looks["language"], looks["theme"], looks["price_colours"]) == ("en", "dark", "red_up")
    assert refusal(first.post("/vault/create", OWNER)) == (409, "vault.exists")

    # unlocking opens the data and no session
    assert (state_of(second), second.api("/status")["is_known_device"]) == ("unlocked", False)
    assert second.post("/vault/unlock", {"passphrase": PASSPHRASE}).get_json()["state"] == "unlocked"
    assert refusal(second.get("/api/v1/jobs")) == (401, "web.sign_in_needed")
    assert second.post("/session/password", {"name": NAME, "password": PASSWORD}).get_json()["state"] == "signed_in"

    answer = first.post("/vault/lock")
    assert (answer.get_json()["state"], new_program.services) == ("locked", None)
    assert "storage" in answer.headers["Clear-Site-Data"]
    assert (state_of(first), state_of(second)) == ("locked", "locked")
    first.token = ""
    assert refusal(first.post("/session/password", {"name": NAME, "password": PASSWORD})) == (403, "vault.locked")
    assert refusal(first.post("/vault/unlock", {"passphrase": PASSWORD})) == (403, "vault.passphrase_wrong")
    assert first.post("/vault/unlock", {"passphrase": PASSPHRASE}).get_json()["state"] == "unlocked"
    assert (state_of(first), state_of(second)) == ("unlocked", "unlocked")

    with new_program.open_services.engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    for path in new_program.folder.root.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert PASSPHRASE.encode() not in content, path
            assert PASSWORD.encode() not in content, path


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"passphrase": "elevenchars"}, "vault.passphrase_short"),
        ({"password": PASSPHRASE}, "user_auth.password_is_passphrase"),
        ({"password": "elevenchars"}, "user_auth.password_short"),
        ({"password": "password1234"}, "user_auth.password_common"),
        ({"name": " "}, "user_auth.name_invalid"),
        ({"name": "a\nb"}, "user_auth.name_invalid"),
    ],
)
def test_what_may_not_be_makes_nothing(new_program: Program, change: dict[str, str], code: str) -> None:
    browser = open_browser(new_program)
    assert refusal(browser.post("/vault/create", OWNER | change)) == (400, code)
    assert state_of(browser) == "new"
    assert not new_program.folder.vault_file.exists()


def test_a_store_of_part_1_asks_for_its_owners_password_once_it_is_open(tmp_path: Path, clock: FixedClock) -> None:
    shutil.copytree(PART1, tmp_path / "store")
    program = Program(DataFolder(tmp_path / "store"), clock)
    browser = open_browser(program)
    browser.post("/vault/unlock", {"passphrase": PART1_PASSPHRASE})
    status = browser.api("/status")
    assert (status["state"], status["owner_password_missing"]) == ("unlocked", True)
    owner = OWNER | {"passphrase": PART1_PASSPHRASE}
    assert refusal(browser.post("/owner/password", owner | {"passphrase": "not this one"})) == (403, "vault.passphrase_wrong")
    assert (
        refusal(browser.post("/owner/password", owner | {"password": PART1_PASSPHRASE}))[1] == "user_auth.password_is_passphrase"
    )
    assert browser.post("/owner/password", owner).get_json()["state"] == "signed_in"
    assert [row["file_name"] for row in browser.api("/backtests")["items"]] == ["cross.py"]
    assert browser.api("/status")["owner_password_missing"] is False
    with program.open_services.sessions() as session:
        assert session.scalars(select(PersonRow.name)).all() == [NAME], "the owner of part 1 was given the name"
    browser.token = ""
    assert refusal(browser.post("/owner/password", owner)) == (409, "user_auth.owner_password_set")
    program.lock()


def test_wrong_pass_phrases_are_slowed_down_wherever_they_are_asked_for(knows_passphrase: Program, clock: FixedClock) -> None:
    browser = open_browser(knows_passphrase)
    routes = {
        "/vault/unlock": {},
        "/owner/password": {"name": NAME, "password": PASSWORD},
        "/session/reset-password": {"new_password": PASSWORD},
    }
    for path, body in [*routes.items(), *list(routes.items())[:2]]:
        assert refusal(browser.post(path, {"passphrase": "wrong", **body})) == (403, "vault.passphrase_wrong")
    for path, body in routes.items():
        refused = browser.post(path, {"passphrase": PASSPHRASE, **body})
        assert (refusal(refused), refused.headers["Retry-After"]) == ((403, "user_auth.too_many_attempts"), "1")
    with browser.client.application.test_request_context("/api/v1/vault/rotate"), pytest.raises(TooManyAttempts), proving():
        pytest.fail("a pass phrase given inside a session waits as well")
    clock.advance(1)
    assert browser.post("/vault/unlock", {"passphrase": PASSPHRASE}).status_code == 200


def test_the_owners_known_device_opens_the_store_whatever_is_guessed_elsewhere(
    knows_passphrase: Program, clock: FixedClock
) -> None:
    add_person(knows_passphrase)
    owner, guesser = open_browser(knows_passphrase), open_browser(knows_passphrase)
    owner.post("/session/password", {"name": NAME, "password": PASSWORD})
    for number in range(30):
        guesser.post("/vault/unlock", {"passphrase": f"guess {number}"})
        clock.advance(0.2)
    assert refusal(guesser.post("/vault/unlock", {"passphrase": PASSPHRASE}))[1] == "user_auth.too_many_attempts"
    after_restart = restarted(knows_passphrase)
    assert refusal(after_restart.post("/vault/unlock", {"passphrase": PASSPHRASE}))[1] == "user_auth.too_many_attempts"
    device = owner.client.get_cookie("quantbox_device")
    assert device is not None
    after_restart.client.set_cookie("quantbox_device", device.value)
    assert after_restart.post("/vault/unlock", {"passphrase": PASSPHRASE}).status_code == 200


def test_a_forgotten_password_is_reset_by_the_pass_phrase_and_ends_what_was_open(knows_passphrase: Program) -> None:
    add_person(knows_passphrase)
    old, new = open_browser(knows_passphrase), open_browser(knows_passphrase)
    old.post("/session/password", {"name": NAME, "password": PASSWORD})
    body = {"passphrase": PASSPHRASE, "new_password": "tall grass, 9 herons"}
    assert (
        refusal(new.post("/session/reset-password", body | {"new_password": PASSPHRASE}))[1] == "user_auth.password_is_passphrase"
    )
    assert new.post("/session/reset-password", body).get_json()["state"] == "signed_in"
    assert (state_of(old), state_of(new)) == ("unlocked", "signed_in")
    again = open_browser(knows_passphrase)
    assert refusal(again.post("/session/password", {"name": NAME, "password": PASSWORD}))[1] == "user_auth.sign_in_refused"
    assert again.post("/session/password", {"name": NAME, "password": body["new_password"]}).status_code == 200


def test_resetting_takes_the_second_factor_where_one_is_enrolled(knows_passphrase: Program) -> None:
    add_person(knows_passphrase)
    secret, recovery_codes = enrol_totp(knows_passphrase, NAME)
    browser = open_browser(knows_passphrase)
    body = {"passphrase": PASSPHRASE, "new_password": "tall grass, 9 herons"}
    needed = browser.post("/session/reset-password", body)
    assert refusal(needed) == (403, "user_auth.second_factor_needed")
    assert needed.get_json()["facts"]["methods"] == "totp, recovery"
    wrong = browser.post("/session/reset-password", body | {"method": "totp", "code": "000000"})
    assert refusal(wrong) == (403, "user_auth.code_refused")
    code = code_of(knows_passphrase, secret)
    assert browser.post("/session/reset-password", body | {"method": "totp", "code": code}).status_code == 200
    body["new_password"] = "eight tall herons, grass"
    body |= {"method": "recovery", "code": recovery_codes[0]}
    assert open_browser(knows_passphrase).post("/session/reset-password", body).status_code == 200


def test_no_new_password_may_be_the_pass_phrase(cheap_passwords: None, new_program: Program) -> None:
    new_program.create(PASSPHRASE)
    add_person(new_program)
    browser = open_browser(new_program)
    browser.post("/session/password", {"name": NAME, "password": PASSWORD})
    answer = browser.post("/me/password", {"current_password": PASSWORD, "new_password": PASSPHRASE})
    assert refusal(answer) == (400, "user_auth.password_is_passphrase")
    answer = browser.post("/people", {"name": "another", "role": "viewer", "password": PASSPHRASE})
    assert refusal(answer) == (400, "user_auth.password_is_passphrase")


def test_the_pass_phrase_may_not_become_an_owners_password(cheap_passwords: None, new_program: Program) -> None:
    new_program.open(vault.create(new_program.folder, PASSPHRASE))
    add_person(new_program)
    browser = open_browser(new_program)
    browser.post("/session/password", {"name": NAME, "password": PASSWORD})
    answer = browser.post("/vault/passphrase", {"passphrase": PASSPHRASE, "new_passphrase": PASSWORD})
    assert refusal(answer) == (400, "user_auth.password_is_passphrase")


def test_changing_the_pass_phrase_ends_everybodys_sessions_and_tokens_but_this_one(
    cheap_passwords: None, new_program: Program
) -> None:
    new_program.open(vault.create(new_program.folder, PASSPHRASE))
    add_person(new_program)
    mine, elsewhere = open_browser(new_program), open_browser(new_program)
    for one in (mine, elsewhere):
        one.post("/session/password", {"name": NAME, "password": PASSWORD})
    token = elsewhere.post("/tokens", {"name": "script", "role": "trader", "days": 7}).get_json()["token"]
    script = open_browser(new_program)
    headers = {"Authorization": f"Bearer {token}"}
    assert script.get("/api/v1/jobs", headers=headers).status_code == 200
    body = {"passphrase": PASSPHRASE, "new_passphrase": "four quite other words"}
    assert mine.post("/vault/passphrase", body).status_code == 200
    assert (state_of(mine), state_of(elsewhere)) == ("signed_in", "unlocked")
    assert script.get("/api/v1/jobs", headers=headers).status_code == 401


# --- the window ---


def test_the_launch_token_makes_the_window_a_known_device_once(program: Program, browser: Browser) -> None:
    window, other = open_browser(program), open_browser(program)
    assert refusal(other.post("/session/launch", {"token": "guess"})) == (403, "user_auth.launch_token_refused")
    token = program.launch_token
    assert window.post("/session/launch", {"token": token}).get_json()["state"] == "unlocked"
    assert (window.api("/status")["is_known_device"], other.api("/status")["is_known_device"]) == (True, False)
    assert refusal(other.post("/session/launch", {"token": token})) == (403, "user_auth.launch_token_refused")
    assert refusal(window.get("/api/v1/jobs")) == (401, "web.sign_in_needed")


def test_the_window_is_one_device_however_often_it_is_started(cheap_passwords: None, program: Program) -> None:
    add_person(program)
    for number in range(3):
        program.launch_token = f"start {number}"
        services, program.services = program.services, None  # the window opens while the store is locked
        window = open_browser(program)
        window.post("/session/launch", {"token": program.launch_token})
        assert window.api("/status")["is_known_device"]
        program.services = services
        window.token = ""
        window.post("/session/password", {"name": NAME, "password": PASSWORD})
        (device,) = window.api("/devices")["items"]
        assert device["is_current"]
    assert [one["is_new_place"] for one in window.api("/sessions")["items"]] == [False, False, True]


def test_in_the_demo_the_launch_token_signs_in(program: Program) -> None:
    program.is_demo = True
    window = open_browser(program)
    assert window.post("/session/launch", {"token": program.launch_token}).get_json()["state"] == "signed_in"
    assert window.api("/status")["person"] == {"name": "demo", "role": "owner"}
    program.clock.advance(29 * 60)
    assert window.api("/session/step-up")["fresh_until"] is not None, "there is no password to prove it with again"
    assert person_of(program, "demo")

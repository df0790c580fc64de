"""What somebody with an account of their own could try: guess the owner's secrets without being slowed down."""

from __future__ import annotations

import pytest

from quantbox.core.roles import Role
from tests.user_auth.setting import beside, cheap_passwords, enter, person_of, refusal
from tests.web.program import NAME, PASSWORD, Browser, Program, add_person, new_program, open_browser, program

__all__ = ["cheap_passwords", "new_program", "program"]


@pytest.fixture
def owner(program: Program, cheap_passwords: None) -> Browser:
    """The owner, signed in, in a program where a viewer is let in too."""
    add_person(program)
    add_person(program, "viewer", Role.VIEWER)
    return enter(program, NAME)


def guess_from_a_new_device(owner: Browser, program: Program, guesses: int) -> Browser:
    """Sign the viewer in on a browser that was never here, then guess at the owner's password from it."""
    fresh = enter(program, "viewer", browser=beside(owner))
    fresh.post("/session/end")
    fresh.token = ""
    for _ in range(guesses):
        fresh.post("/session/password", {"name": NAME, "password": "a wrong guess"})
    return fresh


def test_devices_a_viewer_makes_known_give_no_fresh_guesses_at_the_owner(owner: Browser, program: Program) -> None:
    guess_from_a_new_device(owner, program, 4)
    fresh = guess_from_a_new_device(owner, program, 1)
    assert refusal(fresh.post("/session/password", {"name": NAME, "password": PASSWORD}))[0] == 403, "it waits like a stranger"
    owner.post("/session/end")
    owner.token = ""
    assert owner.post("/session/password", {"name": NAME, "password": PASSWORD}).status_code == 200, "the owner's own does not"


def test_nor_at_the_pass_phrase(owner: Browser, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    from quantbox.vault.errors import PassphraseWrong

    def refuse(_passphrase: str) -> None:
        raise PassphraseWrong

    monkeypatch.setattr(program, "unlock", refuse)
    codes = []
    for _ in range(6):
        fresh = guess_from_a_new_device(owner, program, 0)
        codes.append(refusal(fresh.post("/vault/unlock", {"passphrase": "a guess"}))[1])
    assert codes == ["vault.passphrase_wrong"] * 5 + ["user_auth.too_many_attempts"]
    assert refusal(owner.post("/vault/unlock", {"passphrase": "a guess"}))[1] == "vault.passphrase_wrong", (
        "the owner waits for nobody"
    )


def test_a_device_known_for_a_viewer_is_known_for_the_owner_once_they_sign_in_on_it(owner: Browser, program: Program) -> None:
    shared = guess_from_a_new_device(owner, program, 0)
    enter(program, NAME, browser=shared)
    shared.post("/session/end")
    shared.token = ""
    for _ in range(10):
        open_browser(program).post("/session/password", {"name": NAME, "password": "wrong"})
    enter(program, NAME, browser=shared)
    shared.post("/session/end")
    shared.token = ""
    enter(program, "viewer", browser=shared)


def test_changing_ones_password_over_and_over_is_slowed_down_for_each_tells_whether_it_is_the_pass_phrase(
    owner: Browser, program: Program
) -> None:
    viewer, present = enter(program, "viewer", browser=beside(owner)), PASSWORD
    answers = []
    for number in range(6):
        new = f"屋后 bamboo grove {number}"
        answer = viewer.post("/me/password", {"current_password": present, "new_password": new})
        answers.append(answer.status_code)
        present = new if answer.status_code == 200 else present
    assert answers == [200] * 5 + [403]
    fresh = enter(program, "viewer", present, browser=beside(owner))
    again = fresh.post("/me/password", {"current_password": present, "new_password": "屋后 bamboo grove again"})
    assert refusal(again) == (403, "user_auth.password_changed_too_often"), "whatever device it is done from"
    program.clock.advance(60)
    assert fresh.post("/me/password", {"current_password": present, "new_password": "屋后 bamboo grove again"}).status_code == 200


def test_tokens_end_with_what_was_open_when_somebody_is_switched_off_or_loses_their_factors(
    owner: Browser, program: Program
) -> None:
    tokens, viewer = program.open_services.tokens, person_of(program, "viewer")
    owner.step_up()
    first = tokens.create(viewer, "script", Role.VIEWER, Role.VIEWER)
    owner.send("PUT", f"/people/{viewer}", {"is_active": False})
    owner.send("PUT", f"/people/{viewer}", {"is_active": True})
    assert tokens.find(first.token, "127.0.0.1") is None, "switching on again brings no token back"
    second = tokens.create(viewer, "script", Role.VIEWER, Role.VIEWER)
    owner.post(f"/people/{viewer}/reset-factors")
    assert tokens.find(second.token, "127.0.0.1") is None

"""The people the owner lets in: adding, changing and removing them, and what that does to what they have open."""

from __future__ import annotations

from typing import Any

import pytest

from quantbox.core.roles import Role
from tests.user_auth.setting import cheap_passwords, enrol_totp, enter, person_of, refusal, state_of
from tests.web.program import NAME, PASSWORD, Browser, Program, add_person, browser, new_program, open_browser, program, sign_in

__all__ = ["browser", "cheap_passwords", "new_program", "program"]

NEW_PASSWORD = "tall grass, 9 herons"


@pytest.fixture
def owner(browser: Browser, cheap_passwords: None) -> Browser:
    """The owner's browser, having just proven who is there."""
    return browser.step_up()


def items(browser: Browser) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in browser.api("/people")["items"]}


def test_the_owner_lets_somebody_in_who_signs_in_with_the_password_given(program: Program, owner: Browser) -> None:
    answer = owner.post("/people", {"name": "韩梅梅", "role": "trader", "password": NEW_PASSWORD})
    assert answer.status_code == 201
    shown = items(owner)["韩梅梅"]
    assert (shown["role"], shown["is_active"], shown["has_second_factor"], shown["is_current"]) == ("trader", True, False, False)
    assert items(owner)[NAME]["is_current"]
    guest = enter(program, "韩梅梅", NEW_PASSWORD)
    assert guest.api("/me")["role"] == "trader"
    assert refusal(guest.get("/api/v1/people")) == (403, "web.role_missing")
    assert refusal(owner.post("/people", {"name": "韩梅梅 ", "role": "viewer", "password": NEW_PASSWORD})) == (
        409,
        "user_auth.name_taken",
    )


def test_a_person_who_may_not_be_is_refused_and_not_added(owner: Browser) -> None:
    changes = [
        ({"name": "x" * 41}, "user_auth.name_invalid"),
        ({"name": "bell\a"}, "user_auth.name_invalid"),
        ({"password": "kurz!"}, "user_auth.password_short"),
        ({"password": "qwertyuiop12"}, "user_auth.password_common"),
        ({"role": "root"}, "web.request_invalid"),
    ]
    for change, code in changes:
        answer = owner.post("/people", {"name": "guest", "role": "viewer", "password": NEW_PASSWORD} | change)
        assert refusal(answer) == (400, code), change
        assert change.get("password", "nothing") not in answer.get_data(as_text=True)
    assert list(items(owner)) == [NAME]


def test_sessions_follow_a_changed_role_at_once_and_end_when_somebody_is_switched_off(program: Program, owner: Browser) -> None:
    guest = sign_in(open_browser(program), program, "guest", Role.TRADER)
    guest_id = person_of(program, "guest")
    assert guest.api("/me")["role"] == "trader"
    owner.send("PUT", f"/people/{guest_id}", {"role": "viewer"})
    assert guest.api("/me")["role"] == "viewer"
    guest.step_up()
    issued = guest.post("/tokens", {"name": "script", "role": "viewer", "days": 1}).get_json()
    headers = {"Authorization": f"Bearer {issued['token']}"}
    assert open_browser(program).get("/api/v1/jobs", headers=headers).status_code == 200
    owner.send("PUT", f"/people/{guest_id}", {"is_active": False})
    assert state_of(guest) == "unlocked"
    assert open_browser(program).get("/api/v1/jobs", headers=headers).status_code == 401
    answer = open_browser(program).post("/session/password", {"name": "guest", "password": PASSWORD})
    assert refusal(answer) == (403, "user_auth.sign_in_refused")
    owner.send("PUT", f"/people/{guest_id}", {"is_active": True})
    assert state_of(guest) == "unlocked", "what was open stays ended"
    enter(program, "guest")


def test_a_reset_password_and_cleared_factors_end_what_was_open(program: Program, owner: Browser) -> None:
    guest = sign_in(open_browser(program), program, "guest", Role.VIEWER)
    guest_id = person_of(program, "guest")
    enrol_totp(program, "guest")
    assert items(owner)["guest"]["has_second_factor"]
    assert owner.post(f"/people/{guest_id}/reset-factors").status_code == 200
    assert (items(owner)["guest"]["has_second_factor"], state_of(guest)) == (False, "unlocked")
    guest = enter(program, "guest")
    assert owner.post(f"/people/{guest_id}/password", {"password": NEW_PASSWORD}).status_code == 200
    assert state_of(guest) == "unlocked"
    enter(program, "guest", NEW_PASSWORD)


def test_somebody_removed_is_gone_with_what_they_had_open(program: Program, owner: Browser) -> None:
    guest = sign_in(open_browser(program), program, "guest", Role.VIEWER)
    enrol_totp(program, "guest")
    guest_id = person_of(program, "guest")
    assert owner.send("DELETE", f"/people/{guest_id}").status_code == 200
    assert (list(items(owner)), state_of(guest)) == ([NAME], "unlocked")
    assert refusal(owner.send("DELETE", f"/people/{guest_id}")) == (404, "user_auth.person_unknown")


def test_nobody_shuts_themselves_out_and_an_owner_always_remains(program: Program, owner: Browser) -> None:
    own = person_of(program, NAME)
    calls: list[tuple[str, str, Any]] = [
        ("PUT", f"/people/{own}", {"role": "viewer"}),
        ("PUT", f"/people/{own}", {"is_active": False}),
        ("DELETE", f"/people/{own}", None),
        ("POST", f"/people/{own}/reset-factors", None),
        ("POST", f"/people/{own}/password", {"password": NEW_PASSWORD}),
    ]
    for method, path, body in calls:
        assert refusal(owner.send(method, path, body)) == (409, "user_auth.own_person_kept"), path
    people = program.open_services.people
    from quantbox.user_auth.errors import LastOwner

    for act in (
        lambda: people.change(own, role=Role.TRADER),
        lambda: people.change(own, is_active=False),
        lambda: people.remove(own),
    ):
        with pytest.raises(LastOwner):
            act()
    add_person(program, "second", Role.OWNER)
    second = enter(program, "second")
    assert second.send("PUT", f"/people/{own}", {"role": "viewer"}).status_code == 200
    assert owner.api("/me")["role"] == "viewer"


def test_every_change_of_people_and_devices_needs_a_step_up(program: Program, browser: Browser) -> None:
    changes = {
        (one.method, one.rule)
        for one in browser.client.application.extensions["quantbox.endpoints"]
        if one.changes_state and one.rule.startswith(("/people", "/devices", "/me"))
    }
    assert len(changes) >= 8
    for method, rule in changes:
        answer = browser.send(method, rule.replace("<", "x").replace(">", "x"))
        assert refusal(answer) == (403, "web.step_up_needed"), rule

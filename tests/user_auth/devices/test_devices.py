"""Known devices: what they are called, what a session on them may do, and forgetting one."""

from __future__ import annotations

from quantbox.core.roles import Role
from tests.audit.program import log_of
from tests.user_auth.setting import beside, cheap_passwords, enter, refusal, restarted, state_of
from tests.web.program import NAME, PASSWORD, Browser, Program, add_person, browser, new_program, open_browser, program, sign_in

__all__ = ["browser", "cheap_passwords", "new_program", "program"]


def device_of(owner: Browser, name: str) -> dict[str, object]:
    (device,) = [one for one in owner.api("/devices")["items"] if one["name"] == name]
    return dict(device)


def test_a_tablet_limited_to_reading_reads_and_nothing_more_whoever_signs_in_on_it(
    program: Program, browser: Browser, cheap_passwords: None
) -> None:
    token = program.open_services.devices.pair_device("客厅平板", Role.VIEWER, "192.168.1.30")
    tablet = open_browser(program)
    tablet.client.set_cookie("quantbox_device", token)
    assert tablet.api("/status")["is_known_device"]
    enter(program, NAME, browser=tablet)
    device = device_of(browser, "客厅平板")
    assert (device["is_paired"], device["max_role"], device["is_current"]) == (True, "viewer", False)
    assert tablet.api("/status")["person"] == {"name": NAME, "role": "viewer"}
    assert (tablet.api("/me")["role"], tablet.api("/me")["person_role"]) == ("viewer", "owner")
    assert tablet.api("/jobs")["items"] == []
    assert refusal(tablet.send("PUT", "/settings", {"theme": "dark"})) == (403, "web.role_missing")
    assert refusal(tablet.post("/vault/lock")) == (403, "web.role_missing")
    assert [one["person"] for one in tablet.api("/sessions")["items"]] == [NAME] * 2, "only the person's own"

    browser.step_up()
    answer = browser.send("PUT", f"/devices/{device['id']}", {"max_role": "trader", "name": "书房平板"})
    assert answer.status_code == 200
    assert tablet.api("/me")["role"] == "trader", "a session follows at once"
    browser.send("PUT", f"/devices/{device['id']}", {"max_role": "owner"})
    assert tablet.api("/me")["role"] == "owner"
    assert device_of(browser, "书房平板")["max_role"] == "owner"
    assert refusal(browser.send("PUT", f"/devices/{device['id']}", {"name": "  "})) == (400, "web.request_invalid")


def test_a_device_raises_nobody(program: Program, cheap_passwords: None) -> None:
    token = program.open_services.devices.pair_device("平板", Role.OWNER, "192.168.1.30")
    add_person(program, "viewer", Role.VIEWER)
    tablet = open_browser(program)
    tablet.client.set_cookie("quantbox_device", token)
    enter(program, "viewer", browser=tablet)
    assert tablet.api("/me")["role"] == "viewer"


def test_a_revoked_device_is_signed_out_and_an_unknown_one_from_then_on(
    program: Program, browser: Browser, cheap_passwords: None
) -> None:
    tablet = enter(program, NAME, browser=beside(browser))
    (device,) = [one for one in tablet.api("/devices")["items"] if one["is_current"]]
    assert refusal(browser.send("DELETE", f"/devices/{device['id']}")) == (403, "web.step_up_needed")
    browser.step_up()
    assert browser.send("DELETE", f"/devices/{device['id']}").status_code == 200
    assert (state_of(tablet), tablet.api("/status")["is_known_device"]) == ("unlocked", False)
    assert refusal(browser.send("DELETE", f"/devices/{device['id']}")) == (404, "user_auth.device_unknown")
    tablet.token = ""
    answer = tablet.post("/session/password", {"name": NAME, "password": PASSWORD})
    assert answer.status_code == 200
    (session,) = [one for one in tablet.api("/sessions")["items"] if one["is_current"]]
    assert session["is_new_place"], "it comes as a new device"


def test_whoever_is_not_the_owner_sees_their_own_devices_and_changes_none(program: Program, browser: Browser) -> None:
    viewer = sign_in(open_browser(program), program, "viewer", Role.VIEWER)
    (own,) = viewer.api("/devices")["items"]
    assert own["is_current"]
    assert len(browser.api("/devices")["items"]) == 2
    assert refusal(viewer.send("DELETE", f"/devices/{own['id']}")) == (403, "web.role_missing")
    assert refusal(viewer.send("PUT", f"/devices/{own['id']}", {"max_role": "owner"})) == (403, "web.role_missing")


def test_a_lost_file_of_counts_knows_the_devices_of_the_store_again(program: Program, cheap_passwords: None) -> None:
    add_person(program)
    browser = enter(program, NAME)
    program.folder.attempts_file.write_bytes(b"damaged")
    guesser = restarted(program)
    for _ in range(10):
        guesser.post("/session/password", {"name": NAME, "password": "wrong"})
    known, device = beside(guesser), browser.client.get_cookie("quantbox_device")
    assert device is not None
    known.client.set_cookie("quantbox_device", device.value)
    enter(program, NAME, browser=known)
    assert [record.outcome for record in log_of(program) if record.act == "session.attempts_lost"] == ["failed"]

"""Promise 24 from the side of whoever leaves the device's cookie away: what a browser on the LAN that is not paired gets."""

from __future__ import annotations

import json

from quantbox.core.roles import Role
from quantbox.vault.handover import sign
from tests.lan.tablets import Lan, Tablet
from tests.user_auth.setting import cheap_passwords, refusal
from tests.web.program import NAME, PASSPHRASE, PASSWORD, Browser, Program

__all__ = ["cheap_passwords"]

CREDENTIALS = {"name": NAME, "password": PASSWORD}


def paired(lan_program: Lan, program: Program, max_role: Role) -> Tablet:
    """Return a tablet the owner has paired."""
    tablet = lan_program.tablet()
    token = program.open_services.devices.pair_device("平板", max_role, "192.168.1.20")
    tablet.client.set_cookie("quantbox_device", token, domain=tablet.host)
    return tablet


def test_promise_24_a_tablet_that_forgets_its_cookie_does_not_outgrow_its_limit(
    lan_program: Lan, owner: Browser, program: Program, cheap_passwords: None
) -> None:
    tablet = paired(lan_program, program, Role.VIEWER)
    assert tablet.post("/session/password", CREDENTIALS).status_code == 200
    assert tablet.get("/api/v1/status").get_json()["person"]["role"] == "viewer"
    bare = lan_program.tablet()
    assert refusal(bare.post("/session/password", CREDENTIALS)) == (403, "user_auth.pairing_needed")
    assert refusal(bare.post("/session/password", {"name": "nobody", "password": "x"})) == (403, "user_auth.pairing_needed")
    body = {"passphrase": PASSPHRASE, "new_password": "another 长 password 七"}
    assert refusal(bare.post("/session/reset-password", body)) == (403, "user_auth.pairing_needed")
    assert refusal(bare.post("/owner/password", {"passphrase": PASSPHRASE, **CREDENTIALS})) == (403, "user_auth.pairing_needed")
    (device,) = [one for one in owner.api("/devices")["items"] if one["is_paired"]]
    assert owner.send("DELETE", f"/devices/{device['id']}").status_code == 200
    tablet.token = ""
    assert refusal(tablet.post("/session/password", CREDENTIALS)) == (403, "user_auth.pairing_needed"), "nor does a revoked one"


def test_the_cookie_of_a_browser_on_the_computer_pairs_nothing(lan_program: Lan, owner: Browser, cheap_passwords: None) -> None:
    window, tablet = lan_program.window(), lan_program.tablet()
    assert window.post("/session/password", CREDENTIALS).status_code == 200
    cookie = window.client.get_cookie("quantbox_device")
    assert cookie is not None
    tablet.client.set_cookie("quantbox_device", cookie.value, domain=tablet.host)
    assert refusal(tablet.post("/session/password", CREDENTIALS)) == (403, "user_auth.pairing_needed")


def test_what_only_this_machine_does_is_not_there_on_the_lan(lan_program: Lan, program: Program) -> None:
    content = json.dumps({}).encode()
    signature = sign(program.open_services.keys.handover, "POST", "/api/v1/commands/people.list", content)
    tablet = lan_program.tablet()
    headers = {"Authorization": signature, "Content-Type": "application/json"}
    answer = tablet.client.post("/api/v1/commands/people.list", data=content, headers=headers, **tablet.options)
    assert answer.status_code == 404
    assert lan_program.window().client.post("/api/v1/commands/people.list", data=content, headers=headers).status_code in (
        200,
        403,
    )
    assert refusal(tablet.post("/vault/create", {"passphrase": PASSPHRASE, **CREDENTIALS})) == (403, "user_auth.pairing_needed")
    restore = tablet.client.post(
        "/api/v1/restore", data={}, headers={"X-CSRF-Token": tablet.token, "Origin": tablet.origin}, **tablet.options
    )
    assert restore.status_code in (404, 415)

"""The owner's switch of the LAN over HTTP, with a real listener that has no address to listen on."""

from __future__ import annotations

import pytest

from quantbox.app.lan import listener as listening
from quantbox.core.roles import Role
from quantbox.user_auth.pairing.models import Tablet as Taken
from tests.lan.tablets import Lan
from tests.user_auth.setting import refusal
from tests.web.program import Browser, Program, open_browser, sign_in


@pytest.fixture
def window(program: Program, monkeypatch: pytest.MonkeyPatch) -> Browser:
    """The owner at the window, having proven who is there; the LAN was never on."""
    monkeypatch.setattr(listening, "own_private_addresses", lambda: ())
    return sign_in(open_browser(program), program).step_up()


def test_turning_it_on_makes_name_and_certificate_and_off_keeps_them(window: Browser) -> None:
    before = window.api("/lan")
    assert (before["is_on"], before["name"], before["fingerprint"], before["urls"]) == (False, None, None, [])
    on = window.send("PUT", "/lan", {"is_on": True, "port": 9000}).get_json()
    assert (on["is_on"], on["port"], on["problem"]) == (True, 9000, None)
    assert on["urls"] == [f"https://{on['name']}:9000/"]
    off = window.send("PUT", "/lan", {"is_on": False, "port": 9000}).get_json()
    assert (off["is_on"], off["name"], off["fingerprint"]) == (False, on["name"], on["fingerprint"])
    assert refusal(window.send("PUT", "/lan", {"is_on": True, "port": 80})) == (400, "web.request_invalid")


def test_another_authority_forgets_every_paired_tablet_and_ends_their_pairings(window: Browser, program: Program) -> None:
    assert refusal(window.post("/lan/authority")) == (409, "user_auth.lan_needed")
    on = window.send("PUT", "/lan", {"is_on": True, "port": 9000}).get_json()
    services = program.open_services
    cookie = services.devices.pair_device("客厅的 iPad", Role.VIEWER, "192.168.1.20")
    invitation = services.pairings.invite(Role.VIEWER, b"f" * 32)
    services.pairings.take(invitation.code, Taken("other", "192.168.1.21"), "A" * 22)
    answer = window.post("/lan/authority")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    renewed = answer.get_json()
    assert renewed["name"] != on["name"]
    assert renewed["fingerprint"] != on["fingerprint"]
    assert services.devices.find(cookie) is None
    assert [one["is_paired"] for one in window.api("/devices")["items"]] == [False], "the window itself stays"
    assert window.api(f"/pairing/{invitation.id}")["state"] == "refused"
    done = next(
        one
        for one in window.api("/audit", text="", limit=20)["items"]
        if one["act"] == "lan.authority" and one["outcome"] == "done"
    )
    assert done["facts"] == {"tablets": 1}


def test_another_authority_is_made_at_the_computer_alone(lan_program: Lan, owner: Browser, program: Program) -> None:
    tablet = lan_program.tablet().take_session(program)
    tablet.step_up()
    assert refusal(tablet.post("/lan/authority")) == (409, "lan.computer_needed")
    assert refusal(sign_in(lan_program.window(), program).post("/lan/authority")) == (403, "web.step_up_needed")
    assert owner.get("/api/v1/lan/authority.crt").get_data() == lan_program.door.certificate

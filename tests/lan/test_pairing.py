"""Promise 23 over HTTP: the owner at the window, a tablet on the LAN, and others who would like to be that tablet."""

from __future__ import annotations

import base64
import hashlib
import secrets
import xml.etree.ElementTree as ET
from typing import Any

from quantbox.core.roles import Role
from tests.lan.authorities import NAME
from tests.lan.tablets import ADDRESS, PORT, Lan, Tablet
from tests.web.program import Browser, Program, open_browser, sign_in


def fields_of(url: str) -> dict[str, str]:
    address, _, fragment = url.partition("#")
    assert address == f"https://{NAME}:{PORT}/pair"
    return dict(part.split("=", 1) for part in fragment.split("&"))


def content(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def invite(owner: Browser, **body: Any) -> Any:
    answer = owner.post("/pairing", {"max_role": "viewer", **body})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return answer.get_json()


def bring(tablet: Tablet, code: str, name: str = "iPad") -> Any:
    nonce = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
    return tablet.post("/pair", {"code": code, "name": name, "nonce": nonce})


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_promise_23_a_tablet_is_invited_compared_confirmed_and_known(lan_program: Lan, owner: Browser, program: Program) -> None:
    invited = invite(owner)
    fields, tablet = fields_of(invited["url"]), lan_program.tablet()
    fingerprint = hashlib.sha256(lan_program.door.certificate).digest()
    assert content(fields["f"]) == fingerprint
    assert invited["fingerprint"].replace(":", "").lower() == fingerprint.hex()
    assert len(content(fields["c"])) * 8 >= 64
    assert ET.fromstring(invited["qr_svg"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert owner.api(f"/pairing/{invited['id']}")["state"] == "waiting"

    nonce = bring(tablet, fields["c"]).get_json()["nonce"]
    assert hashlib.sha256(content(nonce)).digest() == content(fields["n"])
    assert tablet.get("/api/v1/pair").get_json() == {"state": "compare"}
    shown = owner.api(f"/pairing/{invited['id']}")
    assert (shown["state"], shown["device"]) == ("compare", {"name": "iPad", "address": "192.168.1.20"})
    assert len(shown["words"]) == 6
    assert tablet.cookie("quantbox_device") == ""  # nothing yet: the owner has not spoken
    assert owner.post(f"/pairing/{invited['id']}/confirm", {"name": "客厅的 iPad"}).status_code == 200
    answer = tablet.get("/api/v1/pair")
    assert answer.get_json() == {"state": "done"}
    given = next(one for one in answer.headers.getlist("Set-Cookie") if one.startswith("quantbox_device="))
    assert {"Secure", "HttpOnly", "SameSite=Strict"} <= {part.strip() for part in given.split(";")}
    known = program.open_services.devices.find(tablet.cookie("quantbox_device"))
    assert known is not None
    assert (known.name, known.is_paired, known.max_role, known.last_address) == ("客厅的 iPad", True, Role.VIEWER, "192.168.1.20")
    assert tablet.get("/api/v1/status").get_json()["is_known_device"] is True


def test_promise_24_the_owner_on_a_tablet_for_viewing_only_views(lan_program: Lan, owner: Browser, program: Program) -> None:
    invited, tablet = invite(owner), lan_program.tablet()
    bring(tablet, fields_of(invited["url"])["c"])
    owner.post(f"/pairing/{invited['id']}/confirm", {"name": "iPad"})
    tablet.get("/api/v1/pair")
    tablet.client.set_cookie("quantbox_device", tablet.cookie("quantbox_device"))  # where the shortcut below looks for it
    tablet.take_session(program)
    assert tablet.get("/api/v1/status").get_json()["person"]["role"] == "viewer"
    assert code_of(tablet.get("/api/v1/lan")) == (403, "web.role_missing")
    assert code_of(tablet.post("/vault/lock")) == (403, "web.role_missing")
    device = next(one for one in owner.api("/devices")["items"] if one["is_paired"])
    assert owner.send("DELETE", f"/devices/{device['id']}").status_code == 200
    assert code_of(tablet.get("/api/v1/overview")) == (401, "web.sign_in_needed")
    assert tablet.get("/api/v1/status").get_json()["is_known_device"] is False


def test_promise_23_a_replayed_code_an_old_one_and_a_guess_get_one_answer(
    lan_program: Lan, owner: Browser, program: Program
) -> None:
    tablet, thief = lan_program.tablet(), lan_program.tablet("192.168.1.66")
    used = fields_of(invite(owner)["url"])["c"]
    assert bring(tablet, used).status_code == 200
    answers = [bring(thief, used, "thief")]
    old = fields_of(invite(owner)["url"])["c"]
    program.clock.advance(120)
    answers += [bring(thief, old), bring(thief, base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("="))]
    assert [code_of(answer) for answer in answers] == [(403, "user_auth.pairing_code_refused")] * 3
    assert len({answer.get_data() for answer in answers}) == 1
    assert thief.get("/api/v1/pair").status_code == 404
    assert not any(one["is_paired"] for one in owner.api("/devices")["items"])


def test_promise_23_of_two_tablets_one_gets_the_code_and_only_its_words_are_shown(lan_program: Lan, owner: Browser) -> None:
    invited = invite(owner)
    code = fields_of(invited["url"])["c"]
    thief, tablet = lan_program.tablet("192.168.1.66"), lan_program.tablet()
    assert bring(thief, code, "iPad").status_code == 200
    assert code_of(bring(tablet, code)) == (403, "user_auth.pairing_code_refused")  # the owner's own tablet shows no words
    assert owner.api(f"/pairing/{invited['id']}")["device"]["address"] == "192.168.1.66"
    assert owner.send("DELETE", f"/pairing/{invited['id']}").get_json()["state"] == "refused"
    assert thief.get("/api/v1/pair").get_json() == {"state": "refused"}
    assert code_of(owner.post(f"/pairing/{invited['id']}/confirm", {"name": "iPad"})) == (409, "user_auth.pairing_not_ready")
    assert thief.cookie("quantbox_device") == ""


def test_pairing_is_the_owners_after_a_step_up_and_ends_with_the_vault(
    lan_program: Lan, owner: Browser, program: Program
) -> None:
    for role in (Role.VIEWER, Role.TRADER):
        other = sign_in(lan_program.window(), program, role.value, role)
        assert code_of(other.post("/pairing", {"max_role": "owner"})) == (403, "web.role_missing")
    assert code_of(sign_in(lan_program.window(), program).post("/pairing", {"max_role": "owner"})) == (403, "web.step_up_needed")
    code = fields_of(invite(owner)["url"])["c"]
    program.lock()
    assert code_of(bring(lan_program.tablet(), code)) == (403, "vault.locked")


def test_the_tablets_side_is_on_the_lan_only(lan_program: Lan, owner: Browser) -> None:
    code = fields_of(invite(owner)["url"])["c"]
    window = lan_program.window()
    assert window.get("/api/v1/pair/authority.crt").status_code == 404
    assert window.get("/api/v1/pair").status_code == 404
    assert window.post("/pair", {"code": code, "name": "x", "nonce": "A" * 22}).status_code == 404
    assert bring(lan_program.tablet(), code).status_code == 200


def test_the_certificate_is_served_to_install_and_is_the_very_one(lan_program: Lan, owner: Browser) -> None:
    answer = lan_program.tablet().get("/api/v1/pair/authority.crt")
    assert (answer.status_code, answer.mimetype) == (200, "application/x-x509-ca-cert")
    assert answer.get_data() == lan_program.door.certificate
    assert "quantbox-authority.crt" in answer.headers["Content-Disposition"]
    assert owner.get("/api/v1/lan/authority.crt").get_data() == lan_program.door.certificate


def test_the_owner_chooses_the_host_the_qr_names(lan_program: Lan, owner: Browser) -> None:
    chosen = invite(owner, host=ADDRESS)["url"]
    assert chosen.startswith(f"https://{ADDRESS}:{PORT}/pair#")
    assert code_of(owner.post("/pairing", {"max_role": "viewer", "host": "evil.example"})) == (
        400,
        "user_auth.pairing_host_unknown",
    )
    lan_program.door.hosts = ()
    assert code_of(owner.post("/pairing", {"max_role": "viewer"})) == (409, "user_auth.lan_needed")


def test_a_tablet_needs_a_name(owner: Browser) -> None:
    for body in ({"name": ""}, {"name": " "}, {"name": "x" * 81}, {}):
        assert code_of(owner.post("/pairing/x/confirm", body)) == (400, "web.request_invalid"), body


def test_pairing_is_recorded_without_its_secrets(lan_program: Lan, owner: Browser, program: Program) -> None:
    invited = invite(owner)
    fields = fields_of(invited["url"])
    bring(lan_program.tablet(), fields["c"])
    owner.post(f"/pairing/{invited['id']}/confirm", {"name": "iPad"})
    page = owner.api("/audit", text="", limit=50)
    acts = {one["act"]: one for one in page["items"]}
    assert {"pairing.invite", "pairing.take", "pairing.confirm"} <= set(acts)
    assert fields["c"] not in str(page)
    assert acts["pairing.take"]["address"] == "192.168.1.20"
    assert open_browser(program).get("/api/v1/audit").status_code == 401

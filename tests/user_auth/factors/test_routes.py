"""Second factors as a browser enrols, uses and removes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.roles import Role
from quantbox.user_auth.factors.sms.aliyun import AliyunCompanySms
from quantbox.web.api import API_PREFIX
from tests.user_auth.factors.aliyun_stub import aliyun
from tests.user_auth.factors.authenticator import Authenticator
from tests.user_auth.factors.setting import PASSWORD, cheap_passwords, sign_in, step_up
from tests.user_auth.factors.test_totp import code_at
from tests.web.program import Browser, Program, new_program, open_browser, program

__all__ = ["cheap_passwords", "new_program", "program"]

#: Everything that changes second factors or how codes are sent, with a body that fits.
CHANGES: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/me/totp", None),
    ("POST", "/me/totp/confirm", {"code": "123456"}),
    ("DELETE", "/me/totp", None),
    ("POST", "/me/passkeys/options", None),
    ("POST", "/me/passkeys", {"name": "x", "credential": {}}),
    ("DELETE", "/me/passkeys/x", None),
    ("POST", "/me/recovery-codes", None),
    ("POST", "/me/sms", {"phone": "13812345678"}),
    ("POST", "/me/sms/confirm", {"code": "123456"}),
    ("DELETE", "/me/sms", None),
    ("PUT", "/settings/sms", {"provider": "off"}),
    ("POST", "/settings/sms/test", {"phone": "13812345678"}),
]


@pytest.fixture
def browser(program: Program, cheap_passwords: None) -> Browser:
    """The owner's browser."""
    return sign_in(program)


def enrol_totp(browser: Browser, clock: FixedClock) -> tuple[str, list[str]]:
    """Enrol an authenticator app; returns its secret and the recovery codes."""
    step_up(browser)
    secret = browser.post("/me/totp").get_json()["secret"]
    codes = browser.post("/me/totp/confirm", {"code": code_at(secret, clock)}).get_json()["recovery_codes"]
    clock.advance(60)
    return secret, codes


def test_every_change_needs_a_step_up(browser: Browser, clock: FixedClock) -> None:
    step_up(browser)
    clock.advance(300)
    for method, path, body in CHANGES:
        answer = browser.send(method, path, body)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "web.step_up_needed"), path
    declared = {
        (one.method, one.rule)
        for one in browser.client.application.extensions["quantbox.endpoints"]
        if one.capability == "factors" and one.changes_state
    }
    assert declared == {(method, path.replace("/passkeys/x", "/passkeys/<factor_id>")) for method, path, _ in CHANGES}


def test_an_authenticator_app_is_enrolled_signs_in_steps_up_and_is_removed(
    program: Program, browser: Browser, clock: FixedClock
) -> None:
    assert browser.api("/me/factors") == {
        "totp": None,
        "passkeys": [],
        "recovery_codes_left": 0,
        "sms": None,
        "passkeys_possible": True,
        "passkeys_reason": None,
        "sms_possible": False,
    }
    step_up(browser)
    begun = browser.post("/me/totp").get_json()
    assert set(begun) == {"secret", "uri", "qr_svg"}
    assert browser.api("/me/factors")["totp"] is None
    wrong = browser.post("/me/totp/confirm", {"code": "000000"})
    assert (wrong.status_code, wrong.get_json()["code"]) == (403, "user_auth.code_refused")
    codes = browser.post("/me/totp/confirm", {"code": code_at(begun["secret"], clock)}).get_json()["recovery_codes"]
    assert len(codes) == 10
    assert browser.api("/me/factors")["totp"] is not None
    assert browser.api("/me/factors")["recovery_codes_left"] == 10
    clock.advance(60)

    second = open_browser(program)
    first_step = second.post("/session/password", {"name": "李雷", "password": PASSWORD}).get_json()
    assert (first_step["state"], first_step["methods"]) == ("second_factor", ["totp", "recovery"])
    assert second.client.get(f"{API_PREFIX}/me/factors").status_code == 401
    used = code_at(begun["secret"], clock)
    assert second.post("/session/code", {"method": "totp", "code": used}).get_json()["state"] == "signed_in"

    third = open_browser(program)
    third.post("/session/password", {"name": "李雷", "password": PASSWORD})
    told = [
        (answer.status_code, answer.get_json()["code"], answer.get_json()["detail"])
        for code in (used, code_at(begun["secret"], clock, -30), "000000")
        for answer in (third.post("/session/code", {"method": "totp", "code": code}),)
    ]
    assert len(set(told)) == 1
    assert third.post("/session/code", {"method": "recovery", "code": codes[3]}).get_json()["state"] == "signed_in"

    clock.advance(300)
    assert browser.post("/session/step-up", {"method": "password", "code": PASSWORD}).status_code == 403
    step_up(browser, "totp", code_at(begun["secret"], clock))
    answer = browser.send("DELETE", "/me/totp")
    assert (answer.get_json()["totp"], answer.get_json()["recovery_codes_left"]) == (None, 0)
    fourth = open_browser(program)
    assert fourth.post("/session/password", {"name": "李雷", "password": PASSWORD}).get_json()["state"] == "signed_in"


def test_wrong_codes_at_enrolling_are_slowed_down_too(browser: Browser, clock: FixedClock) -> None:
    step_up(browser)
    secret = browser.post("/me/totp").get_json()["secret"]
    codes = [browser.post("/me/totp/confirm", {"code": "00000"}).get_json()["code"] for _ in range(6)]
    assert codes == ["user_auth.code_refused"] * 5 + ["user_auth.too_many_attempts"]
    assert browser.post("/me/totp/confirm", {"code": code_at(secret, clock)}).status_code == 403
    clock.advance(1)
    assert browser.post("/me/totp/confirm", {"code": code_at(secret, clock)}).status_code == 200


def test_wrong_codes_at_sign_in_are_slowed_down_and_a_device_that_is_known_is_not(
    program: Program, browser: Browser, clock: FixedClock
) -> None:
    secret, codes = enrol_totp(browser, clock)
    guesser = open_browser(program)
    guesser.post("/session/password", {"name": "李雷", "password": PASSWORD})
    told = [
        guesser.post("/session/code", {"method": method, "code": "000000"}).get_json()["code"]
        for method in ("totp", "recovery", "totp", "sms", "totp", "recovery")
    ]
    assert told == ["user_auth.code_refused"] * 5 + ["user_auth.too_many_attempts"]
    right = guesser.post("/session/code", {"method": "recovery", "code": codes[0]})
    assert right.get_json()["code"] == "user_auth.too_many_attempts"
    browser.post("/session/end")
    browser.post("/session/password", {"name": "李雷", "password": PASSWORD})
    known = browser.post("/session/code", {"method": "totp", "code": code_at(secret, clock)})
    assert known.get_json()["state"] == "signed_in"


def test_a_passkey_signs_in_and_steps_up(program: Program, browser: Browser) -> None:
    step_up(browser)
    device = Authenticator("http://localhost", "localhost")
    body = {"name": " 指纹 ", "credential": device.create(browser.post("/me/passkeys/options").get_json())}
    assert len(browser.post("/me/passkeys", body).get_json()["recovery_codes"]) == 10
    (passkey,) = browser.api("/me/factors")["passkeys"]
    assert passkey["name"] == "指纹"

    second = open_browser(program)
    methods = second.post("/session/password", {"name": "李雷", "password": PASSWORD}).get_json()["methods"]
    assert methods == ["passkey", "recovery"]
    answer = device.get(second.post("/session/passkey/options").get_json())
    assert second.post("/session/passkey", {"credential": answer}).get_json()["state"] == "signed_in"
    replayed = open_browser(program)
    replayed.post("/session/password", {"name": "李雷", "password": PASSWORD})
    refused = replayed.post("/session/passkey", {"credential": answer})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "user_auth.code_refused")

    answer = device.get(second.post("/session/step-up/passkey/options").get_json())
    assert second.post("/session/step-up/passkey", {"credential": answer}).status_code == 200
    gone = second.send("DELETE", f"/me/passkeys/{passkey['id']}")
    assert gone.get_json()["passkeys"] == []


def test_passkeys_are_not_offered_at_a_bare_address(program: Program, browser: Browser) -> None:
    cookie = browser.client.get_cookie("quantbox_session")
    assert cookie is not None
    browser.client.set_cookie("quantbox_session", cookie.value, domain="127.0.0.1")
    answer = browser.client.get(f"{API_PREFIX}/me/factors", base_url="http://127.0.0.1").get_json()
    assert answer["passkeys_possible"] is False
    assert "http://127.0.0.1" in answer["passkeys_reason"]


def test_codes_by_text_message_are_configured_tried_and_used(
    program: Program, browser: Browser, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    step_up(browser)
    assert browser.api("/settings/sms")["provider"] == "off"
    refused = browser.post("/me/sms", {"phone": "13812345678"})
    assert (refused.status_code, refused.get_json()["code"]) == (409, "user_auth.sms_off")
    settings = {
        "provider": "aliyun_company",
        "access_key_id": "LTAI5tExample",
        "access_key_secret": "the-access-key-secret",
        "sign_name": "量化宝盒",
        "template_code": "SMS_123456789",
    }
    told = browser.send("PUT", "/settings/sms", settings)
    assert told.get_json()["has_access_key_secret"] is True
    assert "the-access-key-secret" not in told.get_data(as_text=True)
    with aliyun() as stub:
        sms = program.open_services.factors.sms_settings
        monkeypatch.setattr(sms, "_make_sender", lambda *chosen: AliyunCompanySms(*chosen, stub.endpoint))

        def arrived() -> str:
            return str(json.loads(stub.calls[-1].fields["TemplateParam"])["code"])

        sent = browser.post("/settings/sms/test", {"phone": "13900000000"}).get_json()
        assert sent == {"sent_to": "139****0000", "retry_after_seconds": 60}
        clock.advance(60)
        assert browser.post("/me/sms", {"phone": "138 1234 5678"}).get_json()["sent_to"] == "138****5678"
        again = browser.post("/me/sms", {"phone": "138 1234 5678"})
        assert (again.status_code, again.headers["Retry-After"]) == (403, "60")
        assert len(browser.post("/me/sms/confirm", {"code": arrived()}).get_json()["recovery_codes"]) == 10
        assert browser.api("/me/factors")["sms"] == {"phone_masked": "138****5678"}
        clock.advance(60)
        second = open_browser(program)
        assert second.post("/session/password", {"name": "李雷", "password": PASSWORD}).get_json()["methods"] == [
            "sms",
            "recovery",
        ]
        assert second.post("/session/sms").get_json()["sent_to"] == "138****5678"
        assert second.post("/session/code", {"method": "sms", "code": arrived()}).get_json()["state"] == "signed_in"
        stub.code = "isv.AMOUNT_NOT_ENOUGH"
        clock.advance(60)
        failed = browser.post("/settings/sms/test", {"phone": "13900000000"})
        assert (failed.status_code, failed.get_json()["code"]) == (503, "user_auth.sms_unpaid")


def test_only_the_owner_says_how_codes_are_sent(program: Program, cheap_passwords: None) -> None:
    viewer = sign_in(program, "韩梅梅", Role.VIEWER)
    step_up(viewer)
    for method, path, body in (("GET", "/settings/sms", None), *(one for one in CHANGES if one[1].startswith("/settings"))):
        assert viewer.send(method, path, body).get_json()["code"] == "web.role_missing", path


def test_changes_are_recorded_without_what_is_secret(program: Program, browser: Browser, clock: FixedClock) -> None:
    secret, codes = enrol_totp(browser, clock)
    browser.send("DELETE", "/me/totp")
    items = browser.api("/audit")["items"]
    acts = [(item["act"], item["outcome"]) for item in items if item["act"].startswith("factors.")]
    assert acts == [("factors.totp.remove", "done"), ("factors.totp.enrol", "done"), ("factors.totp.begin", "done")]
    written = json.dumps(items, ensure_ascii=False)
    assert secret not in written
    assert not [code for code in codes if code in written]

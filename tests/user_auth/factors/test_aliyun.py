"""Aliyun's two services through their real SDKs: what they refuse, answers nobody understands, and silence."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from quantbox.core.errors import QuantBoxError
from quantbox.user_auth.factors.sms import aliyun as adapter
from quantbox.user_auth.factors.sms.aliyun import AliyunCompanySms, AliyunPersonalSms
from quantbox.user_auth.factors.sms.base import AccessKey, SmsProvider, SmsSettings
from tests.user_auth.factors.aliyun_stub import COMPANY, PERSONAL, PHONE, AliyunStub, aliyun, service

__all__ = ["service"]

# Code of Aliyun's -> code of ours; HTTP status as the services use it (business codes come with 200, the gateway's with 4xx)
CODES = [
    ("isv.BUSINESS_LIMIT_CONTROL", 200, "user_auth.sms_provider_limit"),
    ("biz.FREQUENCY", 200, "user_auth.sms_provider_limit"),
    ("Throttling.User", 400, "user_auth.sms_provider_limit"),
    ("isv.AMOUNT_NOT_ENOUGH", 200, "user_auth.sms_unpaid"),
    ("isv.OUT_OF_SERVICE", 200, "user_auth.sms_unpaid"),
    ("isv.MOBILE_NUMBER_ILLEGAL", 200, "user_auth.phone_invalid"),
    ("isv.SMS_SIGNATURE_ILLEGAL", 200, "user_auth.sms_misconfigured"),
    ("isv.SMS_TEMPLATE_ILLEGAL", 200, "user_auth.sms_misconfigured"),
    ("isv.TEMPLATE_MISSING_PARAMETERS", 200, "user_auth.sms_misconfigured"),
    ("isv.INVALID_JSON_PARAM", 200, "user_auth.sms_misconfigured"),
    ("InvalidAccessKeyId.NotFound", 404, "user_auth.sms_key_refused"),
    ("SignatureDoesNotMatch", 400, "user_auth.sms_key_refused"),
    ("Forbidden.RAM", 403, "user_auth.sms_key_refused"),
    ("isp.SYSTEM_ERROR", 200, "user_auth.sms_unavailable"),
    ("InternalError", 500, "user_auth.sms_unavailable"),
    ("isv.SOMETHING_NEW", 200, "user_auth.sms_unavailable"),
    ("<b>no code</b>", 200, "user_auth.sms_unavailable"),
]


#: Both services' answers are read in one place; a business code and one of the gateway show that both come there.
REFUSALS = [(COMPANY, *refusal) for refusal in CODES] + [(PERSONAL, *CODES[1]), (PERSONAL, *CODES[10])]


@pytest.mark.parametrize(("settings", "theirs", "status", "ours"), REFUSALS)
def test_what_aliyun_refuses_is_said_clearly(
    service: AliyunStub, settings: SmsSettings, theirs: str, status: int, ours: str
) -> None:
    service.code, service.status = theirs, status
    with pytest.raises(QuantBoxError) as refusal:
        send(settings, service)
    assert refusal.value.code == ours
    told = refusal.value.message("zh") + refusal.value.message("en") + str(refusal.value.facts)
    assert PHONE not in told
    assert "864209" not in told
    assert "<b>" not in told
    if ours != "user_auth.phone_invalid" and "<" not in theirs:
        assert theirs in refusal.value.message("zh")


@pytest.mark.parametrize("settings", [COMPANY, PERSONAL], ids=["company", "personal"])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>a proxy's page</html>"),
        (200, b""),
        (200, b"[]"),
        (200, b"null"),
        (200, b'{"Code": 7}'),
        (200, b'{"Code": {"a": 1}}'),
        (502, b"Bad Gateway"),
        (400, b'"x"'),
        (200, b"\xff\xfe"),
    ],
)
def test_an_answer_that_cannot_be_understood_is_no_answer(
    service: AliyunStub, settings: SmsSettings, status: int, body: bytes
) -> None:
    service.status, service.body = status, body
    with pytest.raises(QuantBoxError) as refusal:
        send(settings, service)
    assert (refusal.value.code, refusal.value.facts) == ("user_auth.sms_unavailable", {"provider_code": "no_answer"})


@pytest.mark.parametrize("settings", [COMPANY, PERSONAL], ids=["company", "personal"])
def test_a_silent_service_is_given_up_and_not_asked_again(settings: SmsSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "READ_TIMEOUT_MS", 200)
    with aliyun() as stub:
        stub.speaks.clear()
        with pytest.raises(QuantBoxError, match="no_answer") as refusal:
            send(settings, stub)
        assert stub.asked.wait(20)
        stub.speaks.set()
    assert refusal.value.code == "user_auth.sms_unavailable"
    assert len(stub.calls) == 1  # a message may have gone out


def test_an_absent_service_is_given_up(service: AliyunStub) -> None:
    service.port = 1
    with pytest.raises(QuantBoxError, match="no_answer"):
        send(COMPANY, service)


def send(settings: SmsSettings, service: AliyunStub) -> None:
    """Send one code through the real SDK."""
    key = AccessKey("LTAI5tExample", "the-access-key-secret")
    if settings.provider is SmsProvider.ALIYUN_COMPANY:
        AliyunCompanySms(settings, key, service.endpoint).send(PHONE, "864209")
    else:
        AliyunPersonalSms(settings, key, service.endpoint).make(PHONE)


def test_nothing_of_a_message_reaches_the_log(
    service: AliyunStub, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUG", "sdk")  # what makes the SDKs write every request
    caplog.set_level("DEBUG", logger="darabonba-core")
    for settings in (COMPANY, PERSONAL):
        send(settings, service)
        service.body = b"not json"
        with pytest.raises(QuantBoxError):
            send(settings, service)
        service.body = None
    written = "".join(capfd.readouterr()) + caplog.text
    for secret in (PHONE, "864209", "LTAI5tExample", "ACS3"):
        assert secret not in written


def test_the_sdks_are_imported_by_the_first_message_only() -> None:
    program = (
        "import sys, quantbox.user_auth.factors.service, quantbox.user_auth.factors.sms.aliyun\n"
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('Tea', 'darabonba', 'aiohttp', 'requests', 'webauthn', 'segno') or name.startswith('alibabacloud')])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_the_adapter_fits_what_it_is_used_as(service: AliyunStub) -> None:
    senders: list[Any] = [adapter.make_aliyun_sender(one, AccessKey("a", "b")) for one in (COMPANY, PERSONAL)]
    assert [type(one) for one in senders] == [AliyunCompanySms, AliyunPersonalSms]
    hosts = [one._endpoint.host for one in senders]
    assert hosts == ["dysmsapi.aliyuncs.com", "dypnsapi.aliyuncs.com"]
    assert {one._endpoint.protocol for one in senders} == {"https"}

"""Phones and the codes sent to them, through Aliyun's real SDKs against a local service that answers as Aliyun does."""

from __future__ import annotations

import hashlib
import json

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import FixedClock
from quantbox.core.errors import QuantBoxError
from quantbox.user_auth.factors.errors import CodeRefused
from quantbox.user_auth.factors.models import SentCode
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.factors.sms.aliyun import AliyunCompanySms, AliyunPersonalSms
from quantbox.user_auth.factors.sms.base import AccessKey, SmsProvider, SmsSender, SmsSettings
from quantbox.user_auth.factors.sms.errors import PhoneInvalid, SmsOff, SmsSettingsIncomplete, SmsTooOften
from quantbox.user_auth.factors.sms.numbers import mask_phone, read_phone
from quantbox.user_auth.factors.sms.settings import SmsSettingsService
from quantbox.vault.credentials import Credentials
from quantbox.vault.fields import FieldCipher
from tests.user_auth.factors.aliyun_stub import COMPANY, PERSONAL, PHONE, AliyunStub, service
from tests.user_auth.factors.setting import add_person, cipher, person_id

__all__ = ["cipher", "person_id", "service"]


@pytest.fixture
def factors(sessions: sessionmaker[Session], cipher: FieldCipher, clock: FixedClock, service: AliyunStub) -> Factors:
    """The factors service, text messages off but connected to the stub."""

    def make_sender(settings: SmsSettings, key: AccessKey) -> SmsSender:
        kinds = {SmsProvider.ALIYUN_COMPANY: AliyunCompanySms, SmsProvider.ALIYUN_PERSONAL: AliyunPersonalSms}
        return kinds[settings.provider](settings, key, service.endpoint)

    credentials = Credentials(sessions, cipher, clock)
    return Factors(sessions, cipher, clock, SmsSettingsService(sessions, clock, credentials, make_sender))


def turn_on(factors: Factors, settings: SmsSettings) -> None:
    """Configure the provider."""
    factors.sms_settings.change("owner", settings, "LTAI5tExample", "the-access-key-secret")


def enrol(factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock, phone: str = PHONE) -> list[str] | None:
    """Enrol a phone by the code that arrived."""
    factors.phones.begin(person_id, phone)
    codes = factors.phones.confirm(person_id, arrived(service))
    clock.advance(60)
    return codes


def arrived(service: AliyunStub) -> str:
    """Return the code in the last message."""
    call = [one for one in service.calls if one.action.startswith("Send")][-1]
    if call.action == "SendSms":
        return str(json.loads(call.fields["TemplateParam"])["code"])
    return service.verify_code


def test_a_company_sends_a_code_of_ours(factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock) -> None:
    turn_on(factors, COMPANY)
    codes = enrol(factors, person_id, service, clock, "+86 138-1234-5678")
    assert codes is not None
    assert len(codes) == 10
    assert factors.methods_of(person_id) == ("sms", "recovery")
    assert factors.send_sms(person_id) == SentCode(sent_to="138****5678", retry_after_seconds=60)
    (_, call) = service.calls
    assert (call.action, call.version) == ("SendSms", "2017-05-25")
    assert call.authorization.startswith("ACS3-HMAC-SHA256 Credential=LTAI5tExample,")
    told = {name: value for name, value in call.fields.items() if name != "TemplateParam"}
    assert told == {"PhoneNumbers": PHONE, "SignName": "量化宝盒", "TemplateCode": "SMS_123456789"}
    assert set(json.loads(call.fields["TemplateParam"])) == {"code"}
    assert len(arrived(service)) == 6
    factors.check_code(person_id, "sms", arrived(service))
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "sms", arrived(service))


def test_a_private_person_has_the_code_made_and_checked(
    factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock
) -> None:
    turn_on(factors, PERSONAL)
    enrol(factors, person_id, service, clock)
    service.calls.clear()
    assert factors.send_sms(person_id).sent_to == "138****5678"
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "sms", "111111")
    factors.check_code(person_id, "sms", service.verify_code)
    send, wrong, right = service.calls
    assert (send.action, send.version) == ("SendSmsVerifyCode", "2017-05-25")
    assert json.loads(send.fields.pop("TemplateParam")) == {"code": "##code##", "min": "5"}
    assert send.fields == {
        "SchemeName": "登录",
        "CountryCode": "86",
        "PhoneNumber": PHONE,
        "SignName": "速通互联验证码",
        "TemplateCode": "100001",
        "CodeLength": "6",
        "CodeType": "1",
        "ValidTime": "300",
        "Interval": "60",
        "DuplicatePolicy": "1",
        "ReturnVerifyCode": "False",
    }
    assert wrong.action == right.action == "CheckSmsVerifyCode"
    assert right.fields == {"SchemeName": "登录", "CountryCode": "86", "PhoneNumber": PHONE, "VerifyCode": "246810"}
    # the stub would take the code again: single use does not depend on the provider
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "sms", service.verify_code)


@pytest.mark.parametrize("settings", [COMPANY, PERSONAL])
def test_a_code_is_good_for_five_minutes_and_five_tries(
    factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock, settings: SmsSettings
) -> None:
    turn_on(factors, settings)
    enrol(factors, person_id, service, clock)
    factors.send_sms(person_id)
    clock.advance(300)
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "sms", arrived(service))
    factors.send_sms(person_id)
    for n in range(5):
        with pytest.raises(CodeRefused):
            factors.check_code(person_id, "sms", "00000x" if n % 2 else "999999999")
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "sms", arrived(service))
    clock.advance(60)
    factors.send_sms(person_id)
    clock.advance(299)
    factors.check_code(person_id, "sms", arrived(service))


def test_a_new_code_voids_the_one_before(factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock) -> None:
    turn_on(factors, COMPANY)
    enrol(factors, person_id, service, clock)
    factors.send_sms(person_id)
    older = arrived(service)
    clock.advance(60)
    factors.send_sms(person_id)
    assert older != arrived(service)  # one in a million
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "sms", older)
    factors.check_code(person_id, "sms", arrived(service))


def test_a_code_for_enrolling_does_not_sign_in_nor_the_other_way(
    factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock
) -> None:
    turn_on(factors, COMPANY)
    enrol(factors, person_id, service, clock)
    for phone in (PHONE, "13900000000"):
        factors.phones.begin(person_id, phone)
        with pytest.raises(CodeRefused):
            factors.check_code(person_id, "sms", arrived(service))
        clock.advance(60)
    factors.send_sms(person_id)
    assert service.calls[-1].fields["PhoneNumbers"] == PHONE  # the one in use, until the other is confirmed
    with pytest.raises(CodeRefused):
        factors.phones.confirm(person_id, arrived(service))


def test_a_code_sent_to_one_number_confirms_no_other(
    factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock
) -> None:
    turn_on(factors, COMPANY)
    factors.phones.begin(person_id, PHONE)
    code = arrived(service)
    with pytest.raises(SmsTooOften):
        factors.phones.begin(person_id, "13900000000")
    with pytest.raises(CodeRefused):
        factors.phones.confirm(person_id, code)
    assert factors.methods_of(person_id) == ()


def test_a_code_sent_to_the_number_of_before_is_void(
    factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock
) -> None:
    turn_on(factors, COMPANY)
    enrol(factors, person_id, service, clock)
    factors.send_sms(person_id)
    code = arrived(service)
    clock.advance(60)
    enrol(factors, person_id, service, clock, "13900000000")
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "sms", code)


def test_one_code_a_minute_five_an_hour_ten_a_day(
    factors: Factors, sessions: sessionmaker[Session], person_id: str, service: AliyunStub, clock: FixedClock
) -> None:
    turn_on(factors, COMPANY)
    other = add_person(sessions, "韩梅梅")

    def waits(who: str, phone: str) -> tuple[int, int] | None:
        try:
            factors.sent_codes.send(who, phone, "test")
        except SmsTooOften as refusal:
            return refusal.facts["maximum"], refusal.facts["retry_after_seconds"]
        return None

    assert waits(person_id, PHONE) is None
    assert waits(person_id, PHONE) == (1, 60)
    assert waits(person_id, "13900000000") == (1, 60)  # the person's share, whatever the number
    assert waits(other, PHONE) == (1, 60)  # the number's share, whoever asks
    assert waits(other, "13900000000") is None
    clock.advance(59)
    assert waits(person_id, PHONE) == (1, 1)
    clock.advance(1)
    for _ in range(4):
        assert waits(person_id, PHONE) is None
        clock.advance(60)
    assert waits(person_id, PHONE) == (5, 3600 - 5 * 60)
    clock.advance(3600 - 5 * 60)
    for _ in range(5):
        assert waits(person_id, PHONE) is None
        clock.advance(720)
    assert waits(person_id, PHONE) == (10, 86400 - 2 * 3600)
    clock.advance(86400 - 2 * 3600)
    assert waits(person_id, PHONE) is None
    assert len(service.calls) == 12


def test_a_provider_that_fails_while_checking_is_not_a_wrong_code(
    factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock
) -> None:
    turn_on(factors, PERSONAL)
    enrol(factors, person_id, service, clock)
    factors.send_sms(person_id)
    service.code = "isp.SYSTEM_ERROR"
    with pytest.raises(QuantBoxError) as refusal:
        factors.check_code(person_id, "sms", service.verify_code)
    assert refusal.value.code == "user_auth.sms_unavailable"
    service.code = "OK"
    factors.check_code(person_id, "sms", service.verify_code)


def test_text_messages_are_off_until_configured(factors: Factors, person_id: str, service: AliyunStub) -> None:
    assert factors.sms_settings.get("owner").provider is SmsProvider.OFF
    assert factors.summary(person_id, "http://localhost").sms_possible is False
    with pytest.raises(SmsOff):
        factors.phones.begin(person_id, PHONE)
    assert service.calls == []


def test_a_provider_needs_all_its_settings_and_off_forgets_the_key(factors: Factors) -> None:
    settings = factors.sms_settings
    with pytest.raises(SmsSettingsIncomplete) as refusal:
        settings.change("owner", SmsSettings(SmsProvider.ALIYUN_COMPANY, "", "SMS_1", ""), "LTAI5tExample", None)
    assert refusal.value.facts == {"missing": "access_key_secret, sign_name"}
    assert settings.get("owner").provider is SmsProvider.OFF
    turn_on(factors, COMPANY)
    settings.change("owner", PERSONAL, "LTAI5tExample", None)  # the secret stays with its key
    assert settings.access_key("owner") == AccessKey("LTAI5tExample", "the-access-key-secret")
    with pytest.raises(SmsSettingsIncomplete):
        settings.change("owner", PERSONAL, "LTAI5tAnother", None)  # and goes with no other
    off = SmsSettings(SmsProvider.OFF, "", "", "")
    settings.change("owner", off, "", None)
    assert settings.access_key("owner") is None
    assert "the-access-key-secret" not in repr(AccessKey("a", "the-access-key-secret"))


def test_a_phone_stays_the_factor_it_is_while_messages_are_off(
    factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock
) -> None:
    turn_on(factors, COMPANY)
    enrol(factors, person_id, service, clock)
    factors.sms_settings.change("owner", SmsSettings(SmsProvider.OFF, "", "", ""), "", None)
    assert factors.methods_of(person_id) == ("recovery",)
    for code in factors.recovery.renew(person_id):
        factors.check_code(person_id, "recovery", code)
    assert factors.methods_of(person_id) == ("sms",)
    with pytest.raises(SmsOff):
        factors.send_sms(person_id)


def test_numbers_codes_and_keys_lie_sealed_or_hashed(
    factors: Factors, sessions: sessionmaker[Session], person_id: str, service: AliyunStub, clock: FixedClock
) -> None:
    turn_on(factors, COMPANY)
    enrol(factors, person_id, service, clock)
    factors.send_sms(person_id)
    code = arrived(service)
    with sessions() as session:
        everything = b"".join(
            value if isinstance(value, bytes) else str(value).encode()
            for table in ("sms_phones", "sms_codes", "sms_settings", "credentials")
            for row in session.execute(text(f"SELECT * FROM {table}"))
            for value in row
        )
        row_id, key = session.execute(text("SELECT id, code_key FROM sms_codes ORDER BY id DESC LIMIT 1")).one()
    for secret in (PHONE, "the-access-key-secret"):
        assert secret.encode() not in everything
    assert key == hashlib.sha256(f"{row_id}:{code}".encode()).hexdigest()


def test_removing_the_phone_removes_the_last_factor(
    factors: Factors, person_id: str, service: AliyunStub, clock: FixedClock
) -> None:
    turn_on(factors, COMPANY)
    enrol(factors, person_id, service, clock)
    factors.phones.remove(person_id)
    assert (factors.methods_of(person_id), factors.recovery.count(person_id)) == ((), 0)
    with pytest.raises(CodeRefused):
        factors.send_sms(person_id)


@pytest.mark.parametrize(
    "typed", ["13812345678", "+8613812345678", "86 138 1234 5678", "138-1234-5678", "１３８１２３４５６７８"]
)
def test_numbers_are_read_as_people_type_them(typed: str) -> None:
    assert read_phone(typed) == PHONE
    assert mask_phone(PHONE) == "138****5678"


@pytest.mark.parametrize(
    "typed", ["", "1381234567", "138123456789", "12812345678", "+1 202 555 0123", "13812345678,13900000000", "x"]
)
def test_what_is_no_mobile_number_of_the_mainland_is_refused(typed: str) -> None:
    with pytest.raises(PhoneInvalid):
        read_phone(typed)

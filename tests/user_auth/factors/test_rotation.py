"""Second factors and tokens across a rotation of the vault's keys: sealed secrets are sealed anew, signatures are void."""

from __future__ import annotations

from quantbox.core.clock import FixedClock
from quantbox.core.roles import Role
from quantbox.user_auth.factors.sms.base import SmsProvider, SmsSettings
from tests.user_auth.factors.setting import PASSWORD, cheap_passwords
from tests.user_auth.factors.test_totp import code_at
from tests.web.program import PASSPHRASE, Program, new_program

__all__ = ["cheap_passwords", "new_program"]


def test_factors_survive_a_rotation_and_access_tokens_do_not(
    new_program: Program, cheap_passwords: None, clock: FixedClock
) -> None:
    new_program.create(PASSPHRASE)
    services = new_program.open_services
    person_id = services.people.add("李雷", Role.OWNER, PASSWORD).id
    secret = services.factors.totp.begin(person_id, "李雷").secret
    codes = services.factors.totp.confirm(person_id, code_at(secret, clock))
    settings = SmsSettings(SmsProvider.ALIYUN_COMPANY, "量化宝盒", "SMS_1", "")
    services.factors.sms_settings.change("owner", settings, "LTAI5tExample", "the-access-key-secret")
    issued = services.tokens.create(person_id, "x", Role.VIEWER, Role.OWNER)
    clock.advance(60)
    new_program.rotate(PASSPHRASE, None)
    services = new_program.open_services
    services.factors.check_code(person_id, "totp", code_at(secret, clock))
    assert codes is not None
    services.factors.check_code(person_id, "recovery", codes[0])
    key = services.factors.sms_settings.access_key("owner")
    assert key is not None
    assert key.secret == "the-access-key-secret"
    assert services.tokens.find(issued.token, "127.0.0.1") is None
    newer = services.tokens.refresh(issued.refresh_token)
    assert services.tokens.find(newer.token, "127.0.0.1") is not None

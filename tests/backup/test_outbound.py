"""What sends asks first: a store that came out of a backup sends nothing before its owner has confirmed it (promise 11)."""

from __future__ import annotations

import pytest

from quantbox.backup.errors import OutboundPaused
from quantbox.backup.tables import RestoreRow
from quantbox.core.ids import new_id
from quantbox.user_auth.factors.sms.base import SmsProvider, SmsSettings
from tests.web.program import Program, new_program, program

__all__ = ["new_program", "program"]


def test_no_text_message_leaves_a_restored_store_before_it_is_confirmed(program: Program) -> None:
    services = program.open_services
    settings = SmsSettings(SmsProvider.ALIYUN_COMPANY, "量化宝盒", "SMS_1", "")
    services.factors.sms_settings.change("owner", settings, "key", "secret")
    assert services.factors.sms_settings.sender("owner") is not None
    with services.sessions.begin() as session:
        now = program.clock.now()
        session.add(
            RestoreRow(id=new_id(), account_id="owner", restored_at=now, backup_created_at=now, backup_sha256="0", settled_at=now)
        )
    with pytest.raises(OutboundPaused):
        services.factors.sms_settings.sender("owner")
    services.outbound.resume()
    assert services.factors.sms_settings.sender("owner") is not None

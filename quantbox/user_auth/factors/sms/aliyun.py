"""Aliyun's two services for codes through its own SDKs: one for companies, one that a private person may use.

`SendSms` (Dysmsapi) takes a code of ours and needs a signature and a template approved for a company. `SendSmsVerifyCode`
and `CheckSmsVerifyCode` (Dypnsapi) make and check the code at Aliyun, with a signature and a template it gives to everybody.
The SDKs take half a second and 26 MB to import, so they are imported by the first message.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from quantbox.core.errors import QuantBoxError
from quantbox.user_auth.factors.errors import CodeRefused
from quantbox.user_auth.factors.sms.base import CODE_DIGITS, CODE_LIFE_MINUTES, AccessKey, SmsProvider, SmsSender, SmsSettings
from quantbox.user_auth.factors.sms.errors import (
    PhoneInvalid,
    SmsKeyRefused,
    SmsMisconfigured,
    SmsProviderLimit,
    SmsUnavailable,
    SmsUnpaid,
)

__all__ = ["AliyunCompanySms", "AliyunEndpoint", "AliyunPersonalSms", "make_aliyun_sender"]

CONNECT_TIMEOUT_MS = 5_000
READ_TIMEOUT_MS = 10_000
COUNTRY_CODE = "86"
SECONDS_BETWEEN_CODES = 60

#: Aliyun's codes by what the reader can do about them; the services spell some of them with and some without a prefix.
_ERRORS: tuple[tuple[type[QuantBoxError], str], ...] = (
    (SmsProviderLimit, r"(isv\.)?(BUSINESS|DAY|MONTH)_LIMIT_CONTROL|(biz\.)?FREQUENCY(_FAIL)?|Throttling.*"),
    (SmsUnpaid, r"(isv\.)?(AMOUNT_NOT_ENOUGH|OUT_OF_SERVICE|ACCOUNT_ABNORMAL|ACCOUNT_NOT_EXISTS|PRODUCT_UN_?SUBSCRIBE?)"),
    (PhoneInvalid, r"(isv\.)?MOBILE_(NUMBER_ILLEGAL|COUNT_OVER_LIMIT)"),
    (SmsKeyRefused, r"InvalidAccessKey.*|SignatureDoesNotMatch|IncompleteSignature|Forbidden.*|NoPermission.*|(isp\.)?RAM_.*"),
    (SmsMisconfigured, r"(isv\.)?(SMS_)?(SIGN|TEMPLATE|PARAM|INVALID_PARAM|INVALID_JSON).*|Missing.*|InvalidParam.*"),
)
_CODE_SHAPE = re.compile(r"(?!None$)[A-Za-z0-9_.\-]{1,64}")
#: Code of a wrong or expired code at `CheckSmsVerifyCode`, which comes as HTTP 400 and not as a result.
_WRONG_CODE = "isv.ValidateFail"
#: The SDK gives its loggers handlers and a level of their own, and would write requests, so phones and codes, to stderr.
_SDK_LOGGERS = ("alibabacloud-tea", "darabonba-core")


@dataclass(frozen=True)
class AliyunEndpoint:
    """Where a service is reached."""

    host: str
    protocol: str = "https"


COMPANY_ENDPOINT = AliyunEndpoint("dysmsapi.aliyuncs.com")
PERSONAL_ENDPOINT = AliyunEndpoint("dypnsapi.aliyuncs.com")


class AliyunCompanySms:
    """Sends a code of ours by `SendSms`; the template must name it `${code}`."""

    def __init__(self, settings: SmsSettings, key: AccessKey, endpoint: AliyunEndpoint = COMPANY_ENDPOINT) -> None:
        self._settings, self._key, self._endpoint = settings, key, endpoint

    def send(self, phone: str, code: str) -> None:
        """Send the code."""
        from alibabacloud_dysmsapi20170525.client import Client
        from alibabacloud_dysmsapi20170525.models import SendSmsRequest

        request = SendSmsRequest(
            phone_numbers=phone,
            sign_name=self._settings.sign_name,
            template_code=self._settings.template_code,
            template_param=json.dumps({"code": code}),
        )
        _ask(Client, self._key, self._endpoint, lambda client: client.send_sms(request))


class AliyunPersonalSms:
    """Has Aliyun make, send and check a code of six digits that lives five minutes and voids the one before."""

    def __init__(self, settings: SmsSettings, key: AccessKey, endpoint: AliyunEndpoint = PERSONAL_ENDPOINT) -> None:
        self._settings, self._key, self._endpoint = settings, key, endpoint

    def make(self, phone: str) -> None:
        """Have a code made and sent."""
        from alibabacloud_dypnsapi20170525.client import Client
        from alibabacloud_dypnsapi20170525.models import SendSmsVerifyCodeRequest

        request = SendSmsVerifyCodeRequest(
            scheme_name=self._settings.scheme_name or None,
            country_code=COUNTRY_CODE,
            phone_number=phone,
            sign_name=self._settings.sign_name,
            template_code=self._settings.template_code,
            template_param=json.dumps({"code": "##code##", "min": str(CODE_LIFE_MINUTES)}),
            code_length=CODE_DIGITS,
            code_type=1,  # digits only
            valid_time=CODE_LIFE_MINUTES * 60,
            interval=SECONDS_BETWEEN_CODES,
            duplicate_policy=1,  # a new code voids the one before
            return_verify_code=False,
        )
        _ask(Client, self._key, self._endpoint, lambda client: client.send_sms_verify_code(request))

    def check(self, phone: str, code: str) -> bool:
        """Return whether Aliyun sent this code to the phone and has not taken it yet."""
        from alibabacloud_dypnsapi20170525.client import Client
        from alibabacloud_dypnsapi20170525.models import CheckSmsVerifyCodeRequest

        request = CheckSmsVerifyCodeRequest(
            scheme_name=self._settings.scheme_name or None, country_code=COUNTRY_CODE, phone_number=phone, verify_code=code
        )
        body = _ask(Client, self._key, self._endpoint, lambda client: client.check_sms_verify_code(request))
        return body.model is not None and body.model.verify_result == "PASS"


def make_aliyun_sender(settings: SmsSettings, key: AccessKey) -> SmsSender:
    """Return the sender of the chosen service."""
    return (
        AliyunCompanySms(settings, key) if settings.provider is SmsProvider.ALIYUN_COMPANY else AliyunPersonalSms(settings, key)
    )


def _ask(client_class: Any, key: AccessKey, endpoint: AliyunEndpoint, call: Callable[[Any], Any]) -> Any:
    """Make one call and return the body of its answer; whatever is not a plain "OK" becomes an error of ours."""
    from alibabacloud_tea_openapi.utils_models import Config

    config = Config(
        access_key_id=key.id,
        access_key_secret=key.secret,
        endpoint=endpoint.host,
        protocol=endpoint.protocol,
        connect_timeout=CONNECT_TIMEOUT_MS,
        read_timeout=READ_TIMEOUT_MS,
    )
    for name in _SDK_LOGGERS:
        logging.getLogger(name).disabled = True
    with _translated():
        body = call(client_class(config)).body
    if body is None or body.code != "OK":
        raise _error_of(getattr(body, "code", None))
    return body


@contextmanager
def _translated() -> Iterator[None]:
    """Turn whatever the SDK raises into an error of ours; its own text holds the request, so phone and code."""
    try:
        yield
    except Exception as fault:  # noqa: BLE001 - an edge: SDK, transport and parser raise what they like
        raise _error_of(getattr(fault, "code", None)) from None


def _error_of(provider_code: object) -> QuantBoxError:
    """Return the error for a code of Aliyun's; anything that is no code counts as no answer."""
    told = provider_code if isinstance(provider_code, str) and _CODE_SHAPE.fullmatch(provider_code) else "no_answer"
    if told == _WRONG_CODE:
        return CodeRefused()
    kind = next((error for error, pattern in _ERRORS if re.fullmatch(pattern, told)), SmsUnavailable)
    return kind(provider_code=told)

"""What a code by text message may be refused for, by this program and by the provider."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Denied, Invalid, Unavailable
from quantbox.core.text import Text

__all__ = [
    "PhoneInvalid",
    "SmsKeyRefused",
    "SmsMisconfigured",
    "SmsOff",
    "SmsProviderLimit",
    "SmsSettingsIncomplete",
    "SmsTooOften",
    "SmsUnavailable",
    "SmsUnpaid",
]


class PhoneInvalid(Invalid):
    """The number is no mobile number of mainland China."""

    code = "user_auth.phone_invalid"
    sentence = Text("手机号无效，应为中国大陆的 11 位手机号", "The number must be a mobile number of mainland China, 11 digits")
    hint = Text("请检查号码", "Check the number")


class SmsOff(Conflict):
    """No provider is configured."""

    code = "user_auth.sms_off"
    sentence = Text("短信验证未启用", "Codes by text message are off")
    hint = Text("请由所有者在“设置 · 安全 · 短信”中配置", "The owner can set them up under Settings, Security, Text messages")


class SmsSettingsIncomplete(Invalid):
    """A provider was chosen without all it needs."""

    code = "user_auth.sms_settings_incomplete"
    sentence = Text("短信设置缺少：{missing}", "The settings for text messages lack: {missing}")
    hint = Text("请补全后再保存", "Fill them in and save again")


class SmsTooOften(Denied):
    """Too many codes were sent to this number or for this person."""

    code = "user_auth.sms_too_often"
    sentence = Text(
        "该号码在 {window_seconds} 秒内最多发送 {maximum} 条验证码，请等待 {retry_after_seconds} 秒",
        "At most {maximum} codes go to this number in {window_seconds} seconds; wait {retry_after_seconds} seconds",
    )
    hint = Text("请等待后再试，或换用其他验证方式", "Try again after that, or use another way")


class SmsProviderLimit(Unavailable):
    """The provider's own limits are reached."""

    code = "user_auth.sms_provider_limit"
    sentence = Text(
        "短信服务商限制了对该号码的发送频率（{provider_code}）", "The provider limits messages to this number ({provider_code})"
    )
    hint = Text("请稍后再试，或换用其他验证方式", "Try again later, or use another way")


class SmsUnpaid(Unavailable):
    """The owner's account at the provider has no money, or is closed."""

    code = "user_auth.sms_unpaid"
    sentence = Text(
        "短信服务商的账户余额不足或已停用（{provider_code}）",
        "The provider's account has no money or is closed ({provider_code})",
    )
    hint = Text("请由所有者到阿里云控制台充值或启用", "The owner can top it up or reopen it in the Aliyun console")


class SmsKeyRefused(Unavailable):
    """The provider does not accept the access key."""

    code = "user_auth.sms_key_refused"
    sentence = Text("短信服务商不接受此 AccessKey（{provider_code}）", "The provider refuses the access key ({provider_code})")
    hint = Text("请由所有者检查 AccessKey 及其权限", "The owner can check the access key and what it may do")


class SmsMisconfigured(Unavailable):
    """Signature, template or parameters do not fit what the provider knows."""

    code = "user_auth.sms_misconfigured"
    sentence = Text("短信签名或模板不可用（{provider_code}）", "The signature or the template cannot be used ({provider_code})")
    hint = Text("请由所有者核对签名、模板编号和方案名", "The owner can check signature, template code and scheme name")


class SmsUnavailable(Unavailable):
    """The provider did not answer, or not in a way that can be understood."""

    code = "user_auth.sms_unavailable"
    sentence = Text("短信服务暂不可用（{provider_code}）", "The text message service is not available now ({provider_code})")
    hint = Text("请检查网络后再试，或换用其他验证方式", "Check the network and try again, or use another way")

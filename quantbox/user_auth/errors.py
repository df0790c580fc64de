"""What signing in and settings may be refused for."""

from __future__ import annotations

from quantbox.core.errors import Denied, Invalid
from quantbox.core.text import Text

__all__ = ["LaunchTokenRefused", "SettingInvalid", "TooManyAttempts"]


class TooManyAttempts(Denied):
    """Wrong pass phrases came too fast."""

    code = "user_auth.too_many_attempts"
    sentence = Text(
        "口令连续输错 {failures} 次，请等待 {retry_after_seconds} 秒",
        "The pass phrase was wrong {failures} times in a row; wait {retry_after_seconds} seconds",
    )
    hint = Text("等待后再试；数据没有受到影响", "Try again after that; the data is not affected")


class LaunchTokenRefused(Denied):
    """The launch token is unknown or was used before."""

    code = "user_auth.launch_token_refused"
    sentence = Text("启动凭证无效或已使用", "The launch token is unknown or was used before")
    hint = Text("请输入口令登录", "Enter the pass phrase instead")


class SettingInvalid(Invalid):
    """A setting was given a value outside its bounds."""

    code = "user_auth.setting_invalid"
    sentence = Text("设置 {name} 的值 {value} 无效，应为 {allowed}", "The setting {name} cannot be {value}; it must be {allowed}")
    hint = Text("请改用允许的值", "Use an allowed value")

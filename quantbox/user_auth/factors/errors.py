"""What proving or changing a second factor may be refused for."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound
from quantbox.core.text import Text

__all__ = ["CodeRefused", "FactorMissing", "PasskeyMissing", "PasskeyRefused", "PasskeysImpossible", "TooManyPasskeys"]


class CodeRefused(Denied):
    """The second factor was not proven; wrong, expired and used codes are told apart to nobody."""

    code = "user_auth.code_refused"
    sentence = Text("验证码不正确或已失效", "The code is wrong or no longer valid")
    hint = Text("请使用最新的验证码再试，或换用其他验证方式", "Try again with the newest code, or use another way")


class FactorMissing(Conflict):
    """Recovery codes stand in for a factor, and there is none."""

    code = "user_auth.factor_missing"
    sentence = Text("尚未启用任何第二重验证", "No second factor is enrolled")
    hint = Text("请先启用动态码或通行密钥", "Enrol an authenticator app or a passkey first")


class PasskeysImpossible(Conflict):
    """Browsers know no passkeys at this address."""

    code = "user_auth.passkeys_impossible"
    sentence = Text("通行密钥不能在 {origin} 使用", "Passkeys cannot work at {origin}")
    hint = Text(
        "请从 http://localhost 或平板的 .local 地址（https）打开",
        "Open the page at http://localhost or at the .local name over https",
    )


class PasskeyRefused(Invalid):
    """The device's answer does not fit the challenge, this address or this person."""

    code = "user_auth.passkey_refused"
    sentence = Text("此通行密钥未能通过校验", "This passkey could not be verified")
    hint = Text("请重新开始登记；同一个密钥只能登记一次", "Begin again; a key can be enrolled only once")


class PasskeyMissing(NotFound):
    """The person has no such passkey."""

    code = "user_auth.passkey_missing"
    sentence = Text("没有可用的通行密钥", "There is no such passkey")
    hint = Text("请刷新列表，或换用其他验证方式", "Reload the list, or use another way")


class TooManyPasskeys(Conflict):
    """A person holds as many passkeys as fit."""

    code = "user_auth.too_many_passkeys"
    sentence = Text("已登记 {maximum} 个通行密钥，达到上限", "{maximum} passkeys are enrolled, which is the most there can be")
    hint = Text("请先移除不再使用的通行密钥", "Remove one that is no longer used")

"""What proving or changing a second factor may be refused for."""

from __future__ import annotations

from quantbox.core.errors import Denied
from quantbox.core.text import Text

__all__ = ["CodeRefused"]


class CodeRefused(Denied):
    """The second factor was not proven; wrong, expired and used codes are told apart to nobody."""

    code = "user_auth.code_refused"
    sentence = Text("验证码不正确或已失效", "The code is wrong or no longer valid")
    hint = Text("请使用最新的验证码再试，或换用其他验证方式", "Try again with the newest code, or use another way")

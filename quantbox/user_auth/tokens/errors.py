"""What issuing and refreshing API tokens may be refused for."""

from __future__ import annotations

from quantbox.core.errors import Conflict, Denied, Invalid, NotFound
from quantbox.core.text import Text

__all__ = ["RefreshTokenRefused", "RefreshTokenReused", "TokenMissing", "TokenRoleTooHigh", "TooManyTokens"]


class TokenRoleTooHigh(Invalid):
    """A token cannot do more than its person, and never what only the owner may."""

    code = "user_auth.token_role_too_high"
    sentence = Text(
        "API 令牌的角色最高为 {maximum}，不能是 {role}", "The role of an API token can be {maximum} at most, not {role}"
    )
    hint = Text("请选择较低的角色", "Choose a lower role")


class TooManyTokens(Conflict):
    """A person holds as many tokens as fit."""

    code = "user_auth.too_many_tokens"
    sentence = Text("已有 {maximum} 个 API 令牌，达到上限", "There are {maximum} API tokens, which is the most a person can have")
    hint = Text("请先撤销不再使用的令牌", "Revoke one that is no longer used")


class TokenMissing(NotFound):
    """There is no such token, or it is another person's."""

    code = "user_auth.token_missing"
    sentence = Text("没有这个 API 令牌", "There is no such API token")
    hint = Text("请刷新列表", "Reload the list")


class RefreshTokenRefused(Denied):
    """The refresh token is unknown, too old, or of somebody who may no longer sign in."""

    code = "user_auth.refresh_token_refused"
    sentence = Text("刷新令牌无效或已过期", "The refresh token is unknown or has expired")
    hint = Text("请在“设置 · API 令牌”中新建令牌", "Make a new token under Settings, API tokens")


class RefreshTokenReused(Denied):
    """A refresh token came a second time, so somebody else may hold a copy; the whole token was revoked."""

    code = "user_auth.refresh_token_reused"
    sentence = Text("刷新令牌被重复使用，该 API 令牌已撤销", "The refresh token was used twice; the API token has been revoked")
    hint = Text(
        "请新建令牌，并检查是否有人拿到了旧令牌；每次刷新后请立即保存新的刷新令牌",
        "Make a new token, find out who else may hold the old one, and keep the new refresh token after every refresh",
    )

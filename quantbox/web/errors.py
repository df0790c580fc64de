"""The one map from the family of errors to HTTP: RFC 9457 problem documents with the codes of the command line."""

from __future__ import annotations

import json
import logging
import traceback
from http import HTTPStatus
from typing import Any, ClassVar

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from quantbox.core.disk import find_disk_error
from quantbox.core.errors import Denied, Invalid, QuantBoxError, Unavailable
from quantbox.core.ids import new_id
from quantbox.core.text import Text
from quantbox.web.cookies import request_language

__all__ = [
    "CrossSiteRefused",
    "HostRefused",
    "InternalError",
    "ListenerUnavailable",
    "RequestInvalid",
    "RequestRefused",
    "RoleMissing",
    "SignInNeeded",
    "StepUpNeeded",
    "TokenUnsuitable",
    "TooManyRequests",
    "TooManySockets",
    "VaultLocked",
    "VaultRotating",
    "install_error_answers",
    "problem",
]

_log = logging.getLogger(__name__)

STATUS_OF_KIND = {"invalid": 400, "denied": 403, "not_found": 404, "conflict": 409, "failed": 422, "unavailable": 503}


class VaultLocked(Denied):
    """The store is locked, so nothing private can be read."""

    code = "vault.locked"
    sentence = Text("数据已锁定", "The store is locked")
    hint = Text("请输入口令解锁", "Enter the pass phrase to unlock it")


class VaultRotating(Unavailable):
    """The keys are being rotated; the store opens again by itself."""

    code = "vault.rotating"
    sentence = Text("正在更换密钥，数据暂时关闭", "The keys are being rotated, and the store is closed meanwhile")
    hint = Text("完成后会自动恢复，请稍候", "It opens again by itself; wait a moment")


class SignInNeeded(Denied):
    """Nobody is signed in in this browser."""

    code = "web.sign_in_needed"
    sentence = Text("此浏览器尚未登录，或登录已过期", "Nobody is signed in in this browser, or the session has ended")
    hint = Text("请用用户名和登录密码登录", "Sign in with your name and password")


class StepUpNeeded(Denied):
    """The act needs the second factor again (the password where none is enrolled)."""

    code = "web.step_up_needed"
    sentence = Text("此操作需要再次验证身份", "This act needs you to prove yourself again")
    hint = Text("请输入动态码、使用通行密钥，或输入登录密码", "Give a code, use a passkey, or enter your password")


class RoleMissing(Denied):
    """The person signed in may not do this."""

    code = "web.role_missing"
    sentence = Text("需要角色 {needed}，当前角色为 {role}", "This needs the role {needed}; yours is {role}")
    hint = Text("请由所有者操作", "Ask the owner to do it")


class TokenUnsuitable(Denied):
    """Sign-in, factors, sessions and tokens themselves are for a person in a browser."""

    code = "web.token_unsuitable"
    sentence = Text("此接口不接受 API 令牌", "This address does not take an API token")
    hint = Text("请在浏览器中登录后操作", "Sign in in a browser and do it there")


class CrossSiteRefused(Denied):
    """A state change did not come from a page of this program."""

    code = "web.cross_site_refused"
    sentence = Text("请求未通过来源校验（{check}）", "The request did not prove that it comes from this page ({check})")
    hint = Text("请刷新页面后重试", "Reload the page and try again")


class HostRefused(Invalid):
    """The request named a host this program does not answer for."""

    code = "web.host_refused"
    sentence = Text("请求的主机名不是本机地址", "The request names a host this program does not answer for")
    hint = Text("请使用程序显示的地址", "Use the address the program shows")


class RequestInvalid(Invalid):
    """The request does not fit the route's schema."""

    code = "web.request_invalid"
    sentence = Text("请求内容不符合要求：{fields}", "The request does not fit: {fields}")
    hint = Text("请检查这些字段", "Check these fields")


class TooManyRequests(Unavailable):
    """One client asked for more than its share."""

    code = "web.too_many_requests"
    sentence = Text(
        "请求过于频繁，请 {retry_after_seconds} 秒后再试", "Too many requests; try again in {retry_after_seconds} seconds"
    )
    hint = Text("等待后再试；之前的操作不受影响", "Wait and try again; what was done before stands")


class TooManySockets(Unavailable):
    """A session holds as many sockets as it may."""

    code = "web.too_many_sockets"
    sentence = Text("此登录已打开 {maximum} 个推送连接", "This session already holds {maximum} push connections")
    hint = Text("请关闭一些页面", "Close some pages")


class ListenerUnavailable(Unavailable):
    """The address cannot be listened on."""

    code = "web.listener_unavailable"
    sentence = Text("无法监听 {host}:{port}：{cause}", "Cannot listen on {host}:{port}: {cause}")
    hint = Text("请换一个端口", "Choose another port")


class InternalError(QuantBoxError):
    """A fault of the program itself."""

    code = "web.internal_error"
    sentence = Text("程序出错，错误编号 {error_id}", "The program failed; error id {error_id}")
    hint = Text("请重试；若再次出现，请带上编号报告", "Try again; if it comes back, report it with the id")


class RequestRefused(QuantBoxError):
    """What HTTP itself refuses: unknown address, wrong method, too large a body."""

    code = "web.request_refused"
    sentence = Text("请求被拒绝（HTTP {status}）", "The request was refused (HTTP {status})")
    hint = Text("请检查地址和方法", "Check the address and the method")
    _SENTENCES: ClassVar[dict[int, tuple[str, Text]]] = {
        404: ("web.address_unknown", Text("没有这个地址", "There is nothing at this address")),
        405: ("web.method_not_allowed", Text("此地址不支持该方法", "This address does not take this method")),
        413: ("web.body_too_large", Text("请求内容过大", "The request's body is too large")),
        415: ("web.media_type_unsupported", Text("请求内容的类型不受支持", "The request's body is of an unsupported type")),
    }

    def __init__(self, status: int) -> None:
        self.status = status
        self.code, self.sentence = self._SENTENCES.get(status, (self.code, self.sentence))  # type: ignore[misc]  # one class carries HTTP's own refusals
        super().__init__(status=status)


def status_of(error: QuantBoxError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, SignInNeeded):
        return 401
    if isinstance(error, TooManyRequests):
        return 429
    if isinstance(error, RequestRefused):
        return error.status
    return STATUS_OF_KIND.get(error.kind, 500)


def problem(error: QuantBoxError, error_id: str | None = None) -> Response:
    """Return the problem document of an error in the language of the request."""
    status, language = status_of(error), request_language()
    document: dict[str, Any] = {
        "type": f"urn:quantbox:error:{error.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": error.message(language),
        "code": error.code,
        "hint": error.next_step(language),
        "facts": error.facts,
        "error_id": error_id,
    }
    body = json.dumps(document, ensure_ascii=False, default=str)
    response = Response(body, status, content_type="application/problem+json")
    if "retry_after_seconds" in error.facts:
        response.headers["Retry-After"] = str(error.facts["retry_after_seconds"])
    return response


def log_fault(error: Exception) -> str:
    """Log where `error` arose and return its id; its message may hold private content and is left out."""
    error_id = new_id()
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.filename.rsplit('quantbox', 1)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames))
    _log.error("error %s: %s at %s", error_id, type(error).__name__, places)
    return error_id


def install_error_answers(app: Flask, page: Any) -> None:
    """Answer every error of the API with a problem document and of a page with `page(error, status)`."""

    def answer(error: QuantBoxError, error_id: str | None = None) -> Any:
        if request.path.startswith("/api/"):
            return problem(error, error_id)
        return page(error, status_of(error))

    @app.errorhandler(QuantBoxError)
    def answer_refusal(error: QuantBoxError) -> Any:
        return answer(error)

    @app.errorhandler(HTTPException)
    def answer_http(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error  # a redirect
        return answer(RequestRefused(error.code))

    @app.errorhandler(Exception)
    def answer_fault(error: Exception) -> Any:
        refusal = find_disk_error(error)
        if refusal is not None:
            return answer(refusal)
        error_id = log_fault(error)
        return answer(InternalError(error_id=error_id), error_id)

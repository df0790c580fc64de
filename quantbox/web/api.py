"""The one way to add an address to the API: a role and a schema are part of every route, or it cannot be written.

A route function receives what it declared, already checked (``query``, ``body``), and returns values that fit its
answer; it never looks at the request itself.
"""

from __future__ import annotations

import functools
import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, cast

from flask import Flask, Response, request, send_file
from flask_login import current_user
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from quantbox.core.paging import MAX_PAGE_ITEMS
from quantbox.core.roles import Role
from quantbox.web.acts import recorded
from quantbox.web.cookies import bearer_token
from quantbox.web.csrf import SAFE_METHODS, check_token
from quantbox.web.errors import (
    RequestInvalid,
    RequestRefused,
    RoleMissing,
    SignInNeeded,
    StepUpNeeded,
    TokenUnsuitable,
    VaultLocked,
    VaultRotating,
)
from quantbox.web.rate_limits import charge_expensive
from quantbox.web.state import program_state
from quantbox.web.uploads import UploadRequest

__all__ = ["API_PREFIX", "Answer", "Body", "Endpoint", "FileAnswer", "PageOf", "PageQuery", "Query", "Routes", "register"]

API_PREFIX = "/api/v1"
MAX_BODY_BYTES = 2 * 1024 * 1024

Method = Literal["GET", "POST", "PUT", "DELETE"]
Item = TypeVar("Item")


class Body(BaseModel):
    """A request's JSON body; unknown fields are refused, so that a misspelt one is not silently ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Query(Body):
    """A request's query string."""


class PageQuery(Query):
    """Which page of a long list."""

    cursor: str | None = None
    limit: int = Field(default=50, ge=1, le=MAX_PAGE_ITEMS)


class Answer(BaseModel):
    """A route's answer; numbers that are not finite become null."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True, ser_json_inf_nan="null")


class PageOf(Answer, Generic[Item]):
    """One page of a list, and the cursor that opens the next one."""

    items: list[Item]
    next_cursor: str | None


@dataclass(frozen=True)
class FileAnswer:
    """A file for the browser to keep, in the place of a JSON answer.

    Attributes
    ----------
    content : bytes or Path
        The file itself, or where it lies.
    name : str
        What the browser is to call it.
    """

    content: bytes | Path = field(repr=False)
    name: str
    media_type: str = "application/octet-stream"


@dataclass(frozen=True)
class Endpoint:
    """One route: who may call it, what it takes, what it answers.

    Attributes
    ----------
    role : Role or None
        Least role of the caller; None is public, also while the vault is locked.
    answer : type
        An :class:`Answer`, or any type pydantic knows; :class:`FileAnswer` where a file is answered.
    is_signed : bool
        True where the caller proves itself by a signature over the request instead of a session with its token.
    carries_proof : bool
        True where a secret in the body is the caller's whole proof (a refresh token), so that no page's token is needed.
    files : callable or None
        For a multipart upload: given how many bytes are to come, makes the folder the files are written to. The form's
        other fields are described by `body`.
    needs_step_up : bool
        The person must have proven the second factor again within the last minutes.
    act : str or None
        Name under which the call is recorded in the audit log, done or refused ("vault.lock"); None for what is not sensitive.
    is_expensive : bool
        It keeps the machine, the disk or somebody's phone busy, so a session may ask it so often only.
    takes_tokens : bool
        Whether an API token may open it; never what needs the owner or a step-up.
    """

    method: Method
    rule: str
    function: Callable[..., Any]
    role: Role | None
    answer: Any
    status: int
    query: type[Query] | None
    body: Any
    is_signed: bool
    carries_proof: bool
    files: Callable[[int], Path] | None
    max_body_bytes: int
    needs_step_up: bool
    act: str | None
    is_expensive: bool
    capability: str
    takes_tokens: bool

    @property
    def name(self) -> str:
        """Return the Flask endpoint and OpenAPI operation id."""
        return f"{self.capability}.{self.function.__name__}"

    @functools.cached_property
    def answer_adapter(self) -> TypeAdapter[Any]:
        """What checks an answer and writes it as JSON; made once, for every application."""
        return TypeAdapter(self.answer)

    @functools.cached_property
    def body_adapter(self) -> TypeAdapter[Any]:
        """What reads a body."""
        return TypeAdapter(self.body)

    @property
    def changes_state(self) -> bool:
        """Return whether this is no mere reading."""
        return self.method not in SAFE_METHODS

    @property
    def needs_page_token(self) -> bool:
        """Return whether a session's call must show the CSRF token of its page."""
        return self.changes_state and not (self.is_signed or self.carries_proof)


@dataclass
class Routes:
    """The routes of one capability.

    Attributes
    ----------
    takes_tokens : bool
        False where only a person in a browser may act: an API token opens none of these routes.
    """

    capability: str
    takes_tokens: bool = True
    endpoints: list[Endpoint] = field(default_factory=list)

    def add(
        self,
        method: Method,
        rule: str,
        *,
        role: Role | None,
        answer: Any,
        status: int = 200,
        query: type[Query] | None = None,
        body: Any = None,
        is_signed: bool = False,
        carries_proof: bool = False,
        files: Callable[[int], Path] | None = None,
        max_body_bytes: int = MAX_BODY_BYTES,
        step_up: bool = False,
        act: str | None = None,
        is_expensive: bool = False,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Return the decorator that adds a function as the route of `method` and `rule` under /api/v1."""

        def keep(function: Callable[..., Any]) -> Callable[..., Any]:
            if not function.__doc__:
                raise ValueError(f"{function.__name__} needs a docstring: it is the route's description")
            self.endpoints.append(
                Endpoint(
                    method,
                    rule,
                    function,
                    role,
                    answer,
                    status,
                    query,
                    body,
                    is_signed,
                    carries_proof,
                    files,
                    max_body_bytes,
                    step_up,
                    act,
                    is_expensive,
                    self.capability,
                    self.takes_tokens and role not in (None, Role.OWNER) and not step_up,
                )
            )
            return function

        return keep


def register(app: Flask, routes: Routes) -> None:
    """Add the routes of one capability to the application."""
    for endpoint in routes.endpoints:
        app.add_url_rule(API_PREFIX + endpoint.rule, endpoint.name, _view(endpoint), methods=[endpoint.method])
    app.extensions.setdefault("quantbox.endpoints", []).extend(routes.endpoints)


def _view(endpoint: Endpoint) -> Callable[..., Response]:
    @functools.wraps(endpoint.function)
    def view(**path: Any) -> Response:
        request.max_content_length = endpoint.max_body_bytes
        if (request.content_length or 0) > endpoint.max_body_bytes:
            raise RequestRefused(413)
        with recorded(endpoint.act):
            _admit(endpoint)
            with _upload_thrown_away_when_refused():
                arguments = _arguments(endpoint)
                if endpoint.is_expensive:
                    charge_expensive()
                value = endpoint.function(**path, **arguments)
        if endpoint.answer is FileAnswer:
            return _file_response(value)
        adapter = endpoint.answer_adapter
        answer = adapter.validate_python(value, from_attributes=True)
        return Response(adapter.dump_json(answer), endpoint.status, content_type="application/json")

    return view


def _file_response(file: FileAnswer) -> Response:
    content = io.BytesIO(file.content) if isinstance(file.content, bytes) else file.content
    return send_file(
        content, mimetype=file.media_type, as_attachment=True, download_name=file.name, conditional=False, etag=False, max_age=0
    )


def _admit(endpoint: Endpoint) -> None:
    """Let the caller in, or raise: open vault, person, token, role, step-up, in that order."""
    if endpoint.role is not None:
        state = program_state()
        if state.services is None:
            raise VaultRotating if state.is_rotating else VaultLocked
        if not current_user.is_authenticated:
            raise SignInNeeded
    # No page can make a browser show an API token, so a script that does needs no second proof of where it comes from.
    is_by_token = endpoint.role is not None and bearer_token() is not None
    if is_by_token and not endpoint.takes_tokens:
        raise TokenUnsuitable
    if endpoint.needs_page_token and not is_by_token:
        check_token()
    if endpoint.role is not None and not current_user.role.includes(endpoint.role):
        raise RoleMissing(needed=endpoint.role.value, role=current_user.role.value)
    if endpoint.needs_step_up and not current_user.has_stepped_up:
        raise StepUpNeeded


def _arguments(endpoint: Endpoint) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    try:
        if endpoint.query is not None:
            arguments["query"] = endpoint.query.model_validate(request.args.to_dict())
        elif request.args:
            raise RequestInvalid(fields=", ".join(request.args))
        if endpoint.files is not None:
            arguments |= _read_upload(endpoint, endpoint.files)
        elif endpoint.body is not None:
            if request.mimetype != "application/json":
                raise RequestRefused(415)
            arguments["body"] = endpoint.body_adapter.validate_json(request.get_data())
    except ValidationError as error:
        found = problems(error)
        facts = {"field": found[0]["field"]} if len(found) == 1 else {}
        raise RequestInvalid(fields=describe(error), problems=found, **facts) from None
    return arguments


def _read_upload(endpoint: Endpoint, new_folder: Callable[[int], Path]) -> dict[str, Any]:
    if request.mimetype != "multipart/form-data":
        raise RequestRefused(415)
    files = cast("UploadRequest", request).read_files(new_folder(request.content_length or 0))
    return {"files": files, "body": endpoint.body.model_validate(request.form.to_dict())}


@contextmanager
def _upload_thrown_away_when_refused() -> Iterator[None]:
    try:
        yield
    except BaseException:
        folder = cast("UploadRequest", request).upload_folder
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def problems(error: ValidationError) -> list[dict[str, str]]:
    """Return field and kind of every fault; never the value, which may be private."""
    return [
        {"field": ".".join(map(str, fault["loc"])) or "body", "kind": fault["type"]}
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def describe(error: ValidationError) -> str:
    """Return the faults on one line."""
    return ", ".join(f"{fault['field']} ({fault['kind']})" for fault in problems(error)[:5])

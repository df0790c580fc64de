"""The description of the API in OpenAPI 3.1, made from the routes themselves, so that it cannot differ from them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from quantbox import __version__
from quantbox.web.api import API_PREFIX, Endpoint, FileAnswer
from quantbox.web.cookies import SESSION_COOKIE
from quantbox.web.csrf import CSRF_HEADER

__all__ = ["build_openapi"]

_REFERENCE = "#/components/schemas/{model}"
_PATH_ARGUMENT = re.compile(r"<(?:[a-z]+:)?(\w+)>")
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "hint", "facts", "error_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, in the language of the quantbox_language cookie."},
        "code": {"type": "string", "description": "Stable; the same as on the command line."},
        "hint": {"type": "string", "description": "What to do next."},
        "facts": {"type": "object"},
        "error_id": {"type": ["string", "null"], "description": "Names the entry in the log for a fault of the program."},
    },
}
_PROBLEM_EXAMPLE = {
    "type": "urn:quantbox:error:vault.locked",
    "title": "Forbidden",
    "status": 403,
    "detail": "数据已锁定",
    "code": "vault.locked",
    "hint": "请输入口令解锁",
    "facts": {},
    "error_id": None,
}


def build_openapi(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """Return the document that describes `endpoints`."""
    ordered = sorted(endpoints, key=lambda endpoint: (endpoint.rule, endpoint.method))
    schemas, references = _collect_schemas(ordered)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in ordered:
        path = API_PREFIX + _PATH_ARGUMENT.sub(r"{\1}", endpoint.rule)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "QuantBox",
            "version": __version__,
            "description": "The API of the pages and of scripts: on this machine, and on the LAN once its owner turns that on.",
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Problem": _PROBLEM},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE},
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "handover": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "QuantBox-Handover <id>.<time>.<HMAC-SHA256> with the key derived from the pass phrase.",
                },
            },
        },
    }


def _collect_schemas(endpoints: list[Endpoint]) -> tuple[dict[str, Any], dict[tuple[str, str], Any]]:
    """Return all component schemas, and the schema of every endpoint's body and answer by (endpoint name, part)."""
    inputs: list[tuple[tuple[str, str], JsonSchemaMode, TypeAdapter[Any]]] = []
    for endpoint in endpoints:
        if endpoint.answer is not FileAnswer:
            inputs.append(((endpoint.name, "answer"), "serialization", endpoint.answer_adapter))
        if endpoint.body is not None:
            inputs.append(((endpoint.name, "body"), "validation", endpoint.body_adapter))
        if endpoint.query is not None:
            inputs.append(((endpoint.name, "query"), "validation", TypeAdapter(endpoint.query)))
    found, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REFERENCE)
    schemas = definitions.get("$defs", {})
    return schemas, {key: schema for (key, _mode), schema in found.items()}


def _operation(endpoint: Endpoint, references: dict[tuple[str, str], Any]) -> dict[str, Any]:
    summary, _, description = (endpoint.function.__doc__ or "").strip().partition("\n")
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "tags": [endpoint.capability],
        "summary": summary,
        "description": " ".join(description.split()),
        "x-role": endpoint.role.value if endpoint.role else "public",
        "security": _security(endpoint),
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint), *_token_parameter(endpoint)],
        "responses": {
            str(endpoint.status): {
                "description": "Done",
                "content": _answered(endpoint, references),
            },
            "default": {
                "description": "Refused or failed (RFC 9457)",
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": _REFERENCE.format(model="Problem")},
                        "example": _PROBLEM_EXAMPLE,
                    }
                },
            },
        },
    }
    if endpoint.body is not None:
        content = _form(endpoint) if endpoint.files else {"application/json": {"schema": references[endpoint.name, "body"]}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _answered(endpoint: Endpoint, references: dict[tuple[str, str], Any]) -> dict[str, Any]:
    if endpoint.answer is FileAnswer:
        return {"application/octet-stream": {}}
    return {"application/json": {"schema": references[endpoint.name, "answer"]}}


def _form(endpoint: Endpoint) -> dict[str, Any]:
    schema = endpoint.body.model_json_schema(ref_template=_REFERENCE)
    schema.pop("$defs", None)  # they are among the components
    schema["properties"]["files"] = {
        "type": "array",
        "items": {"type": "string", "contentMediaType": "application/octet-stream"},
    }
    schema["required"] = [*schema.get("required", []), "files"]
    return {"multipart/form-data": {"schema": schema}}


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    if endpoint.is_signed:
        return [{"handover": []}]
    if endpoint.role is None:
        return []
    return [{"session": []}, {"token": []}] if endpoint.takes_tokens else [{"session": []}]


def _path_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PATH_ARGUMENT.findall(endpoint.rule)
    ]


def _query_parameters(endpoint: Endpoint) -> list[dict[str, Any]]:
    if endpoint.query is None:
        return []
    schema = endpoint.query.model_json_schema(ref_template=_REFERENCE)
    schema.pop("$defs", None)  # they are among the components
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": field}
        for name, field in schema["properties"].items()
    ]


def _token_parameter(endpoint: Endpoint) -> list[dict[str, Any]]:
    if not endpoint.needs_page_token:
        return []
    # A session's call needs it; a call with an API token does not.
    return [{"name": CSRF_HEADER, "in": "header", "required": not endpoint.takes_tokens, "schema": {"type": "string"}}]

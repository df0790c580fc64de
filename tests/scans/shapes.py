"""Bodies and queries that fit a route's schema, and the same with one place taken by a hostile text."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

__all__ = ["fitting", "places", "with_text"]

Place = tuple[str | int, ...]


def fitting(kind: Any) -> Any:
    """Return a value that fits a pydantic model, as far as its schema says what does."""
    schema = TypeAdapter(kind).json_schema()
    return _value(schema, schema.get("$defs", {}), "")


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Yield where in a value a text may be put: every leaf, every key of free objects, and the whole."""
    yield at
    if isinstance(value, dict):
        for name, one in value.items():
            yield from places(one, (*at, name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from places(one, (*at, index))


def with_text(value: Any, place: Place, text: str) -> Any:
    """Return the value with `text` at `place`."""
    if not place:
        return text
    changed = copy.deepcopy(value)
    inner = changed
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = text
    return changed


def _value(schema: dict[str, Any], definitions: dict[str, Any], name: str) -> Any:
    if "$ref" in schema:
        return _value(definitions[schema["$ref"].rsplit("/", 1)[-1]], definitions, name)
    for choices in ("anyOf", "oneOf", "allOf"):
        if choices in schema:
            real = [one for one in schema[choices] if one.get("type") != "null"]
            return _value(real[0], definitions, name)
    if "const" in schema or "enum" in schema:
        return schema.get("const", (schema.get("enum") or [None])[0])
    kind = schema.get("type")
    if kind == "object":
        properties = {key: _value(one, definitions, key) for key, one in schema.get("properties", {}).items()}
        return properties or {"key": "value"}
    if kind == "array":
        return [_value(schema.get("items", {"type": "string"}), definitions, name)] * max(1, schema.get("minItems", 1))
    if kind == "boolean":
        return False
    if kind in {"integer", "number"}:
        return schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return _text(schema, name)


def _text(schema: dict[str, Any], name: str) -> str:
    if schema.get("format") == "date":
        return "2024-01-02"
    if schema.get("format") == "date-time":
        return "2024-01-02T00:00:00Z"
    if "symbol" in name:
        return "600000.SH"
    text = "12345678" if name in {"code", "cash"} else "correct horse battery"
    return text.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 10_000)]

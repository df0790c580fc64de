"""The description of the API is whole and made of the routes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from tests.web.program import Program, open_browser


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a program without a store says to anybody."""
    program = Program(DataFolder(tmp_path_factory.mktemp("none")), FixedClock(datetime(2026, 11, 20, tzinfo=UTC)))
    found: dict[str, Any] = open_browser(program).api("/openapi.json")
    return found


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from nodes(child)
    elif isinstance(node, list):
        for child in node:
            yield from nodes(child)


def test_it_says_what_it_is(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"]["title"] == "QuantBox"
    assert document["info"]["version"]


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    references = {node["$ref"] for node in nodes(document) if isinstance(node.get("$ref"), str)}
    assert references
    for reference in references:
        assert reference.startswith("#/components/schemas/"), reference
        assert reference.rsplit("/", 1)[1] in document["components"]["schemas"], reference


def test_no_definition_hides_outside_the_components(document: dict[str, Any]) -> None:
    assert not [node for node in nodes(document) if "$defs" in node]


def test_every_operation_is_named_once_and_describes_role_answer_and_problem(document: dict[str, Any]) -> None:
    seen = set()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            place = f"{method} {path}"
            assert operation["operationId"] not in seen, place
            seen.add(operation["operationId"])
            assert operation["summary"], place
            assert operation["x-role"] in {"public", "viewer", "trader", "owner"}, place
            success = [status for status in operation["responses"] if status.startswith("2")]
            assert len(success) == 1, place
            (answered,) = operation["responses"][success[0]]["content"].items()
            assert answered == ("application/octet-stream", {}) or ("schema" in answered[1] and "json" in answered[0]), place
            problem = operation["responses"]["default"]["content"]["application/problem+json"]
            assert problem["schema"] == {"$ref": "#/components/schemas/Problem"}
            assert set(problem["example"]) == set(document["components"]["schemas"]["Problem"]["required"])
            in_path = {name for name in path.split("/") if name.startswith("{")}
            assert {f"{{{one['name']}}}" for one in operation["parameters"] if one["in"] == "path"} == in_path, place
            changes = method in {"post", "put", "delete"}
            has_token = any(one["name"] == "X-CSRF-Token" for one in operation["parameters"])
            carries_its_own_proof = operation["security"] == [{"handover": []}] or place == "post /api/v1/tokens/refresh"
            assert has_token == (changes and not carries_its_own_proof), place


def test_an_upload_is_described_as_files_with_fields(document: dict[str, Any]) -> None:
    schema = document["paths"]["/api/v1/data/imports"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(schema["properties"]) == {"files", "symbol", "adjust"}
    assert schema["required"] == ["files"]

"""JSON from code nobody vouches for: a strategy's process, a file from elsewhere.

JSON can spell half of a surrogate pair, which no file, database or answer can hold, and can be nested beyond what Python
reads; both are settled here, where it comes in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

__all__ = ["parse_foreign_json", "with_whole_characters"]

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def parse_foreign_json(content: bytes | str, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """Return the value of a JSON text, with ? for each half of a pair; raises ValueError for what is no JSON.

    Parameters
    ----------
    parse_constant : callable, optional
        Given NaN and the infinities, as :func:`json.loads` does.
    """
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
    try:
        value = json.loads(text, parse_constant=parse_constant)
        return with_whole_characters(value) if _SURROGATE.search(text) else value
    except RecursionError:
        raise ValueError("JSON nested without end") from None


def with_whole_characters(value: Any) -> Any:
    """Return a JSON value with ? for each half of a surrogate pair in its texts."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [with_whole_characters(one) for one in value]
    if isinstance(value, dict):
        return {with_whole_characters(name): with_whole_characters(one) for name, one in value.items()}
    return value

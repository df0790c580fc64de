"""JSON from a strategy's process: what no answer could hold is settled where it comes in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quantbox.core.foreign_json import parse_foreign_json


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"lines":["half \\ud83d"],"\\uDC00":1}', {"lines": ["half ?"], "?": 1}),
        (b'["\\ud83d\\ude00", "\xf0\x9f\x98\x80"]', ["😀", "😀"]),
        ('["half \ud83d"]', ["half ?"]),
        (b'"\xed\xa0\xbd"', "\ufffd" * 3),  # half a pair as no UTF-8 may spell it
        (b'{"a":[1.5,null,true]}', {"a": [1.5, None, True]}),
    ],
)
def test_every_text_can_be_written_again(content: bytes | str, value: Any) -> None:
    parsed = parse_foreign_json(content)
    assert parsed == value
    json.dumps(parsed, ensure_ascii=False).encode()


@pytest.mark.parametrize("content", [b"[" * 100_000, b"{", b"\xff\xfe"])
def test_what_is_no_json_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"JSON|Expecting"):
        parse_foreign_json(content)

"""What a record may say of an act besides who, when, where and how it ended: named facts, short, and never a secret.

Only the names below are kept. So what is not thought of here stays out of the log, however it got into the facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["KNOWN_FACTS", "facts_text"]

KNOWN_FACTS = frozenset(
    {
        # how it ended
        "code",  # stable code of the error
        "times",  # how often, where many were counted as one
        "first_at",
        "last_at",
        "reason",
        # what it concerned
        "backtest_id",
        "backup",
        "device_id",
        "factor_id",
        "job_id",
        "pairing_id",
        "person_id",
        "session_id",
        "symbol",
        "token_id",
        # what was asked for
        "adjust",
        "changed",  # names of what was changed, not its values
        "contents",
        "days",
        "destination",
        "end",
        "endpoint",
        "epoch",
        "file_name",
        "files",
        "format",
        "frequency",
        "has_own_passphrase",
        "include_downloads",
        "is_active",
        "is_new_place",
        "is_enabled",
        "is_on",
        "kind",
        "kinds",
        "max_role",
        "method",
        "name",
        "port",
        "provider",
        "role",
        "rows",
        "rules",
        "source",
        "start",
        "symbols",
        "tablets",  # how many
        # the log itself
        "anchored_seq",
        "given_up",
        "head_seq",
        "problem",
    }
)

_MOST_LETTERS = 200
_MOST_ITEMS = 20


def facts_text(facts: Mapping[str, Any]) -> str:
    """Return the known facts as the JSON text a record keeps."""
    kept = {name: _plain(value) for name, value in sorted(facts.items()) if name in KNOWN_FACTS and value is not None}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return {_short(name): _plain(one) for name, one in list(value.items())[:_MOST_ITEMS]}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else list(value)
        return [_short(one) for one in items[:_MOST_ITEMS]] + (["…"] if len(items) > _MOST_ITEMS else [])
    return _short(value)


def _short(value: Any) -> str:
    """Return a short text that any file can hold: no half surrogate pairs."""
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= _MOST_LETTERS else text[: _MOST_LETTERS - 1] + "…"

"""Strategies that come with the program: plain `backtrader.Strategy` files, and run.py, which runs them without QuantBox.

Each file opens with one line in Chinese and one in English, "title: about".
"""

from __future__ import annotations

import ast
from importlib.resources import files
from typing import Any

from quantbox.backtesting.loading import inspect_source

__all__ = ["SAMPLES", "list_samples"]

#: In the order in which they are offered.
SAMPLES = ("sma_cross.py", "bollinger_reversion.py", "momentum_rotation.py")


def list_samples() -> list[dict[str, Any]]:
    """Return every sample with `file_name`, `class_name`, `title`, `about`, `source` and `params`."""
    return [_describe(name, files(__name__).joinpath(name).read_text(encoding="utf-8")) for name in SAMPLES]


def _describe(file_name: str, source: str) -> dict[str, Any]:
    zh, _, en = (ast.get_docstring(ast.parse(source)) or "").partition("\n\n")
    (title_zh, about_zh), (title_en, about_en) = zh.split("：", 1), en.split(": ", 1)
    (found,) = inspect_source(source)["classes"]
    return {
        "file_name": file_name,
        "class_name": found["name"],
        "title": {"zh": title_zh, "en": title_en},
        "about": {"zh": about_zh, "en": about_en},
        "source": source,
        "params": found["params"],
    }

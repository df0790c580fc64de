"""What the tests of the pages read: templates, modules and locales, with comments taken out where words count."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "static"
TEMPLATES = ROOT / "templates"


def modules() -> list[Path]:
    """Hand-written JavaScript modules."""
    return sorted((STATIC / "js").rglob("*.js"))


def templates() -> list[Path]:
    """Jinja templates."""
    return sorted(TEMPLATES.rglob("*.html"))


def sheets() -> list[Path]:
    """Hand-written style sheets."""
    return sorted((STATIC / "css").glob("*.css"))


def without_comments(path: Path) -> str:
    """Return the text of `path` without its comments; the words in them are for developers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        return re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    return re.sub(r"(^|[\s;{}])//[^\n]*", r"\1", text)


def words(language: str) -> dict[str, str]:
    """Return the locale of `language`."""
    return json.loads((STATIC / "locales" / f"{language}.json").read_text(encoding="utf-8"))


def name(path: Path) -> str:
    """Return a short name for a test's id."""
    return path.relative_to(ROOT).as_posix()

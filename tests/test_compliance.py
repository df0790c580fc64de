"""The evidence that docs name exists: every test named in a table of promises is a test of this suite."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TABLES = [path for name in ("compliance.md", "security.md") if (path := ROOT / "docs" / name).exists()]


@pytest.mark.parametrize("table", TABLES, ids=lambda path: path.name)
def test_every_test_named_in_a_table_exists(table: Path) -> None:
    named = re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?(?:\[[^\]]*\])?`", table.read_text(encoding="utf-8"))
    assert len(named) > 20
    missing = []
    for path, name in named:
        place = ROOT / path
        if not place.exists() or (name and not re.search(rf"^\s*def {name}\(", place.read_text(encoding="utf-8"), re.MULTILINE)):
            missing.append(f"{path}::{name}")
    assert missing == []


def test_all_twenty_eight_items_stand_in_the_table() -> None:
    text = (ROOT / "docs" / "compliance.md").read_text(encoding="utf-8")
    assert [int(number) for number in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)] == list(range(1, 29))

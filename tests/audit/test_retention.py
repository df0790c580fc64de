"""Nothing deletes a record: no statement in the package's source does, and no address or command offers it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import quantbox
from quantbox.app.commands import COMMANDS
from quantbox.audit.service import Audit
from tests.audit.program import endpoints_of
from tests.web.program import Browser

PACKAGE = Path(quantbox.__path__[0])
SOURCES = [path for path in PACKAGE.rglob("*.py") if "_resources" not in path.parts]

CHANGES = re.compile(r"(DELETE\s+FROM|UPDATE|DROP\s+TABLE|REPLACE\s+INTO)\s+\"?audit_records", re.IGNORECASE)


def test_no_code_deletes_or_changes_a_record() -> None:
    """The row class is used where records are added and read, and in no delete() or update(); raw SQL names the table nowhere."""
    users, wrong = set(), []
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(PACKAGE).as_posix()
        if "AuditRow" not in text and "audit_records" not in text.casefold():
            continue
        if "AuditRow" in text:
            users.add(place)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in {"delete", "update"}:
                wrong += [f"{place}:{node.lineno}" for one in node.args if "AuditRow" in ast.dump(one)]
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHANGES.search(node.value):
                wrong.append(f"{place}:{node.lineno}")
    assert users == {"audit/store.py", "audit/tables.py"}
    assert wrong == []


def test_nobody_is_offered_to_delete_one(stranger: Browser) -> None:
    methods = {(one.method, one.rule) for one in endpoints_of(stranger) if one.rule.startswith("/audit")}
    assert {method for method, _rule in methods} == {"GET", "POST"}
    assert {rule for method, rule in methods if method == "POST"} == {"/audit/export", "/audit/anchor"}
    assert {name for name in COMMANDS if name.startswith("audit.")} == {
        "audit.verify",
        "audit.list",
        "audit.export",
        "audit.anchor",
    }
    public = {name for name in vars(Audit) if not name.startswith("_")}
    assert not {name for name in public if re.search("delete|remove|purge|prune|forget|drop", name)}

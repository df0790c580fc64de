"""The house rules a program can check; each failure names file, line and the way out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "quantbox"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "_resources" not in path.parts)
#: Strategies the user reads and runs elsewhere, and migrations, which are history: neither is a module of the house.
OWN_RULES = ("backtesting/samples/", "core/database/migrations/versions/")
MODULES = [path for path in SOURCES if not any(part in path.as_posix() for part in OWN_RULES)]

PUBLIC_TO_OTHERS = {"service", "models", "events", "errors"}
#: Doors a capability opens besides the four, with the reason.
OPENED = {
    "quantbox.jobs.runner": "job handlers of every capability are given a JobContext",
    "quantbox.jobs.child": "backtesting starts its child process through the jobs capability",
    "quantbox.jobs.routes": "a route that starts a job answers with the job's own schema",
    "quantbox.market_data.rules": "the dated rule book is what the simulated exchange stands on",
    "quantbox.market_data.requests": "app builds it",
    "quantbox.brokers.simulation": "every engine calls the one simulated exchange",
    "quantbox.user_auth.settings": "app builds it",
    "quantbox.vault.handover": "the command line signs, the web process verifies",
    "quantbox.vault.document": "a backup carries a copy of vault.json",
    "quantbox.vault.wrappers": "a backup's own pass phrase seals its key as the vault's does",
    "quantbox.vault.fields": "every capability with private fields seals them",
    "quantbox.vault.credentials": "every capability that signs in somewhere keeps its secrets there",
    "quantbox.market_data.symbols": "how a symbol is written is vocabulary",
}
COMPOSITION = {"app", "worker", "desktop", "cli"}
FOUNDATION = {"core", "web"}
FLASK = {"flask", "flask_login", "flask_sock", "werkzeug", "apiflask", "simple_websocket", "flask_wtf"}
BANNED_CALLS = {("os", "fork"), ("os", "kill"), ("os", "killpg"), ("os", "forkpty")}
BANNED_MODULES = {"fcntl", "resource", "msvcrt", "signal"}
PLATFORM_PLACES = ("core/processes/", "core/paths.py")
MODULE_LINES = 500
FUNCTION_LINES = 60


def relative(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def nodes(path: Path) -> list[ast.AST]:
    """Return everything in a module, the module itself first; read once for all rules."""
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def is_private(own: str, module: str) -> bool:
    """Whether `module` belongs to another capability and is none of its public modules."""
    parts = module.split(".")
    if parts[0] != "quantbox" or len(parts) < 3 or parts[1] in FOUNDATION | {own}:
        return False
    named = ".".join(parts[:3])
    is_module = (PACKAGE / parts[1] / f"{parts[2]}.py").exists() or (PACKAGE / parts[1] / parts[2]).is_dir()
    return is_module and parts[2] not in PUBLIC_TO_OTHERS and named not in OPENED


def test_other_capabilities_are_used_through_their_public_modules_only() -> None:
    wrong = []
    for path in MODULES:
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if own in COMPOSITION:
            continue
        wrong += [f"{relative(path)}:{line} imports {name}" for line, name in imports(path) if is_private(own, name)]
    assert wrong == []


def test_flask_stays_at_the_edge() -> None:
    allowed = lambda p: p.name in {"routes.py", "sockets.py"} or p.parts[0] == "web" or p.as_posix() == "app/web.py"  # noqa: E731
    wrong = [
        f"{relative(path)}:{line} imports {name}"
        for path in MODULES
        for line, name in imports(path)
        if name.split(".")[0] in FLASK and not allowed(path.relative_to(PACKAGE))
    ]
    assert wrong == []


def test_what_differs_between_systems_lives_in_core_processes_and_paths() -> None:
    wrong = []
    for path in MODULES:
        if relative(path).startswith(PLATFORM_PLACES):
            continue
        wrong += [
            f"{relative(path)}:{line} imports {name}" for line, name in imports(path) if name.split(".")[0] in BANNED_MODULES
        ]
        for node in nodes(path):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and (node.value.id, node.attr) in BANNED_CALLS
            ):
                wrong.append(f"{relative(path)}:{node.lineno} uses {node.value.id}.{node.attr}")
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("ipc:"):
                wrong.append(f"{relative(path)}:{node.lineno} uses {node.value}")
    assert wrong == []


@pytest.mark.parametrize("path", MODULES, ids=relative)
def test_module_says_why_it_exists_and_stays_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module starts by saying why it exists"
    assert len(text.splitlines()) <= MODULE_LINES, "split it by noun"
    long_ones = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    ]
    assert long_ones == []


def test_no_folder_is_crowded() -> None:
    crowded = {
        relative(folder): len(files)
        for folder in PACKAGE.rglob("*")
        if folder.is_dir() and len(files := [p for p in folder.glob("*.py") if p.name != "__init__.py"]) > 15
    }
    assert crowded == {}


def test_no_module_is_named_after_nothing() -> None:
    assert [relative(p) for p in MODULES if p.stem in {"utils", "helpers", "manager", "common", "misc"}] == []


def test_every_error_has_a_code_of_its_own_and_speaks_both_languages() -> None:
    import importlib

    from quantbox.core.errors import QuantBoxError

    for path in MODULES:
        if path.name == "errors.py":
            importlib.import_module("quantbox." + relative(path).removesuffix(".py").replace("/", "."))
    families, pending = [], [QuantBoxError]
    while pending:
        family = pending.pop()
        families.append(family)
        pending += family.__subclasses__()
    own = [cls for cls in families if "code" in vars(cls) and isinstance(vars(cls)["code"], str)]
    codes = [cls.code for cls in own]
    assert len(codes) == len(set(codes)), "codes are stable names, each of one error"
    assert [cls.__name__ for cls in own if not (cls.sentence.zh and cls.sentence.en)] == []
    assert [cls.__name__ for cls in own if bool(cls.hint.zh) != bool(cls.hint.en)] == []

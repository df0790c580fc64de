"""From the text of a strategy file to the class to run and its typed parameters.

The text is compiled under its own file name and never written to disk; `linecache` holds its lines, so tracebacks read
as if the file were there. :func:`inspect_source` reads classes and parameters without running anything.
"""

from __future__ import annotations

import ast
import json
import linecache
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from quantbox.backtesting.strategy_errors import (
    ParamTypeWrong,
    ParamUnknown,
    StrategyClassUnknown,
    StrategyMissing,
    StrategyUnclear,
)

__all__ = ["MODULE_NAME", "find_strategy", "inspect_source", "load_module", "parse_params"]

#: Name of the module a strategy file becomes.
MODULE_NAME = "quantbox_strategy"

_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})


def load_module(source: str, file_name: str) -> types.ModuleType:
    """Run the text as a module; what it raises, a SyntaxError too, comes through with this file's name and lines."""
    linecache.cache[file_name] = (len(source), None, source.splitlines(keepends=True), file_name)
    module = types.ModuleType(MODULE_NAME)
    module.__file__ = file_name
    sys.modules[MODULE_NAME] = module  # pickle, dataclasses and Backtrader's metaclasses look a class up by its module
    exec(compile(source, file_name, "exec"), module.__dict__)  # noqa: S102 - the owner's own strategy, in a child process  # nosec B102
    return module


def find_strategy(module: types.ModuleType, class_name: str | None = None) -> type:
    """Return the one `backtrader.Strategy` that the module defines, or the one that is named."""
    import backtrader as bt

    file_name = PurePath(str(module.__file__)).name
    found = {
        value.__name__: value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, bt.Strategy) and value.__module__ == module.__name__
    }
    if not found:
        raise StrategyMissing(file=file_name)
    if class_name is not None:
        if class_name not in found:
            raise StrategyClassUnknown(file=file_name, name=class_name, known=", ".join(found))
        return found[class_name]
    if len(found) > 1:
        raise StrategyUnclear(file=file_name, known=", ".join(found))
    return next(iter(found.values()))


def parse_params(strategy: type, given: Mapping[str, str]) -> dict[str, Any]:
    """Return the given parameters, each with the type of its default."""
    defaults = dict(strategy.params._getitems())  # type: ignore[attr-defined]  # Backtrader's metaclass puts it there
    parsed = {}
    for name, text in given.items():
        if name not in defaults:
            raise ParamUnknown(name=name, strategy=strategy.__name__, known=", ".join(defaults) or "–")
        parsed[name] = _parse(name, text, defaults[name])
    return parsed


def _parse(name: str, text: str, default: object) -> object:
    wanted = type(default)
    try:
        if isinstance(default, bool):
            return _parse_bool(text)
        if isinstance(default, int):
            return int(text)
        if isinstance(default, float):
            return float(text)
        if isinstance(default, str):
            return text
        value = _literal(text)
    except ValueError:
        raise ParamTypeWrong(name=name, value=text, wanted=wanted.__name__) from None
    if isinstance(default, tuple) and isinstance(value, list):
        value = tuple(value)
    if isinstance(default, list) and isinstance(value, tuple):
        value = list(value)
    if default is not None and not isinstance(value, wanted):
        raise ParamTypeWrong(name=name, value=text, wanted=wanted.__name__)
    return value


def _parse_bool(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(text)
    return word in _TRUE


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


@dataclass(frozen=True)
class _ClassFound:
    name: str
    bases: tuple[str, ...]
    params: tuple[dict[str, Any], ...]


def inspect_source(source: str) -> dict[str, Any]:
    """Return the strategies of a file without running it, for the page that asks for parameters.

    Returns
    -------
    dict
        `classes`: list of `name` and `params` (list of `name`, `default`, `type`; `default` is None and `type` is
        "expression" where it is no literal); `error`: None, or `message` and `line` of a syntax error.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        return {"classes": [], "error": {"message": error.msg, "line": error.lineno}}
    except (ValueError, RecursionError, MemoryError) as error:  # null bytes, or nested beyond what the parser takes
        return {"classes": [], "error": {"message": str(error) or "nested too deeply", "line": None}}
    classes = {
        node.name: _ClassFound(node.name, tuple(ast.unparse(base) for base in node.bases), tuple(_params_of(node)))
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    strategies = [found for found in classes.values() if _is_strategy(found, classes)]
    return {"classes": [{"name": found.name, "params": _with_inherited(found, classes)} for found in strategies], "error": None}


def _is_strategy(found: _ClassFound, classes: Mapping[str, _ClassFound]) -> bool:
    """Whether a base is called Strategy or SignalStrategy, directly or through another class of the file."""
    family = [found, *_ancestors(found, classes)]
    return any(base.rsplit(".", 1)[-1] in {"Strategy", "SignalStrategy"} for member in family for base in member.bases)


def _with_inherited(found: _ClassFound, classes: Mapping[str, _ClassFound]) -> list[dict[str, Any]]:
    family = [*reversed(_ancestors(found, classes)), found]
    return list({param["name"]: param for member in family for param in member.params}.values())


def _ancestors(found: _ClassFound, classes: Mapping[str, _ClassFound]) -> list[_ClassFound]:
    """Return the classes of the file that `found` inherits from, nearest first, each once even if they form a ring."""
    ancestors: dict[str, _ClassFound] = {}
    pending = list(found.bases)
    while pending:
        name = pending.pop(0)
        if name in classes and name != found.name and name not in ancestors:
            ancestors[name] = classes[name]
            pending += classes[name].bases
    return list(ancestors.values())


def _params_of(node: ast.ClassDef) -> list[dict[str, Any]]:
    """Read `params = (("fast", 5), ...)` or `params = dict(fast=5, ...)` or `params = {"fast": 5}`."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "params" for t in statement.targets):
            return [_param(name, value) for name, value in _pairs(statement.value)]
    return []


def _pairs(value: ast.expr) -> list[tuple[str, ast.expr]]:
    if isinstance(value, ast.Call):
        return [(keyword.arg, keyword.value) for keyword in value.keywords if keyword.arg]
    if isinstance(value, ast.Dict):
        keyed = zip(value.keys, value.values, strict=True)
        return [(key.value, item) for key, item in keyed if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    pairs = [item.elts for item in getattr(value, "elts", []) if isinstance(item, ast.Tuple | ast.List) and len(item.elts) == 2]
    return [(key.value, item) for key, item in pairs if isinstance(key, ast.Constant) and isinstance(key.value, str)]


def _param(name: str, value: ast.expr) -> dict[str, Any]:
    try:
        default = ast.literal_eval(value)
        shown = json.loads(json.dumps(default, allow_nan=False))
    except (ValueError, TypeError):  # no literal, or none that a page can show
        return {"name": name, "default": None, "type": "expression"}
    return {"name": name, "default": shown, "type": "none" if default is None else type(default).__name__}

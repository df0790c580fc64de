"""From the text of a file to a class with typed parameters."""

from __future__ import annotations

import linecache
import traceback

import backtrader as bt
import pytest

from quantbox.backtesting.loading import find_strategy, inspect_source, load_module, parse_params
from quantbox.backtesting.strategy_errors import (
    ParamTypeWrong,
    ParamUnknown,
    StrategyClassUnknown,
    StrategyMissing,
    StrategyUnclear,
)

ONE = """import backtrader as bt

class Base(bt.Indicator):
    lines = ("x",)

class Only(bt.Strategy):
    params = (("fast", 5), ("ratio", 0.5), ("loud", False), ("name", "a"), ("days", (1, 2)), ("limit", None))
"""
TWO = ONE + "\nclass Second(Only):\n    params = dict(slow=20)\n"


def only() -> type:
    return find_strategy(load_module(ONE, "one.py"))


# --- finding ----------------------------------------------------------------------------------------------------------


def test_the_one_strategy_of_a_file_is_found() -> None:
    found = only()
    assert found.__name__ == "Only"
    assert issubclass(found, bt.Strategy)


def test_a_named_strategy_is_picked_among_several() -> None:
    module = load_module(TWO, "two.py")
    assert find_strategy(module, "Second").__name__ == "Second"
    assert find_strategy(module, "Only").__name__ == "Only"


def test_several_without_a_name_are_refused_and_listed() -> None:
    with pytest.raises(StrategyUnclear, match=r"two\.py defines several strategies: Only, Second"):
        find_strategy(load_module(TWO, "two.py"))


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(StrategyClassUnknown, match="no strategy Third; it has Only"):
        find_strategy(load_module(ONE, "one.py"), "Third")


@pytest.mark.parametrize(
    "source", ["x = 1", "from backtrader import Strategy", "import backtrader as bt\nclass A(bt.Indicator): pass"]
)
def test_a_file_without_a_strategy_of_its_own_is_refused(source: str) -> None:
    with pytest.raises(StrategyMissing, match=r"none\.py defines no subclass"):
        find_strategy(load_module(source, "none.py"))


def test_an_exception_names_file_and_line_and_shows_the_line() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        load_module("a = 0\nb = 1 / a  # here\n", "broken.py")
    shown = traceback.format_exception(caught.value)
    assert 'File "broken.py", line 2' in "".join(shown)
    assert "b = 1 / a  # here" in "".join(shown)
    assert linecache.getline("broken.py", 2) == "b = 1 / a  # here\n"


def test_a_syntax_error_names_file_and_line() -> None:
    with pytest.raises(SyntaxError) as caught:
        load_module("import os\n\ndef f(:\n", "typo.py")
    assert (caught.value.filename, caught.value.lineno) == ("typo.py", 3)


def test_a_dataclass_in_the_file_works() -> None:
    module = load_module(
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass A:\n    x: int = 3\n", "d.py"
    )
    assert module.A().x == 3


# --- parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("fast", "12", 12),
        ("ratio", "2", 2.0),
        ("ratio", "1e-3", 0.001),
        ("loud", "true", True),
        ("loud", "0", False),
        ("loud", "OFF", False),
        ("name", "12", "12"),
        ("days", "(3, 4)", (3, 4)),
        ("days", "[3]", (3,)),
        ("limit", "7", 7),
        ("limit", "7.5", 7.5),
        ("limit", "abc", "abc"),
        ("limit", "None", None),
    ],
)
def test_a_value_takes_the_type_of_the_default(name: str, text: str, value: object) -> None:
    parsed = parse_params(only(), {name: text})[name]
    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [("fast", "1.5", "int"), ("ratio", "much", "float"), ("loud", "maybe", "bool"), ("days", "3", "tuple")],
)
def test_a_value_of_another_type_is_refused(name: str, text: str, wanted: str) -> None:
    with pytest.raises(ParamTypeWrong, match=f"parameter {name} is {wanted}, not “{text}”"):
        parse_params(only(), {name: text})


def test_an_unknown_parameter_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ParamUnknown, match="no parameter slow; it has fast, ratio, loud, name, days, limit"):
        parse_params(only(), {"slow": "3"})


def test_inherited_parameters_are_known() -> None:
    second = find_strategy(load_module(TWO, "two.py"), "Second")
    assert parse_params(second, {"slow": "30", "fast": "3"}) == {"slow": 30, "fast": 3}


# --- reading without running ------------------------------------------------------------------------------------------


def test_classes_and_parameters_are_read_without_running_the_file() -> None:
    inspected = inspect_source("raise SystemExit\n" + TWO)
    assert inspected["error"] is None
    assert [found["name"] for found in inspected["classes"]] == ["Only", "Second"]
    assert inspected["classes"][0]["params"] == [
        {"name": "fast", "default": 5, "type": "int"},
        {"name": "ratio", "default": 0.5, "type": "float"},
        {"name": "loud", "default": False, "type": "bool"},
        {"name": "name", "default": "a", "type": "str"},
        {"name": "days", "default": [1, 2], "type": "tuple"},
        {"name": "limit", "default": None, "type": "none"},
    ]
    assert [param["name"] for param in inspected["classes"][1]["params"]][-1] == "slow"
    assert len(inspected["classes"][1]["params"]) == 7


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ('{"a": 1}', [{"name": "a", "default": 1, "type": "int"}]),
        ("dict(a=-2.5)", [{"name": "a", "default": -2.5, "type": "float"}]),
        ('[["a", "x"]]', [{"name": "a", "default": "x", "type": "str"}]),
        ('(("a", bt.Order.Limit),)', [{"name": "a", "default": None, "type": "expression"}]),
        ("(('a', 1e999), ('b', {'k': b'x'}))", [{"name": name, "default": None, "type": "expression"} for name in "ab"]),
        ("other", []),
    ],
)
def test_every_way_to_write_parameters_is_read(params: str, expected: list[dict[str, object]]) -> None:
    source = f"import backtrader as bt\nclass S(bt.Strategy):\n    params = {params}\n"
    assert inspect_source(source)["classes"] == [{"name": "S", "params": expected}]


def test_a_syntax_error_is_an_answer_with_its_line() -> None:
    inspected = inspect_source("import os\nclass S(:\n")
    assert inspected["classes"] == []
    assert inspected["error"]["line"] == 2


@pytest.mark.parametrize("source", ["a = 1\0", "-" * 200_000 + "1", "(" * 5000], ids=["null byte", "deep", "brackets"])
def test_what_the_parser_cannot_take_is_an_answer(source: str) -> None:
    assert inspect_source(source)["error"]["message"]


def test_a_class_that_inherits_from_itself_does_not_hang() -> None:
    assert inspect_source("class A(B): pass\nclass B(A): pass\n") == {"classes": [], "error": None}
    ring = inspect_source("class A(B, bt.Strategy):\n    params = dict(x=1)\nclass B(A):\n    params = dict(y=2)\n")
    assert [found["name"] for found in ring["classes"]] == ["A", "B"]

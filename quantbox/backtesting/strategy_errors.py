"""Why a strategy file cannot be run, or stopped: its text, its classes, its parameters, what it raised."""

from __future__ import annotations

from quantbox.core.errors import Invalid
from quantbox.core.text import Text

__all__ = [
    "ParamTypeWrong",
    "ParamUnknown",
    "StrategyClassUnknown",
    "StrategyFailed",
    "StrategyMissing",
    "StrategySyntaxWrong",
    "StrategyUnclear",
]


class StrategySyntaxWrong(Invalid):
    """The file is no Python."""

    code = "backtesting.syntax_error"
    sentence = Text("策略语法错误：{detail}（{file}:{line}）", "the strategy has a syntax error: {detail} ({file}:{line})")
    hint = Text("修正这一行后重试", "Mend that line and run again")


class StrategyFailed(Invalid):
    """The strategy raised; `file`, `line` and `bar_date` say where, each None where there is none."""

    code = "backtesting.strategy_error"
    sentence = Text("策略出错：{exception}: {detail}（{place}）", "the strategy raised {exception}: {detail} ({place})")
    hint = Text("修正策略后重试", "Mend the strategy and run again")


class StrategyMissing(Invalid):
    """The file defines no strategy."""

    code = "backtesting.strategy_missing"
    sentence = Text("{file} 里没有 backtrader.Strategy 的子类", "{file} defines no subclass of backtrader.Strategy")
    hint = Text("策略类应写成 class 名字(bt.Strategy)", "Write the strategy as class Name(bt.Strategy)")


class StrategyUnclear(Invalid):
    """The file defines several strategies and none was named."""

    code = "backtesting.strategy_unclear"
    sentence = Text("{file} 里有多个策略：{known}", "{file} defines several strategies: {known}")
    hint = Text("用 --class 选一个", "Pick one with --class")


class StrategyClassUnknown(Invalid):
    """The file defines no strategy of that name."""

    code = "backtesting.strategy_class_unknown"
    sentence = Text("{file} 里没有策略 {name}，有：{known}", "{file} has no strategy {name}; it has {known}")
    hint = Text("核对类名的大小写", "Check the spelling of the class name")


class ParamUnknown(Invalid):
    """The strategy has no such parameter."""

    code = "backtesting.param_unknown"
    sentence = Text("策略 {strategy} 没有参数 {name}，有：{known}", "strategy {strategy} has no parameter {name}; it has {known}")
    hint = Text("参数写成 --param 名字=值", "Write a parameter as --param name=value")


class ParamTypeWrong(Invalid):
    """The value does not have the type of the parameter's default."""

    code = "backtesting.param_type_wrong"
    sentence = Text("参数 {name} 的值“{value}”不是 {wanted}", "parameter {name} is {wanted}, not “{value}”")
    hint = Text("值的类型应与默认值相同", "A value has the type of the parameter's default")

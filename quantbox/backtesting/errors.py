"""What backtesting refuses, what it does not find.

Invalid
 ├ PeriodInvalid        backtesting.period_invalid
 ├ CashInvalid          backtesting.cash_invalid
 ├ CostsInvalid         backtesting.costs_invalid
 ├ SymbolCountInvalid   backtesting.symbol_count_invalid
 ├ SymbolRepeated       backtesting.symbol_repeated
 ├ SourceInvalid        backtesting.source_invalid
 ├ ParamInvalid         backtesting.param_invalid
 └ DisplaySeriesRefused backtesting.display_series_refused
NotFound
 └ BacktestNotFound     backtesting.not_found
Conflict
 ├ BacktestArchived     backtesting.archived
 ├ BacktestHasNoResult  backtesting.no_result
 └ BacktestUnfinished   backtesting.unfinished
Unavailable
 └ ResultInvalid        backtesting.result_invalid

What a strategy file itself is refused for lies in ``strategy_errors``.
"""

from __future__ import annotations

from quantbox.core.errors import Conflict, Invalid, NotFound, Unavailable
from quantbox.core.text import Text

__all__ = [
    "BacktestArchived",
    "BacktestHasNoResult",
    "BacktestNotFound",
    "BacktestUnfinished",
    "CashInvalid",
    "CostsInvalid",
    "DisplaySeriesRefused",
    "ParamInvalid",
    "PeriodInvalid",
    "ResultInvalid",
    "SourceInvalid",
    "SymbolCountInvalid",
    "SymbolRepeated",
]


class PeriodInvalid(Invalid):
    """The period ends before it starts."""

    code = "backtesting.period_invalid"
    sentence = Text("开始日期 {start} 晚于结束日期 {end}", "The start {start} is after the end {end}")
    hint = Text("请改正日期", "Correct the dates")


class CashInvalid(Invalid):
    """The starting cash is outside its bounds."""

    code = "backtesting.cash_invalid"
    sentence = Text("初始资金 {cash} 元超出范围，应大于 0 且不超过 {maximum} 元", "{cash} yuan is outside 0 to {maximum}")
    hint = Text("请改用范围内的数，最多两位小数", "Use an amount within the range, with two decimals at most")


class CostsInvalid(Invalid):
    """A commission rate or minimum is outside its bounds."""

    code = "backtesting.costs_invalid"
    sentence = Text("{name} 为 {value}，应在 0 至 {maximum} 之间", "{name} is {value}, outside 0 to {maximum}")
    hint = Text("请改用范围内的数", "Use a value within the range")


class SymbolCountInvalid(Invalid):
    """No symbol, or more than one run may have."""

    code = "backtesting.symbol_count_invalid"
    sentence = Text("给了 {count} 个标的，应为 1 至 {maximum} 个", "{count} symbols were given; 1 to {maximum} are possible")
    hint = Text("请增减标的", "Add or remove symbols")


class SymbolRepeated(Invalid):
    """The same symbol is named twice."""

    code = "backtesting.symbol_repeated"
    sentence = Text("标的 {symbol} 重复", "The symbol {symbol} is named twice")
    hint = Text("每个标的只写一次", "Name each symbol once")


class SourceInvalid(Invalid):
    """The strategy text is empty or too long."""

    code = "backtesting.source_invalid"
    sentence = Text("策略文件有 {size} 字节，应为 1 至 {maximum} 字节", "The strategy has {size} bytes, not 1 to {maximum}")
    hint = Text("请选一个 Python 策略文件", "Choose a Python file that holds a strategy")


class ParamInvalid(Invalid):
    """A parameter's name is no Python name, or there are too many, or its text is too long."""

    code = "backtesting.param_invalid"
    sentence = Text("参数“{name}”无效", "The parameter “{name}” is not valid")
    hint = Text(
        "写成 名称=值：名称是策略里的参数名，值不超过 {longest} 字，最多 {maximum} 个",
        "Write name=value: a parameter of the strategy, at most {longest} characters of value, at most {maximum} parameters",
    )


class DisplaySeriesRefused(Invalid):
    """An adjusted series kept for display cannot feed a backtest with rules."""

    code = "backtesting.display_series_refused"
    sentence = Text(
        "{symbol} 只有供查看的复权序列（{adjust}），不能在规则开启时成交",
        "{symbol} is stored only as an adjusted series for display ({adjust}); with rules on it cannot be traded",
    )
    hint = Text("请导入不复权数据，或关闭规则（--rules off）", "Import unadjusted bars, or turn the rules off (--rules off)")


class BacktestNotFound(NotFound):
    """The account has no such backtest."""

    code = "backtesting.not_found"
    sentence = Text("没有编号为 {backtest_id} 的回测", "There is no backtest {backtest_id}")
    hint = Text("请在回测列表中查看", "Look it up in the list of backtests")


class BacktestHasNoResult(Conflict):
    """A backtest that did not succeed, or has not ended, has no result."""

    code = "backtesting.no_result"
    sentence = Text("回测 {backtest_id} 没有结果（{state}）", "Backtest {backtest_id} has no result ({state})")
    hint = Text("请看任务的结束原因，或重新运行", "See why its job ended as it did, or run it again")


class BacktestArchived(Conflict):
    """The result was moved to the off-site store."""

    code = "backtesting.archived"
    sentence = Text("回测 {backtest_id} 的报告已归档到异地", "The report of backtest {backtest_id} is archived off-site")
    hint = Text("点“取回报告”即可打开", "Bring the report back to open it")


class BacktestUnfinished(Conflict):
    """A backtest that still waits or runs cannot be deleted."""

    code = "backtesting.unfinished"
    sentence = Text(
        "回测 {backtest_id} 尚未结束（{state}），不能删除", "Backtest {backtest_id} has not ended ({state}): not deleted"
    )
    hint = Text("请先取消它", "Cancel it first")


class ResultInvalid(Unavailable):
    """The run ended with values that are no numbers."""

    code = "backtesting.result_invalid"
    sentence = Text("结果里有无法计算的数（{value}）", "The result holds a value that is no number ({value})")
    hint = Text("请检查策略下单的数量和价格", "Check the sizes and prices of the strategy's orders")

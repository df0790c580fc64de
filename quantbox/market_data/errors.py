"""What market data refuses, each with a stable code, the value and the bound."""

from __future__ import annotations

from quantbox.core.errors import Invalid, NotFound, Unavailable
from quantbox.core.text import Text

__all__ = ["BarsInvalid", "CalendarEnded", "NoBars", "NoSeries", "SymbolInvalid", "SymbolUnknown"]


class SymbolInvalid(Invalid):
    """What was given is no symbol of the three mainland exchanges."""

    code = "market_data.symbol_invalid"
    sentence = Text("“{value}”不是证券代码", "“{value}” is not a symbol")
    hint = Text(
        "请写成六位数字，可带交易所：{accepted}",
        "Write six digits, with or without the exchange: {accepted}",
    )


class SymbolUnknown(NotFound):
    """Nothing is stored under this symbol."""

    code = "market_data.symbol_unknown"
    sentence = Text("没有 {symbol} 的数据", "There is no data for {symbol}")
    hint = Text(
        "请先导入它的行情文件，或从数据源更新：quantbox data import、quantbox data update",
        "Bring its bars in first: quantbox data import, or quantbox data update",
    )


class NoBars(NotFound):
    """The symbol is known, but no bar lies in the period."""

    code = "market_data.no_bars"
    sentence = Text(
        "{symbol} 在 {start} 至 {end} 之间没有 {frequency} K 线；已存 {first} 至 {last}",
        "{symbol} has no {frequency} bar from {start} to {end}; stored are {first} to {last}",
    )
    hint = Text("请改换日期，或先更新数据", "Choose other dates, or update the data first")


class NoSeries(NoBars):
    """The symbol is known, but not in bars of this kind."""

    code = "market_data.no_series"
    sentence = Text(
        "没有存 {symbol} 的 {frequency} K 线；已存：{stored}",
        "No {frequency} bars of {symbol} are stored; stored are: {stored}",
    )
    hint = Text(
        "请导入或更新不复权的 K 线；只作显示的复权序列不能用于回测",
        "Import or update unadjusted bars; adjusted series kept for display do not feed backtests",
    )


class BarsInvalid(Invalid):
    """Bars that the store cannot take as they are."""

    code = "market_data.bars_invalid"
    sentence = Text(
        "K 线数据不可写入：{reason}（{count} 行，首例 {example}）",
        "The bars cannot be stored: {reason} ({count} rows, first {example})",
    )
    hint = Text("请检查来源文件", "Check the file they came from")


class CalendarEnded(Unavailable):
    """A day lies beyond the trading days that are known."""

    code = "market_data.calendar_ended"
    sentence = Text(
        "交易日历只到 {end}，不知道 {day} 之后的交易日", "The trading calendar ends on {end}; sessions after {day} are not known"
    )
    hint = Text("联网后运行 quantbox data update", "Go online and run quantbox data update")

"""The table of layouts: which headers say which source, what each column means, and in which unit it counts.

Units are those measured on real files: akshare and tushare count volume in 手 (100 shares), tushare amounts in 千元;
通达信 counts an index in 手 and a share in shares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = [
    "LATER",
    "LAYOUTS",
    "REQUIRED",
    "TDX_DAY",
    "TDX_MINUTE",
    "TDX_TEXT",
    "LaterKind",
    "Layout",
    "find_later_kind",
    "find_layout",
]

#: Our columns no bar can do without.
REQUIRED = ("date", "open", "high", "low", "close", "volume")


@dataclass(frozen=True)
class Layout:
    """One way of writing bars.

    Attributes
    ----------
    format : str
        Name reported to the user.
    columns : mapping of str to tuple of str
        Our column to the headers it may have, lower case, best first.
    signature : frozenset of str
        Headers that must all be there for the layout to be recognised.
    any_of : frozenset of str
        Of these at least one must be there; empty asks for none.
    volume_unit, index_volume_unit : int or None
        Shares in one unit of volume; None where the source does not keep to one unit, so that the amounts must prove it.
    amount_unit : int or None
        Yuan in one unit of amount.
    bare_code_is_share : bool
        True when a code without its market names a share (000001 is 平安银行, not 上证指数).
    """

    format: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    signature: frozenset[str] = frozenset()
    any_of: frozenset[str] = frozenset()
    volume_unit: int | None = 1
    index_volume_unit: int | None = 1
    amount_unit: int | None = 1
    bare_code_is_share: bool = False

    def match(self, headers: Iterable[str]) -> dict[str, int] | None:
        """Return the position of each of our columns among `headers`, or None when the layout is another one."""
        given = list(headers)
        present = set(given)
        if not self.signature <= present or (self.any_of and not self.any_of & present):
            return None
        found: dict[str, int] = {}
        for column, names in self.columns.items():
            position = next((given.index(name) for name in names if name in present), None)
            if position is not None and position not in found.values():
                found[column] = position
        return found


_ENGLISH = {name: (name,) for name in ("date", "open", "high", "low", "close", "volume", "amount")}
_EASTMONEY = {
    "date": ("日期", "时间"),
    "code": ("股票代码",),
    "name": ("股票名称",),
    "open": ("开盘",),
    "high": ("最高",),
    "low": ("最低",),
    "close": ("收盘",),
    "volume": ("成交量",),
    "amount": ("成交额",),
}
_EASTMONEY_BARS = frozenset({"开盘", "收盘", "最高", "最低", "成交量", "成交额"})
_BAOSTOCK = {
    **_ENGLISH,
    "time": ("time",),
    "code": ("code",),
    "pre_close": ("preclose",),
    "is_st": ("isst",),
    "trade_status": ("tradestatus",),
    "adjust_flag": ("adjustflag",),
}

EFINANCE = Layout(
    "efinance", _EASTMONEY, _EASTMONEY_BARS | {"股票名称", "股票代码"}, frozenset(), 100, 100, 1, bare_code_is_share=True
)
AKSHARE = Layout(
    "akshare",
    _EASTMONEY,
    _EASTMONEY_BARS,
    frozenset({"股票代码", "振幅", "涨跌幅", "均价"}),
    100,
    100,
    1,
    bare_code_is_share=True,
)
AKSHARE_SINA = Layout(
    "akshare", _ENGLISH, frozenset({"date", "open", "high", "low", "close", "volume", "amount", "outstanding_share", "turnover"})
)
TUSHARE = Layout(
    "tushare",
    {
        **_ENGLISH,
        "date": ("trade_date",),
        "code": ("ts_code",),
        "pre_close": ("pre_close",),
        "volume": ("vol",),
    },
    frozenset({"ts_code", "open", "close", "vol", "amount"}),
    frozenset({"trade_date"}),
    100,
    100,
    1000,
)
NETEASE = Layout(
    "netease",
    {
        "date": ("日期",),
        "code": ("股票代码",),
        "name": ("名称",),
        "open": ("开盘价",),
        "high": ("最高价",),
        "low": ("最低价",),
        "close": ("收盘价",),
        "pre_close": ("前收盘",),
        "volume": ("成交量",),
        "amount": ("成交金额",),
    },
    frozenset({"日期", "股票代码", "名称", "收盘价", "前收盘"}),
    # An index of Shanghai counts in 手, one of Shenzhen in shares: the files of 000300 and 399006 of 2020-10.
    index_volume_unit=None,
)
SINA_MINUTE = Layout(
    "sina_minute",
    {**_ENGLISH, "date": ("datetime",), "code": ("symbol",)},
    frozenset({"datetime", "symbol", "period", "open", "close", "volume"}),
    bare_code_is_share=True,
)
BAOSTOCK = Layout(
    "baostock", _BAOSTOCK, frozenset({"date", "open", "close"}), frozenset({"adjustflag", "tradestatus", "isst", "preclose"})
)
BAOSTOCK_SHORT = Layout("baostock", _BAOSTOCK, frozenset({"date", "open", "close", "turn", "pctchg"}))
HIKYUU = Layout(
    "hikyuu",
    {**_ENGLISH, "volume": ("count",)},
    frozenset({"date", "open", "high", "low", "close", "amount", "count"}),
    volume_unit=100,
    index_volume_unit=100,
    amount_unit=10_000,
)
PLAIN = Layout(
    "csv",
    {
        "date": ("date", "datetime", "trade_date", "tradedate", "timestamp", "日期", "时间", "交易日期", "day", ""),
        "time": ("time", "时刻", "时间"),
        "code": ("code", "symbol", "ts_code", "ticker", "股票代码", "证券代码", "代码"),
        "name": ("name", "名称", "股票名称", "证券名称"),
        "open": ("open", "开盘", "开盘价", "今开"),
        "high": ("high", "最高", "最高价"),
        "low": ("low", "最低", "最低价"),
        "close": ("close", "收盘", "收盘价"),
        "volume": ("volume", "vol", "成交量"),
        "amount": ("amount", "money", "turnover_value", "成交额", "成交金额"),
        "pre_close": ("pre_close", "preclose", "prev_close", "前收盘", "昨收", "前收盘价"),
        "open_interest": ("openinterest", "open_interest", "持仓量", "hold"),
    },
    volume_unit=None,
    index_volume_unit=None,
    amount_unit=None,
)

#: Delimited layouts, the most telling first; the plain table last.
LAYOUTS = (EFINANCE, AKSHARE, AKSHARE_SINA, TUSHARE, NETEASE, SINA_MINUTE, BAOSTOCK, BAOSTOCK_SHORT, HIKYUU, PLAIN)

TDX_DAY = Layout("tdx_day", index_volume_unit=100)
TDX_MINUTE = Layout("tdx_minute", index_volume_unit=100)
TDX_TEXT = Layout("tdx_text", {**PLAIN.columns, "time": ("时间",)}, index_volume_unit=100)


@dataclass(frozen=True)
class LaterKind:
    """A table that is market or account data, but no bars.

    Attributes
    ----------
    signature : frozenset of str
        Headers that tell it.
    zh, en : str
        What it is.
    """

    signature: frozenset[str]
    zh: str
    en: str


#: Tables that must never be guessed into bars, the most telling first.
LATER = (
    LaterKind(frozenset({"净值日期"}), "基金净值表", "a table of fund net asset values"),
    LaterKind(frozenset({"单位净值"}), "基金净值表", "a table of fund net asset values"),
    LaterKind(frozenset({"fsrq"}), "基金净值表", "a table of fund net asset values"),
    LaterKind(frozenset({"mdentrytime"}), "期货行情快照", "a table of futures quotes"),
    LaterKind(frozenset({"名称", "最新价"}), "行情列表（多只证券某一时刻的报价）", "a list of quotes at one moment"),
    LaterKind(frozenset({"证券代码", "成交价格"}), "券商交割单", "a broker statement"),
    LaterKind(frozenset({"证券代码", "发生金额"}), "券商交割单", "a broker statement"),
    LaterKind(frozenset({"证券代码", "成交数量"}), "券商交割单", "a broker statement"),
)

FUTURES = LaterKind(frozenset(), "期货数据（有持仓量）", "futures data (it has open interest)")


def find_layout(headers: list[str]) -> tuple[Layout, dict[str, int]] | None:
    """Return the layout `headers` belong to and where its columns stand; the plain one needs two prices to count."""
    for layout in LAYOUTS:
        positions = layout.match(headers)
        if positions is not None and (layout is not PLAIN or len({"open", "high", "low", "close"} & set(positions)) >= 2):
            return layout, positions
    return None


def find_later_kind(headers: list[str]) -> LaterKind | None:
    """Return what other known table `headers` belong to."""
    present = set(headers)
    return next((kind for kind in LATER if kind.signature <= present), None)

"""The thirty invented instruments of the demo market; no exchange has given out any of these codes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from quantbox.market_data.models import Instrument, Symbol
from quantbox.market_data.symbols import board_of, kind_of

__all__ = ["CHINEXT_INDEX", "FUND", "INDEX", "SAMPLE_SYMBOL", "STOCKS", "DemoStock", "demo_instruments"]

_LONG_AGO = date(2010, 6, 1)

INDEX: Symbol = "899300.BJ"
CHINEXT_INDEX: Symbol = "899301.BJ"
FUND: Symbol = "570300.SH"
#: 东岭制造: in every period a sample strategy trades on it, is refused and holds over a dividend, but over no bonus shares.
SAMPLE_SYMBOL: Symbol = "610218.SH"


@dataclass(frozen=True)
class DemoStock:
    """One invented stock.

    Attributes
    ----------
    price_fen : int
        First price.
    swing : int
        Daily standard deviation of its own moves, in millionths.
    volume : int
        Usual shares a day.
    risk_warning : tuple of date or None
        First and last day under ST.
    """

    symbol: Symbol
    name: str
    price_fen: int
    swing: int
    volume: int
    listed_on: date = _LONG_AGO
    risk_warning: tuple[date, date] | None = None


STOCKS = (
    DemoStock("009146.SZ", "南溪电气", 1486, 17000, 18_000_000),
    DemoStock("009285.SZ", "远岚动力", 1130, 19000, 12_000_000),
    DemoStock("009418.SZ", "鹿鸣家居", 2215, 15000, 5_000_000),
    DemoStock("009530.SZ", "星野文旅", 905, 18000, 9_000_000),
    DemoStock("009663.SZ", "青芒农业", 688, 20000, 21_000_000),
    DemoStock("009771.SZ", "禾木食品", 1874, 13000, 6_000_000),
    DemoStock("009902.SZ", "沉舟实业", 542, 21000, 14_000_000, risk_warning=(date(2021, 5, 6), date(2022, 5, 10))),
    DemoStock("610042.SH", "石桥水务", 612, 10000, 8_000_000),
    DemoStock("610155.SH", "云岭钢构", 431, 16000, 26_000_000),
    DemoStock("610218.SH", "东岭制造", 1102, 14000, 11_000_000),
    DemoStock("610381.SH", "澄江能源", 745, 14000, 33_000_000),
    DemoStock("610477.SH", "松间通信", 1618, 19000, 13_000_000, listed_on=date(2018, 3, 15)),
    DemoStock("610537.SH", "海棠药业", 2460, 15000, 7_000_000),
    DemoStock("610664.SH", "北屿港务", 476, 11000, 16_000_000),
    DemoStock("610719.SH", "锦帆纺织", 508, 16000, 10_000_000),
    DemoStock("610826.SH", "拓海航运", 367, 20000, 42_000_000),
    DemoStock("610903.SH", "长堤银行", 583, 8000, 58_000_000),
    DemoStock("309082.SZ", "青禾光学", 2730, 21000, 6_000_000),
    DemoStock("309256.SZ", "蓝砚教育", 1340, 22000, 8_000_000),
    DemoStock("309317.SZ", "松果传媒", 982, 20000, 15_000_000),
    DemoStock("309450.SZ", "云图软件", 3415, 23000, 5_000_000),
    DemoStock("309708.SZ", "星澜医疗", 4120, 20000, 3_000_000, listed_on=date(2021, 8, 18)),
    DemoStock("680115.SH", "芯海微", 4650, 24000, 4_000_000, listed_on=date(2019, 7, 22)),
    DemoStock("680209.SH", "微澜智造", 2230, 22000, 5_000_000, listed_on=date(2020, 9, 10)),
    DemoStock("680377.SH", "白石新材", 5218, 23000, 3_000_000, listed_on=date(2020, 3, 5)),
    DemoStock("929106.BJ", "禾川精工", 1215, 24000, 1_500_000, listed_on=date(2021, 11, 15)),
    DemoStock("929218.BJ", "霁月材料", 860, 25000, 1_200_000, listed_on=date(2023, 6, 20)),
)


def demo_instruments() -> list[Instrument]:
    """Return all thirty as instruments, flagged as simulated."""
    named = [(stock.symbol, stock.name, stock.listed_on) for stock in STOCKS]
    named += [(INDEX, "模拟三百", _LONG_AGO), (CHINEXT_INDEX, "模拟创业", _LONG_AGO), (FUND, "模拟三百ETF", _LONG_AGO)]
    return [
        Instrument(symbol, name, "", kind_of(symbol), board_of(symbol), listed_on=listed_on, is_demo=True)
        for symbol, name, listed_on in named
    ]

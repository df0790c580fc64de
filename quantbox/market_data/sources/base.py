"""The seam every source of market data stands behind.

A source answers in the store's own units (shares, yuan, raw prices) or raises one of the errors below; it never returns
half an answer. Entry point group for a user's own source: ``quantbox.data_sources``.
"""

from __future__ import annotations

from datetime import date
from typing import Protocol

import polars as pl

from quantbox.core.errors import Unavailable
from quantbox.core.text import Text
from quantbox.market_data.models import Instrument, Symbol

__all__ = ["Source", "SourceAnswerUnusable", "SourceUnreachable"]


class SourceUnreachable(Unavailable):
    """The origin did not answer in time, or refused."""

    code = "market_data.source_unreachable"
    sentence = Text("数据源 {origin} 没有答复：{cause_zh}", "the data source {origin} did not answer: {cause_en}")
    hint = Text(
        "检查网络，过一会儿再更新；已存的数据不受影响。", "Check the network and update again later; what is stored is untouched."
    )


class SourceAnswerUnusable(Unavailable):
    """The origin answered with something else than its documented layout."""

    code = "market_data.source_answer_unusable"
    sentence = Text("数据源 {origin} 的答复用不了：{problem}", "the answer of the data source {origin} cannot be used: {problem}")
    hint = Text(
        "没有写入任何数据；上游可能改了格式，请更新程序或换一个来源。",
        "Nothing was stored; the source may have changed its layout: update the program or use another source.",
    )


class Source(Protocol):
    """What a source of market data can be asked."""

    #: Name the user chooses it by ("akshare").
    name: str
    #: Who stands behind it ("eastmoney"): two sources on one origin fail together.
    origin: str

    def daily_bars(self, symbol: Symbol, start: date, end: date) -> pl.DataFrame:
        """Return unadjusted daily bars of `symbol`, both ends included, in BAR_SCHEMA; empty when it has none."""
        ...

    def names(self) -> list[Instrument]:
        """Return every listed instrument the source names."""
        ...

    def sessions(self) -> list[date]:
        """Return all known trading days of the Shanghai exchange, ascending."""
        ...

"""Rows set aside, one check at a time: which line, which column, why."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from quantbox.core.text import Text
from quantbox.market_data.importing.models import QuarantinedRow

__all__ = ["MOST_RECORDED", "MOST_ROWS", "REASONS", "Sieve", "quarantine"]

#: Rows of one file.
MOST_ROWS = 5_000_000
#: Bad rows described of one file: one more than a twentieth of the longest, with which it is refused anyway.
MOST_RECORDED = MOST_ROWS // 20 + 1

#: Why a row is not stored, by the end of its stable code ("market_data.row_<end>").
REASONS: dict[str, Text] = {
    "cells_missing": Text("缺列：应有 {expected} 列，只有 {found} 列", "cells are missing: {found} of {expected}"),
    "cells_surplus": Text("多列：应有 {expected} 列，却有 {found} 列", "more cells than columns: {found}, not {expected}"),
    "not_a_number": Text("“{value}”不是数字", "'{value}' is not a number"),
    "not_a_date": Text("“{value}”不是日历上的日期", "'{value}' is not a calendar date"),
    "not_a_time": Text("“{value}”不是时刻", "'{value}' is not a time of day"),
    "no_calendar_date": Text("日历上没有这一天", "no such day in the calendar"),
    "before_first_session": Text(
        "{value} 早于 1990-12-19，当时沪深交易所尚未开市", "{value} is before 1990-12-19, when the first exchange opened"
    ),
    "in_the_future": Text("{value} 在今天之后", "{value} is after today"),
    "outside_session": Text("{value} 不在交易时间 9:15～15:30 内", "{value} is outside the session, 9:15 to 15:30"),
    "no_price": Text("没有价格", "there is no price"),
    "price_not_positive": Text("价格 {value} 不大于零", "the price {value} is not above zero"),
    "price_absurd": Text("价格 {value} 不可能", "the price {value} is impossible"),
    "high_below_low": Text("最高价 {value} 低于最低价 {bound}", "the high {value} is below the low {bound}"),
    "high_too_low": Text("最高价 {value} 低于开盘价或收盘价 {bound}", "the high {value} is below open or close {bound}"),
    "low_too_high": Text("最低价 {value} 高于开盘价或收盘价 {bound}", "the low {value} is above open or close {bound}"),
    "negative": Text("{value} 是负数", "{value} is negative"),
    "absurd": Text("{value} 大得不可能", "{value} is impossibly large"),
    "duplicate": Text("与第 {value} 行是同一根 K 线", "the same bar as line {value}"),
    "out_of_order": Text("日期次序错乱：{value}", "out of order: {value}"),
    "code_unreadable": Text("“{value}”不是沪深北证券代码", "'{value}' is no code of Shanghai, Shenzhen or Beijing"),
    "truncated": Text(
        "最后一条记录只有 {value} 字节，应为 {bound} 字节：文件被截断",
        "the last record has {value} of {bound} bytes: the file is truncated",
    ),
}


class Sieve:
    """Rows still held good, and those set aside.

    Parameters
    ----------
    rows : polars.DataFrame
        With a column `line`.
    headers : mapping of str to str
        Our column to the file's own name, as reported.
    """

    def __init__(self, rows: pl.DataFrame, headers: Mapping[str, str]) -> None:
        self.rows = rows
        self.set_aside: list[QuarantinedRow] = []
        self._headers = headers

    def reject(
        self, column: str, reason: str, bad: pl.Expr, *, value: pl.Expr | None = None, bound: pl.Expr | None = None
    ) -> None:
        """Set aside the rows where `bad` holds; `value` and `bound` fill the sentence."""
        is_bad = self.rows.select(bad.fill_null(value=False).alias("bad"))["bad"]
        if not is_bad.any():
            return
        # Worked out among all rows: the line a duplicate repeats is not among the bad ones.
        facts = {"value": pl.lit("") if value is None else value, "bound": pl.lit("") if bound is None else bound}
        shown = self.rows.select("line", **facts).filter(is_bad).head(MOST_RECORDED)
        for line, seen, limit in shown.select("line", pl.col("value", "bound").cast(pl.String).fill_null("")).iter_rows():
            self.set_aside.append(quarantine(line, self._headers.get(column, column), reason, value=seen[:80], bound=limit))
        self.rows = self.rows.filter(~is_bad)


def quarantine(line: int, column: str, reason: str, **facts: object) -> QuarantinedRow:
    """Return one row set aside for a reason of `REASONS`."""
    return QuarantinedRow(line, column, f"market_data.row_{reason}", REASONS[reason].with_facts(**facts))

"""Tables of text: cells to typed rows, with the line of each kept exactly.

Rows are read line by line rather than by a table reader, because a quarantined row must be named by its line, and
because no cell of a bar holds a line break: a stray quote then spoils one line instead of swallowing many.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from typing import TextIO

import polars as pl

from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.layouts import FUTURES
from quantbox.market_data.importing.models import RAW_SCHEMA, QuarantinedRow, Reading
from quantbox.market_data.importing.quarantine import MOST_RECORDED, MOST_ROWS, Sieve, quarantine
from quantbox.market_data.importing.sniffing import Recognised, split_line
from quantbox.market_data.models import Adjust

__all__ = ["read_delimited"]

_LINES_AT_A_TIME = 100_000
_LONGEST_LINE = 64 * 1024
_NUMBERS = ("open", "high", "low", "close", "volume", "amount", "pre_close")
_FLAGS = {"3": Adjust.NONE, "2": Adjust.QFQ, "1": Adjust.HFQ}
_FOOTER = re.compile(r"^\s*(#|数据来源)")

#: What sources write where they have no value (akshare "-", netease "None", pandas "nan").
_NOTHING = ("", "None", "none", "nan", "NaN", "NAN", "null", "NULL", "-", "--", "N/A", "NA")
_DATE_FORMATS = ("%Y-%m-%d", "%Y%m%d")
#: Seventeen digits: a minute bar of baostock, 20200102093500000.
_COMPACT_TIME = r"^\d{8}(\d{4})\d{5}$"


def read_delimited(path: Path, found: Recognised) -> Reading:
    """Return the rows of a table of text.

    Raises
    ------
    FileRefused
        When it is longer than an import takes, is futures data, or declares itself adjusted two ways.
    """
    positions = found.positions or {}
    headers = {column: found.headers[at].strip() or column for column, at in positions.items()}
    frames: list[pl.DataFrame] = []
    quarantined: list[QuarantinedRow] = []
    rows_read = 0
    flags: set[str] = set()
    with path.open(encoding=found.encoding, errors="replace") as file:
        lines = _numbered_lines(file)
        for _ in islice(lines, found.first_line - 1):
            pass
        while chunk := list(islice(lines, _LINES_AT_A_TIME)):
            table = _split_chunk(chunk, found, positions, quarantined)
            rows_read += table.height
            if rows_read > MOST_ROWS:
                raise refusals.TooManyRows(limit=MOST_ROWS)
            if "adjust_flag" in positions:
                flags.update(table.select(_clean_text("adjust_flag").drop_nulls().unique())["adjust_flag"])
            sieve = _type_cells(table, set(positions), headers)
            quarantined += sieve.set_aside
            frames.append(sieve.rows)
            if len(quarantined) >= MOST_RECORDED:
                break
    rows = pl.concat(frames) if frames else pl.DataFrame(schema=RAW_SCHEMA)
    title = found.title
    return Reading(
        found.layout,
        rows,
        quarantined,
        headers,
        title.adjust if title else _declared_by_flags(flags),
        title.code if title else None,
        title.name if title else None,
    )


def _numbered_lines(file: TextIO) -> Iterator[tuple[int, str]]:
    """Yield each line with its number; one of gigabytes must not be read, let alone split."""
    for number in count(1):
        line = file.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise refusals.LineTooLong(line=number, limit=_LONGEST_LINE)
        if not line:
            return
        yield number, line


def _declared_by_flags(flags: set[str]) -> Adjust | None:
    declared = {_FLAGS[flag] for flag in flags if flag in _FLAGS}
    if len(declared) > 1:
        raise refusals.AdjustContradicted(owner="/".join(sorted(declared)), file="adjustflag")
    return declared.pop() if declared else None


def _split_chunk(
    chunk: list[tuple[int, str]], found: Recognised, positions: dict[str, int], quarantined: list[QuarantinedRow]
) -> pl.DataFrame:
    width = len(found.headers)
    numbers: list[int] = []
    rows: list[list[str]] = []
    for number, line in chunk:
        if not line.strip() or _FOOTER.match(line):
            continue
        cells = split_line(line, found.delimiter)
        if len(cells) > width and not any(cells[width:]):
            del cells[width:]
        if len(cells) != width:
            reason = "cells_missing" if len(cells) < width else "cells_surplus"
            column = found.headers[min(len(cells), width - 1)]
            quarantined.append(quarantine(number, column, reason, expected=width, found=len(cells)))
            continue
        numbers.append(number)
        rows.append(cells)
    by_place = list(zip(*rows, strict=True)) if rows else [()] * width
    columns = {column: pl.Series(by_place[at], dtype=pl.String) for column, at in positions.items()}
    return pl.DataFrame({"line": pl.Series(numbers, dtype=pl.Int64), **columns})


def _type_cells(table: pl.DataFrame, given: set[str], headers: dict[str, str]) -> Sieve:
    """Return `table` as RAW_SCHEMA, without the rows that have a cell nobody can read."""
    if "open_interest" in given and table.select((_parse_number("open_interest") > 0).any()).item():
        raise refusals.LaterFormat(what_zh=FUTURES.zh, what_en=FUTURES.en)
    numbers = [name for name in _NUMBERS if name in given]
    typed = table.with_columns(
        *(_parse_number(name).alias(f"_{name}") for name in numbers),
        _parse_date("date").alias("_date"),
        _parse_minute("time" if "time" in given else "date").alias("_minute"),
    )
    sieve = Sieve(typed, headers)
    sieve.reject("date", "not_a_date", pl.col("_date").is_null(), value=pl.col("date"))
    when = "time" if "time" in given else "date"
    names_no_time = (
        ~pl.col(when).str.contains(":") if when == "date" else _clean_text(when).is_null() | _parse_date(when).is_not_null()
    )
    sieve.reject(when, "not_a_time", pl.col("_minute").is_null() & ~names_no_time, value=pl.col(when))
    for name in numbers:
        unread = pl.col(f"_{name}").is_null() & _clean_text(name).is_not_null()
        sieve.reject(name, "not_a_number", unread, value=pl.col(name))
    sieve.rows = sieve.rows.select(
        "line",
        (_parse_code("code") if "code" in given else pl.lit(None, dtype=pl.String)).alias("code"),
        (_clean_text("name") if "name" in given else pl.lit(None, dtype=pl.String)).alias("name"),
        pl.col("_date").alias("date"),
        # Midnight is how a day is written with a time; no bar ends then.
        pl.when(pl.col("_minute") > 0).then(pl.col("_minute")).cast(pl.Int32).alias("minute"),
        *((pl.col(f"_{name}") if name in given else pl.lit(None, dtype=pl.Float64)).alias(name) for name in _NUMBERS),
        (_clean_text("is_st") == "1" if "is_st" in given else pl.lit(None, dtype=pl.Boolean)).alias("is_st"),
        (_clean_text("trade_status") == "0" if "trade_status" in given else pl.lit(value=False))
        .fill_null(value=False)
        .alias("is_suspended"),
    ).select(list(RAW_SCHEMA))
    return sieve


# --- cells: null stays null, and what cannot be read is told apart from it ---------------------------------------------


def _clean_text(column: str) -> pl.Expr:
    """Return the text of `column`, null where the source says nothing."""
    return pl.when(~pl.col(column).is_in(_NOTHING)).then(pl.col(column))


def _parse_number(column: str) -> pl.Expr:
    """Return the finite number in `column`, null otherwise."""
    number = _clean_text(column).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def _parse_code(column: str) -> pl.Expr:
    """Return the code without the dress spreadsheets and sources put on it: ``'399006``, ``="600519"``, ``600519.0``."""
    return _clean_text(column).str.strip_chars("='\" ").str.replace(r"^(\d{1,6})\.0$", "$1")


def _parse_date(column: str) -> pl.Expr:
    """Return the calendar day at the start of `column`: 2022-11-03, 2022/11/3, 20221103, 20221103.0, 2017-3-7 0:0:0."""
    text = _clean_text(column).str.extract(r"^(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{8})(?:\D.*|\d{9})?$").str.replace_all("[/.]", "-")
    return pl.coalesce(text.str.to_date(form, strict=False) for form in _DATE_FORMATS)


def _parse_minute(column: str) -> pl.Expr:
    """Return the minute of the day at the end of `column` (9:31:00, 0931, 20200102093500000); null where there is none."""
    text = _clean_text(column)
    clock = text.str.extract_groups(r"(?:^|[ T])(\d{1,2}):(\d{1,2})(?::\d{1,2}(?:\.\d+)?)?$")
    compact = pl.coalesce(text.str.extract(_COMPACT_TIME), text.str.extract(r"^(\d{3,4})(?:00)?$").str.zfill(4))
    hour = pl.coalesce(clock.struct.field("1"), compact.str.slice(0, 2)).cast(pl.Int32, strict=False)
    minute = pl.coalesce(clock.struct.field("2"), compact.str.slice(2, 2)).cast(pl.Int32, strict=False)
    return pl.when((hour < 24) & (minute < 60)).then(hour * 60 + minute)

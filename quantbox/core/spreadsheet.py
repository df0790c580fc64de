"""Tables for spreadsheets: no cell of what we write is taken for a formula, and every number stays a number.

Excel, LibreOffice and WPS compute a cell that begins with ``=``, ``+``, ``-`` or ``@`` (also full-width, also behind a
tab or a line end), whoever wrote its text: a stock's name, a file's name, a note. Such text gets an apostrophe in front.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

__all__ = ["Cell", "safe_cell", "write_csv"]

Cell = str | int | float | None

_STARTS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
_PLAIN_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def safe_cell(value: Cell) -> Cell:
    """Return `value` as it may stand in a cell: text that would be computed gets an apostrophe in front."""
    if isinstance(value, str) and value.startswith(_STARTS_FORMULA) and not _PLAIN_NUMBER.fullmatch(value):
        return "'" + value
    return value


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a table as CSV in UTF-8 with a mark, by which Excel knows the encoding."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([safe_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig", "replace")  # half a surrogate pair, which no file can hold, becomes ?

"""What a file is, told from its content alone; its name is never asked."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quantbox.market_data.importing import refusals
from quantbox.market_data.importing.layouts import REQUIRED, TDX_DAY, TDX_MINUTE, TDX_TEXT, Layout, find_later_kind, find_layout
from quantbox.market_data.importing.tdx_binary import (
    looks_like_days,
    looks_like_float_days,
    looks_like_minutes,
    looks_like_old_minutes,
)
from quantbox.market_data.models import Adjust

__all__ = ["Recognised", "TitleLine", "read_title_line", "recognise", "split_line"]

_HEAD_BYTES = 64 * 1024
_LIMIT_MB = 512

#: First bytes of files that are often given a wrong name.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "ZIP/XLSX"),
    (b"PK\x05\x06", "ZIP"),
    (b"%PDF", "PDF"),
    (b"\x89HDF\r\n", "HDF5"),
    (b"SQLite format 3", "SQLite"),
    (b"\xd0\xcf\x11\xe0", "XLS/DOC (OLE)"),
    (b"\x1f\x8b", "GZIP"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"BZh", "BZIP2"),
    (b"\xfd7zXZ", "XZ"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"PAR1", "Parquet"),
    (b"ARROW1", "Arrow"),
    (b"\x80\x04\x95", "pickle"),
    (b"\x7fELF", "ELF"),
    (b"MZ\x90", "EXE"),
)
_LINE_END = re.compile(r"\r\n|\r|\n")  # what text mode splits at; str.splitlines knows more and would shift line numbers
_DELIMITERS = (",", "\t", ";", "|")
_TITLE = re.compile(
    r"^\s*(?P<code>\d{6})\s+(?P<name>\S.*?)\s+(?P<length>日线|周线|月线|季线|年线|\d+分钟线?|分时)\s*(?P<adjust>\S*)\s*$"
)
_TITLE_ADJUST = {"前复权": Adjust.QFQ, "后复权": Adjust.HFQ, "不复权": Adjust.NONE, "除权": Adjust.NONE}


@dataclass(frozen=True)
class TitleLine:
    """The first line of a 通达信 text export: whose bars, how long, adjusted how."""

    code: str
    name: str
    length: str
    adjust: Adjust | None


@dataclass(frozen=True)
class Recognised:
    """How a file is to be read.

    Attributes
    ----------
    encoding, delimiter : str
        Empty for binary files.
    headers : list of str
        The header cells as written, without surrounding spaces.
    positions : dict of str to int
        Our column to its place among the cells.
    first_line : int
        Line of the first row of data, from 1.
    """

    layout: Layout
    encoding: str = ""
    delimiter: str = ""
    headers: tuple[str, ...] = ()
    positions: dict[str, int] | None = None
    first_line: int = 1
    title: TitleLine | None = None


def recognise(path: Path) -> Recognised:
    """Return what `path` holds.

    Raises
    ------
    FileRefused
        When it holds no bars, or bars of a kind that is not imported.
    """
    size = path.stat().st_size
    if size > _LIMIT_MB * 1024 * 1024:
        raise refusals.FileTooLarge(megabytes=size // 1024 // 1024, limit=_LIMIT_MB)
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip():
        raise refusals.FileEmpty
    for magic, what in _MAGIC:
        if head.startswith(magic):
            raise refusals.ForeignFile(what=what)
    if (binary := _recognise_binary(head)) is not None:
        return binary
    return _recognise_text(head, is_whole=len(head) == size)


def _recognise_binary(head: bytes) -> Recognised | None:
    records = np.frombuffer(head, dtype=np.uint8, count=len(head) // 32 * 32)
    if len(records) == 0:
        return None
    if looks_like_float_days(records):
        raise refusals.LaterFormat(
            what_zh="通达信扩展市场（期货、期权）的日线文件", what_en="a TDX file of the extended markets (futures, options)"
        )
    if looks_like_days(records):
        return Recognised(TDX_DAY)
    if looks_like_old_minutes(records):
        raise refusals.LaterFormat(
            what_zh="旧版通达信分钟线文件（.1/.5），请导出 .lc1/.lc5", what_en="an old TDX minute file (.1/.5); export .lc1/.lc5"
        )
    if looks_like_minutes(records):
        return Recognised(TDX_MINUTE)
    return None


def _recognise_text(head: bytes, *, is_whole: bool) -> Recognised:
    encoding = _find_encoding(head, is_whole=is_whole)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head, final=False)
    start = text.lstrip("\ufeff \t\r\n")[:64].lower()
    if start.startswith(("<!doctype", "<html", "<?xml", "<")):
        raise refusals.ForeignFile(what="HTML/XML")
    if start.startswith(("{", "[")):
        raise refusals.ForeignFile(what="JSON")
    if start.startswith("var "):
        raise refusals.ForeignFile(what="JavaScript")
    lines = _LINE_END.split(text.removeprefix("\ufeff"))
    at = next((number for number, line in enumerate(lines) if line.strip()), 0)
    title = read_title_line(lines[at])
    if title is not None:
        return _recognise_tdx_text(lines, at, title, encoding)
    return _recognise_table(lines, at, encoding)


def _find_encoding(head: bytes, *, is_whole: bool) -> str:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if b"\x00" in head:
        raise refusals.NotBars
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head, final=is_whole)
        except UnicodeDecodeError:
            continue
        return encoding
    # A few damaged bytes do not make another encoding: they end as quarantined cells.
    return "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "gb18030"


def _recognise_tdx_text(lines: list[str], at: int, title: TitleLine, encoding: str) -> Recognised:
    if title.length != "日线" and "分钟" not in title.length:
        raise refusals.BarLengthUnknown(found=title.length)
    headers = [cell.strip() for cell in re.split(r"[\t,]", lines[at + 1].strip())] if len(lines) > at + 1 else []
    positions = TDX_TEXT.match(headers) or {}
    _require_columns(positions)
    first_row = lines[at + 2] if len(lines) > at + 2 else ""
    delimiter = max(_DELIMITERS, key=first_row.count)
    return Recognised(TDX_TEXT, encoding, delimiter, tuple(headers), positions, at + 3, title)


def _recognise_table(lines: list[str], at: int, encoding: str) -> Recognised:
    tables = [(delimiter, split_line(lines[at], delimiter)) for delimiter in _DELIMITERS]
    for delimiter, headers in tables:
        names = [_plain_name(header) for header in headers]
        later = find_later_kind(names)
        if later is not None:
            raise refusals.LaterFormat(what_zh=later.zh, what_en=later.en)
        if (found := find_layout(names)) is not None:
            layout, positions = found
            _require_columns(positions)
            return Recognised(layout, encoding, delimiter, tuple(headers), positions, at + 2)
    widest = max((headers for _, headers in tables), key=len)
    if len(widest) >= 5 and sum(cell.replace(".", "", 1).lstrip("-").isdigit() for cell in widest) >= 4:
        raise refusals.HeaderMissing
    raise refusals.NotBars


def _require_columns(positions: dict[str, int]) -> None:
    missing = [column for column in REQUIRED if column not in positions]
    if missing:
        raise refusals.ColumnsMissing(columns=", ".join(missing))


def _plain_name(header: str) -> str:
    # Broker exports write each cell as ="…", so that a spreadsheet keeps it as text.
    return header.strip().removeprefix("=").strip("\"'").strip().lower()


def read_title_line(line: str) -> TitleLine | None:
    """Return what a 通达信 title line says ("601005 重庆钢铁 日线 前复权"), None for any other line."""
    match = _TITLE.match(line.replace("\t", " "))
    if match is None:
        return None
    return TitleLine(match["code"], match["name"].replace(" ", ""), match["length"], _TITLE_ADJUST.get(match["adjust"]))


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line without surrounding spaces; a line break never belongs to a cell of bars."""
    if '"' in line:
        try:
            return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])]
        except csv.Error:  # one cell of more than 128 KB
            return [line]
    return [cell.strip() for cell in line.split(delimiter)]

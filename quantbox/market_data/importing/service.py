"""Bringing files in: examine, then write in batches, then say what came of every file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from quantbox.core.clock import market_date
from quantbox.core.text import Language
from quantbox.market_data.importing.examination import Examination, Question, examine_file
from quantbox.market_data.importing.models import Accepted
from quantbox.market_data.models import Adjust, Frequency, Instrument, Symbol
from quantbox.market_data.symbols import board_of, kind_of, parse_symbol

if TYPE_CHECKING:
    from quantbox.market_data.service import MarketData

__all__ = ["import_files"]

#: Rows held in memory before they are written; one batch is one atomic write per kind of series.
_ROWS_PER_WRITE = 1_000_000
#: A refused file is described by its first bad rows; an accepted one by all.
_SHOWN_OF_REFUSED = 100


def import_files(
    market_data: MarketData,
    paths: Sequence[Path],
    *,
    symbol: str | None = None,
    adjust: Adjust | None = None,
    progress: Callable[[float, str], None] | None = None,
    language: Language = "zh",
) -> dict[str, Any]:
    """Import files and folders and return `{"files": [...]}`, one entry per file in the order of `paths`.

    Each entry has `path`, `format`, `symbols`, `rows`, `first`, `last`, `adjust`, `quarantined` (list of `line`,
    `column`, `code`, `reason`), `refused`, `refused_code` and `refused_facts` (null when taken), `display_only` and `notes`.
    `rows` counts the bars of the file that are in the store afterwards, whether they were new or not.

    Parameters
    ----------
    symbol : str or None
        Whose bars they are, where the content does not say; a contradiction refuses the file.
    adjust : Adjust or None
        The owner's declaration; QFQ and HFQ make a series for display only.
    progress : callable or None
        Told a fraction and "reading" or "writing"; what it raises cancels, with every batch written so far kept.

    Raises
    ------
    SymbolInvalid
        When `symbol` is no symbol.
    """
    if symbol is not None:
        parse_symbol(symbol)
    files = list(_walk(paths))
    sizes = [_size_of(path) for path in files]
    question = Question(symbol, adjust, market_date(market_data.clock.now()), _closes_of(market_data))
    batch = _Batch(market_data)
    described: list[dict[str, Any]] = []
    read = 0
    for path, size in zip(files, sizes, strict=True):
        if progress is not None:
            progress(read / max(sum(sizes), 1), "reading")
        examination = examine_file(path, question)
        described.append(_describe(examination, language))
        batch.add(examination)
        read += size
    if progress is not None:
        progress(1.0, "writing")
    batch.write()
    return {"files": described}


def _walk(paths: Sequence[Path]) -> Iterator[Path]:
    """Yield every file; a folder gives its files in the order of their names, but hidden ones."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            yield from (Path(folder) / name for name in sorted(names) if not name.startswith("."))


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _closes_of(market_data: MarketData) -> Callable[[Symbol], pl.DataFrame]:
    def closes(symbol: Symbol) -> pl.DataFrame:
        stored = [one for one in market_data.series(symbol) if one.frequency is Frequency.DAY and not one.is_display_only]
        if not stored or stored[0].is_demo:
            return pl.DataFrame(schema={"date": pl.Date, "close": pl.Float64})
        return market_data.bars(symbol).select("date", "close")

    return closes


class _Batch:
    """Accepted bars waiting for one write."""

    def __init__(self, market_data: MarketData) -> None:
        self._market_data = market_data
        self._waiting: list[tuple[str, Accepted]] = []
        self._rows = 0

    def add(self, examination: Examination) -> None:
        """Take the bars of a file, and write when enough have come together; a file is never written in halves."""
        for accepted in examination.accepted:
            self._waiting.append((examination.format or "", accepted))
            self._rows += accepted.bars.height
        if self._rows >= _ROWS_PER_WRITE:
            self.write()

    def write(self) -> None:
        """Write all that waits, each kind of series in one step."""
        kinds: dict[tuple[str, Frequency, Adjust, bool], list[Accepted]] = {}
        for origin, accepted in self._waiting:
            kinds.setdefault((origin, accepted.frequency, accepted.adjust, accepted.is_display_only), []).append(accepted)
        for (origin, frequency, adjust, display_only), series in kinds.items():
            bars = pl.concat([one.bars for one in series]).unique(["symbol", "date", "time"], keep="last", maintain_order=True)
            self._market_data.write_bars(
                bars,
                origin=origin,
                adjust=adjust,
                frequency=frequency,
                display_only=display_only,
                suspensions=pl.concat([one.suspensions for one in series]),
            )
        self._name_instruments()
        self._waiting, self._rows = [], 0

    def _name_instruments(self) -> None:
        """Give names of the files to instruments that have none; a file may be old, so a name already known stays."""
        named = {one.symbol: one.name for _, one in self._waiting if one.name}
        known = {symbol: self._market_data.instruments.find(symbol) for symbol in named}
        nameless = [symbol for symbol, found in known.items() if found is None or not found.name]
        if nameless:
            self._market_data.instruments.add(
                Instrument(symbol, named[symbol], "", kind_of(symbol), board_of(symbol)) for symbol in nameless
            )


def _describe(examination: Examination, language: Language) -> dict[str, Any]:
    accepted, refused = examination.accepted, examination.refused
    declared = accepted[0].adjust if accepted else examination.declared or Adjust.UNKNOWN
    shown = examination.quarantined if refused is None else examination.quarantined[:_SHOWN_OF_REFUSED]
    return {
        "path": str(examination.path),
        "format": examination.format,
        "symbols": sorted(one.symbol for one in accepted),
        "rows": sum(one.bars.height for one in accepted),
        "first": min(one.first for one in accepted).isoformat() if accepted else None,
        "last": max(one.last for one in accepted).isoformat() if accepted else None,
        "adjust": declared.value,
        "display_only": any(one.is_display_only for one in accepted),
        "quarantined": [
            {"line": row.line, "column": row.column, "code": row.code, "reason": row.reason.in_language(language)}
            for row in shown
        ],
        "notes": [note.in_language(language) for one in accepted for note in one.notes],
        "refused": None if refused is None else refused.message(language),
        "refused_code": None if refused is None else refused.code,
        "refused_facts": None if refused is None else {name: str(value) for name, value in refused.facts.items()},
    }

"""Names of what is traded, and finding them by code, name or the initials of their pinyin (键盘精灵)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path

import polars as pl

from quantbox.core.processes import FileLock
from quantbox.market_data.errors import SymbolInvalid, SymbolUnknown
from quantbox.market_data.models import Board, Instrument, InstrumentKind, Symbol
from quantbox.market_data.store_files import TableFile
from quantbox.market_data.symbols import board_of, kind_of, parse_symbol

__all__ = ["Instruments", "initials"]

_SCHEMA: dict[str, pl.DataType] = {
    "symbol": pl.String(),
    "name": pl.String(),
    "pinyin": pl.String(),
    "readings": pl.List(pl.String()),
    "kind": pl.String(),
    "board": pl.String(),
    "listed_on": pl.Date(),
    "delisted_on": pl.Date(),
    "is_demo": pl.Boolean(),
}
#: Names up to this long are found by every reading of their characters (长 is c and z); longer ones by the usual one.
_LONGEST_READ_IN_FULL = 4
_MOST_READINGS = 16


def initials(name: str) -> list[str]:
    """Return the pinyin initials of `name` in lower case, the usual reading first: 重庆啤酒 gives cqpj, then zqpj."""
    from pypinyin import Style, lazy_pinyin, pinyin  # loads its dictionaries, and only where names are stored

    plain = "".join(part for part in unicodedata.normalize("NFKC", name) if part.isalnum())
    if not plain:
        return []
    usual = "".join(lazy_pinyin(plain, style=Style.FIRST_LETTER)).lower()
    if len(plain) > _LONGEST_READ_IN_FULL:
        return [usual]
    # One character at a time: within a word pypinyin knows only the usual reading.
    letters = [sorted(set(pinyin(one, style=Style.FIRST_LETTER, heteronym=True)[0])) for one in plain]
    every = ("".join(choice).lower() for choice in product(*letters))
    return list(dict.fromkeys([usual, *islice(every, _MOST_READINGS)]))


@dataclass(frozen=True)
class _Entry:
    """One instrument, with what a search compares."""

    instrument: Instrument
    symbol: str
    name: str
    readings: tuple[str, ...]

    def rank(self, text: str) -> int | None:
        """Return how well `text` names the instrument, 0 best; None when it does not."""
        if self.symbol.startswith(text):
            return 0 if len(text) in (6, 9) else 1
        for position, reading in enumerate(self.readings):
            if reading.startswith(text):
                return 2 if position == 0 else 3
        return 4 if text in self.name else None


class Instruments:
    """The instruments of one market folder.

    Parameters
    ----------
    path : Path
        The table; made by the first instrument.
    lock : FileLock
        Held by whoever writes in the folder.
    """

    def __init__(self, path: Path, lock: FileLock) -> None:
        self._file = TableFile(path)
        self._lock = lock
        self._seen: pl.DataFrame | None = None
        self._entries: dict[Symbol, _Entry] = {}

    def all(self) -> list[Instrument]:
        """Return every instrument, by symbol."""
        return [entry.instrument for entry in self._known().values()]

    def find(self, symbol: Symbol) -> Instrument | None:
        """Return the instrument, or None when it was never heard of."""
        entry = self._known().get(symbol)
        return None if entry is None else entry.instrument

    def get(self, symbol: Symbol) -> Instrument:
        """Return the instrument.

        Raises
        ------
        SymbolUnknown
            It was never heard of.
        """
        symbol = parse_symbol(symbol)
        found = self.find(symbol)
        if found is None:
            raise SymbolUnknown(symbol=symbol)
        return found

    def search(self, text: str, limit: int | None = 20, kind: InstrumentKind | None = None) -> list[Instrument]:
        """Return instruments that `text` names: its code first, then codes, pinyin and names that it begins or is part of."""
        entries = self._known()
        wanted = unicodedata.normalize("NFKC", text).strip().lower()
        if not wanted:
            found = [entry.instrument for entry in entries.values()]
        else:
            exact = _exact_symbol(wanted)
            ranked = [
                (-1 if entry.symbol == exact else rank, entry.symbol, entry.instrument)
                for entry in entries.values()
                if (rank := entry.rank(wanted)) is not None or entry.symbol == exact
            ]
            found = [instrument for _, _, instrument in sorted(ranked, key=lambda one: one[:2])]
        return [one for one in found if kind is None or one.kind is kind][:limit]

    def add(self, instruments: Iterable[Instrument]) -> int:
        """Store instruments and return how many were new or changed; what one does not say stays as it was known."""
        with self._lock:
            known = self._known()
            changed: dict[Symbol, Instrument] = {}
            for given in instruments:
                before = changed.get(given.symbol) or (known[given.symbol].instrument if given.symbol in known else None)
                after = _complete(given, before)
                if after != before:
                    changed[given.symbol] = after
            if changed:
                kept = {symbol: entry for symbol, entry in known.items() if symbol not in changed}
                rows = [_row(entry.instrument, entry.readings) for entry in kept.values()]
                rows += [_row(one, initials(one.name)) for one in changed.values()]
                self._file.write(pl.DataFrame(rows, schema=_SCHEMA, orient="row").sort("symbol"))
        return len(changed)

    def add_nameless(self, symbols: Sequence[Symbol], *, is_demo: bool = False) -> int:
        """Store symbols that nothing is known of, so that they are found by their code."""
        known = self._known()
        new = [symbol for symbol in symbols if symbol not in known]
        return self.add(Instrument(s, "", "", kind_of(s), board_of(s), is_demo=is_demo) for s in new) if new else 0

    def _known(self) -> dict[Symbol, _Entry]:
        table = self._file.read()
        if table is not self._seen:
            self._entries = {} if table is None else {row["symbol"]: _entry(row) for row in table.iter_rows(named=True)}
            self._seen = table
        return self._entries


def _exact_symbol(text: str) -> Symbol | None:
    try:
        return parse_symbol(text).lower()
    except SymbolInvalid:
        return None


def _complete(given: Instrument, before: Instrument | None) -> Instrument:
    readings = initials(given.name) if given.name and (before is None or before.name != given.name) else []
    if before is None:
        pinyin = readings[0] if readings else ""
        return Instrument(
            given.symbol, given.name, pinyin, given.kind, given.board, given.listed_on, given.delisted_on, given.is_demo
        )
    return Instrument(
        symbol=given.symbol,
        name=given.name or before.name,
        pinyin=readings[0] if readings else before.pinyin,
        kind=given.kind,
        board=given.board,
        listed_on=given.listed_on or before.listed_on,
        delisted_on=given.delisted_on or before.delisted_on,
        is_demo=given.is_demo,
    )


def _row(instrument: Instrument, readings: Sequence[str]) -> tuple[object, ...]:
    return (
        instrument.symbol,
        instrument.name,
        instrument.pinyin,
        list(readings),
        instrument.kind.value,
        None if instrument.board is None else instrument.board.value,
        instrument.listed_on,
        instrument.delisted_on,
        instrument.is_demo,
    )


def _entry(row: dict[str, object]) -> _Entry:
    values = {column: row[column] for column in _SCHEMA if column != "readings"}
    values["kind"] = InstrumentKind(str(row["kind"]))
    values["board"] = None if row["board"] is None else Board(str(row["board"]))
    instrument = Instrument(**values)  # type: ignore[arg-type]  # the schema is the model's
    name = unicodedata.normalize("NFKC", instrument.name).lower()
    return _Entry(instrument, instrument.symbol.lower(), name, tuple(row["readings"] or ()))  # type: ignore[arg-type]

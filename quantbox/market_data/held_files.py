"""The files of the bar store as they are at one moment, held open so that writers who go on take nothing away."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import BinaryIO

import polars as pl

from quantbox.market_data.models import BAR_SCHEMA
from quantbox.market_data.store_files import Snapshot, manifest_bytes, parquet_bytes

__all__ = ["HeldFiles", "hold_files"]

_SERIES = "series"


class HeldFiles:
    """Open files of a market folder.

    Attributes
    ----------
    symbols, bars : int
        How much they hold.
    left_out_symbols, left_out_bars : int
        How much was left out because a source can give it again.
    """

    def __init__(self, series: pl.DataFrame, left_out: pl.DataFrame) -> None:
        self._left_out = left_out
        self.symbols, self.bars = series["symbol"].n_unique(), int(series["rows"].sum())
        self.left_out_symbols, self.left_out_bars = left_out["symbol"].n_unique(), int(left_out["rows"].sum())
        self._parts: list[tuple[str, str, BinaryIO]] = []
        self._tables: list[tuple[str, BinaryIO]] = []
        self._series, self._generation = series, 0

    def add(self, name: str, content: BinaryIO) -> None:
        """Add a table that stands beside the bars."""
        self._tables.append((name, content))

    def size_bytes(self) -> int:
        """Return the size of all files, before anything is left out."""
        contents = [*(content for _name, content in self._tables), *(content for _part, _path, content in self._parts)]
        return sum(_size(content) for content in contents)

    def files(self) -> Iterator[tuple[str, int, BinaryIO]]:
        """Yield path within the folder, bytes and content of each file; those with something left out are made here."""
        yield from ((name, _size(content), content) for name, content in self._tables)
        names: dict[str, str] = {}
        for part, path, content in self._parts:
            kept = self._without_left_out(part, content)
            if kept is not None:
                names[part] = path
                yield path, _size(kept), kept
        if names:
            manifest = manifest_bytes(self._generation, names)
            yield "manifest.json", len(manifest), io.BytesIO(manifest)

    def hold(self, snapshot: Snapshot, stack: ExitStack) -> None:
        """Open the files of a generation."""
        self._generation = snapshot.generation
        for part, path in snapshot.files.items():
            content = stack.enter_context(path.open("rb"))
            self._parts.append((part, f"{part}.{path.name.split('.')[-2]}.parquet", content))

    def _without_left_out(self, part: str, content: BinaryIO) -> BinaryIO | None:
        """Return a file without the series left out; None when nothing of it is kept."""
        if self._left_out.is_empty():
            return content
        if part == _SERIES:
            return io.BytesIO(parquet_bytes(self._series))
        kind, _, frequency = part.partition("/")
        if kind not in ("bars", "display"):
            return content
        is_it = (pl.col("frequency") == frequency.partition("/")[0]) & (pl.col("is_display_only") == (kind == "display"))
        symbols = self._left_out.filter(is_it)["symbol"].to_list()
        if not symbols:
            return content
        kept = pl.read_parquet(content, schema=BAR_SCHEMA).filter(~pl.col("symbol").is_in(symbols))
        return None if kept.is_empty() else io.BytesIO(parquet_bytes(kept))


def hold_files(snapshot: Snapshot, series: pl.DataFrame, stack: ExitStack, with_downloads: bool) -> HeldFiles:
    """Open the files of `snapshot`, whose series are `series`; they are closed with `stack`."""
    is_left_out = pl.lit(False) if with_downloads else pl.col("is_all_downloaded")
    held = HeldFiles(series.filter(~is_left_out), series.filter(is_left_out))
    held.hold(snapshot, stack)
    return held


def _size(content: BinaryIO) -> int:
    try:
        return os.fstat(content.fileno()).st_size
    except OSError:  # made in memory
        return content.seek(0, io.SEEK_END) - content.seek(0)

"""Which files make up the bar store at one moment.

Parquet files are never changed: a write makes new ones beside the old and then replaces one small manifest that names
them all. A reader takes the manifest once and so sees all of a write or nothing of it, a killed writer leaves
nothing but files nobody names, and no system has to replace a file that another process holds open (Windows refuses).
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl

from quantbox.core.files import write_atomically

__all__ = ["Snapshot", "StoreFiles", "TableFile", "manifest_bytes", "parquet_bytes"]

_Result = TypeVar("_Result")

#: Small enough that one symbol's rows are found without reading much else (measured: 8-15 ms of 12 million rows).
_ROW_GROUP_ROWS = 16384
#: How long another program (a virus scanner, a reader of the manifest) may hold a file on Windows.
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Snapshot:
    """The files of one generation.

    Attributes
    ----------
    files : mapping of str to Path
        Part ("bars/1d/2024", "series") to the file that holds it.
    """

    generation: int
    files: Mapping[str, Path]

    def years(self, folder: str) -> dict[int, Path]:
        """Return the year files below `folder` ("bars/1d"), by year."""
        prefix = folder + "/"
        return {int(part[len(prefix) :]): path for part, path in self.files.items() if part.startswith(prefix)}


class StoreFiles:
    """The manifest of a market folder and the files it names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifest = folder / "manifest.json"

    def take(self) -> Snapshot:
        """Return the files of the present generation."""
        try:
            document = json.loads(_patiently(self._manifest.read_bytes))
        except FileNotFoundError:
            return Snapshot(0, {})
        return Snapshot(document["generation"], {part: self.folder / name for part, name in document["files"].items()})

    def read(self, work: Callable[[Snapshot], _Result]) -> _Result:
        """Return what `work` makes of the present files; it is asked again when a writer took one away meanwhile."""
        while True:
            snapshot = self.take()
            try:
                return work(snapshot)
            except FileNotFoundError:
                if self.take().generation == snapshot.generation:
                    raise

    def commit(self, before: Snapshot, parts: Mapping[str, pl.DataFrame | None]) -> Snapshot:
        """Make `parts` (None takes one away) and what `before` holds besides the present generation.

        The caller holds the write lock.
        """
        generation = before.generation + 1
        files = dict(before.files)
        for part, frame in parts.items():
            files.pop(part, None)
            if frame is not None:
                files[part] = self.folder / f"{part}.{generation}.parquet"
                _write(files[part], frame)
        names = {part: path.relative_to(self.folder).as_posix() for part, path in sorted(files.items())}
        manifest = manifest_bytes(generation, names)
        _patiently(lambda: write_atomically(self._manifest, manifest, mode=0o644))
        self._delete_unnamed(set(files.values()))
        return Snapshot(generation, files)

    def _delete_unnamed(self, named: set[Path]) -> None:
        """Clear away files of older generations and what killed writers left; nothing else lies under these names."""
        candidates = [*self.folder.glob("*.*.parquet"), *self.folder.glob(".*.tmp")]
        for part in ("bars", "display"):
            candidates += [*(self.folder / part).rglob("*.parquet"), *(self.folder / part).rglob(".*.tmp")]
        for path in candidates:
            if path not in named:
                with suppress(OSError):  # a reader on Windows still has it open; the next write comes by again
                    path.unlink()


def manifest_bytes(generation: int, names: Mapping[str, str]) -> bytes:
    """Return the content of a manifest that names `names`, relative to its folder, by part."""
    return json.dumps({"generation": generation, "files": dict(names)}, indent=1).encode()


def parquet_bytes(frame: pl.DataFrame) -> bytes:
    """Return the content of a file of the store."""
    content = io.BytesIO()
    frame.write_parquet(content, compression="zstd", compression_level=1, row_group_size=_ROW_GROUP_ROWS, statistics=True)
    return content.getvalue()


class TableFile:
    """A small table in one file, held in memory and read again when another process has replaced it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._frame: pl.DataFrame | None = None

    def version(self) -> tuple[int, int, int] | None:
        """Return what changes when the file does; None while there is none."""
        try:
            state = self.path.stat()
        except FileNotFoundError:
            return None
        return state.st_mtime_ns, state.st_size, state.st_ino

    def read(self) -> pl.DataFrame | None:
        """Return the table, or None while there is none."""
        version = self.version()
        if version != self._seen or self._frame is None:
            self._frame = None if version is None else pl.read_parquet(io.BytesIO(_patiently(self.path.read_bytes)))
            self._seen = version
        return self._frame

    def write(self, frame: pl.DataFrame) -> None:
        """Replace the table; the caller holds the write lock."""
        _write(self.path, frame)


def _write(path: Path, frame: pl.DataFrame) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = parquet_bytes(frame)
    _patiently(lambda: write_atomically(path, content, mode=0o644))


def _patiently(act: Callable[[], _Result]) -> _Result:
    """Do `act` again while Windows says that somebody else has the file open."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return act()
        except PermissionError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.01)

"""Bars on disk: Parquet by frequency and year, sorted by symbol and time, written by one and read by many.

``bars/`` holds what may be traded on, ``display/`` adjusted series the owner chose to keep; ``series`` says what is
there and ``suspensions`` the days a source reports without trade. See store_files for how a write becomes visible.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import polars as pl

from quantbox.core.processes import FileLock
from quantbox.market_data.bar_merge import Changes, find_changes, in_schema, merge
from quantbox.market_data.held_files import HeldFiles, hold_files
from quantbox.market_data.models import BAR_SCHEMA, Adjust, Frequency, Series, Symbol
from quantbox.market_data.series_table import SERIES_SCHEMA, SeriesLabel, read_series, update_series, with_all_columns
from quantbox.market_data.store_files import Snapshot, StoreFiles

__all__ = ["BarStore"]

_SUSPENSION_SCHEMA: dict[str, pl.DataType] = {"symbol": pl.String(), "date": pl.Date()}


class BarStore:
    """The bars of one market folder.

    Parameters
    ----------
    folder : Path
        The folder; made by the first write.
    lock : FileLock
        Held by whoever writes in the folder.
    """

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self._files = StoreFiles(folder)
        self._lock = lock
        self._series_cache: tuple[Path, pl.DataFrame] | None = None

    # --- reading -----------------------------------------------------------------------------------------------------

    def read(
        self,
        symbols: Sequence[Symbol],
        frequency: Frequency,
        *,
        start: date | None = None,
        end: date | None = None,
        display: bool = False,
        columns: Sequence[str] = tuple(BAR_SCHEMA),
    ) -> pl.DataFrame:
        """Return the stored bars of `symbols`, both ends included; empty when there are none."""
        wanted = pl.col("symbol") == symbols[0] if len(symbols) == 1 else pl.col("symbol").is_in(list(symbols))
        return self._scan(_folder(frequency, display), _within(wanted, start, end), columns)

    def read_all(
        self,
        frequency: Frequency,
        *,
        start: date | None = None,
        end: date | None = None,
        columns: Sequence[str] = tuple(BAR_SCHEMA),
    ) -> pl.DataFrame:
        """Return the bars of every symbol that may be traded on."""
        return self._scan(_folder(frequency, False), _within(pl.lit(True), start, end), columns)

    def series_table(self) -> pl.DataFrame:
        """Return SERIES_SCHEMA, one row per stored series."""
        return self._files.read(self._series_of)

    def series(self, symbol: Symbol | None = None) -> list[Series]:
        """Return what is stored, of `symbol` or of all."""
        table = self.series_table()
        return read_series(table if symbol is None else table.filter(pl.col("symbol") == symbol))

    def suspensions(self, symbols: Sequence[Symbol] | None = None) -> pl.DataFrame:
        """Return the days reported as suspended: columns symbol, date."""
        table = self._files.read(_suspensions_of)
        return table if symbols is None else table.filter(pl.col("symbol").is_in(list(symbols)))

    def generation(self) -> int:
        """Return a number that grows with every write."""
        return self._files.take().generation

    def size_bytes(self) -> int:
        """Return how much disk the stored bars take."""
        return self._files.read(lambda snapshot: sum(path.stat().st_size for path in snapshot.files.values()))

    def count_rows(self) -> int:
        """Return how many bars the files hold, each opened and read to its end."""

        def count(snapshot: Snapshot) -> int:
            paths = [path for part, path in snapshot.files.items() if part.startswith(("bars/", "display/"))]
            return sum(pl.read_parquet(path, glob=False).height for path in paths)

        return self._files.read(count)

    @contextmanager
    def hold(self, *, with_downloads: bool) -> Iterator[HeldFiles]:
        """Give out the files of the present generation, as they are however the store goes on; see held_files."""
        with ExitStack() as stack:
            yield self._files.read(lambda snapshot: hold_files(snapshot, self._series_of(snapshot), stack, with_downloads))

    # --- writing -----------------------------------------------------------------------------------------------------

    def write(self, frame: pl.DataFrame, label: SeriesLabel, suspensions: pl.DataFrame | None = None) -> int:
        """Merge `frame` into the store in one step and return how many bars changed; the same bars again change nothing.

        Parameters
        ----------
        frame : DataFrame
            Columns of BAR_SCHEMA in any order; absent ones count as null.
        suspensions : DataFrame or None
            Columns symbol and date: days without trade by the source's word.
        """
        if not label.is_display_only and label.adjust in (Adjust.QFQ, Adjust.HFQ):
            raise ValueError("adjusted prices are kept for display only")
        new = in_schema(frame, label.frequency)
        with self._lock:
            snapshot = self._files.take()
            series = self._series_of(snapshot)
            parts: dict[str, pl.DataFrame | None] = {}
            if label.is_display_only:
                series = self._drop_other_kinds(snapshot, parts, series, new, label)
            changes = self._merge_years(snapshot, parts, new, label)
            updated = update_series(series, changes, new, label)
            if not updated.equals(self._series_of(snapshot)):
                parts["series"] = updated
            if suspensions is not None:
                _merge_suspensions(snapshot, parts, suspensions)
            if parts:
                self._files.commit(snapshot, parts)
        return changes.rows.height

    def remove(self, symbol: Symbol, frequency: Frequency) -> int:
        """Take away all bars of `symbol` at `frequency`, also those for display; return how many."""
        with self._lock:
            snapshot = self._files.take()
            series = self._series_of(snapshot)
            is_it = (pl.col("symbol") == symbol) & (pl.col("frequency") == frequency.value)
            rows = int(series.filter(is_it)["rows"].sum())
            if rows:
                parts: dict[str, pl.DataFrame | None] = {"series": series.filter(~is_it)}
                for folder in (f"bars/{frequency}", f"display/{frequency}"):
                    _drop_symbols(snapshot, parts, folder, [symbol])
                if frequency is Frequency.DAY:
                    parts["suspensions"] = _suspensions_of(snapshot).filter(pl.col("symbol") != symbol)
                self._files.commit(snapshot, parts)
        return rows

    # --- inside ------------------------------------------------------------------------------------------------------

    def _scan(self, folder: str, wanted: pl.Expr, columns: Sequence[str]) -> pl.DataFrame:
        def collect(snapshot: Snapshot) -> pl.DataFrame:
            paths = [path for _, path in sorted(snapshot.years(folder).items())]
            if not paths:
                return pl.DataFrame(schema=BAR_SCHEMA).select(columns)
            frame = pl.scan_parquet(paths, schema=BAR_SCHEMA, glob=False).filter(wanted).select(columns)
            return frame.collect(engine="in-memory")

        rows = self._files.read(collect)
        order = [column for column in ("symbol", "date", "time") if column in columns]
        is_one_symbol = "symbol" in rows.columns and rows["symbol"].n_unique() < 2  # the files follow each other by year
        return rows if is_one_symbol or not order else rows.sort(order)

    def _series_of(self, snapshot: Snapshot) -> pl.DataFrame:
        path = snapshot.files.get("series")
        if path is None:
            return pl.DataFrame(schema=SERIES_SCHEMA)
        cached = self._series_cache
        if cached is None or cached[0] != path:  # files never change, so the name is enough
            cached = self._series_cache = (path, with_all_columns(pl.read_parquet(path, glob=False)))
        return cached[1]

    def _merge_years(
        self, snapshot: Snapshot, parts: dict[str, pl.DataFrame | None], new: pl.DataFrame, label: SeriesLabel
    ) -> Changes:
        """Add the changed year files to `parts`; each is read and written once."""
        folder = _folder(label.frequency, label.is_display_only)
        changed, replaced = [], []
        for (year,), rows in (
            new.with_columns(pl.col("date").dt.year().alias("_year"))
            .partition_by("_year", as_dict=True, include_key=False)
            .items()
        ):
            part = f"{folder}/{year}"
            dropped_from = part in parts
            changes = find_changes(_or_empty(parts[part]) if dropped_from else _stored_rows(snapshot, part, rows), rows)
            if changes.rows.is_empty():
                continue
            parts[part] = merge(_or_empty(parts[part] if dropped_from else _read_part(snapshot, part)), changes)
            changed.append(changes.rows)
            replaced.append(changes.replaced)
        empty = pl.DataFrame(schema=BAR_SCHEMA)
        return Changes(pl.concat([empty, *changed]), pl.concat([empty, *replaced]))

    @staticmethod
    def _drop_other_kinds(
        snapshot: Snapshot,
        parts: dict[str, pl.DataFrame | None],
        series: pl.DataFrame,
        new: pl.DataFrame,
        label: SeriesLabel,
    ) -> pl.DataFrame:
        """Take away display series of these symbols from another origin or of another adjustment: they do not mix."""
        is_other = (
            pl.col("symbol").is_in(new["symbol"].unique().to_list())
            & (pl.col("frequency") == label.frequency.value)
            & pl.col("is_display_only")
            & ((pl.col("adjust") != label.adjust.value) | (pl.col("origin") != label.origin))
        )
        others = series.filter(is_other)["symbol"].to_list()
        if others:
            _drop_symbols(snapshot, parts, _folder(label.frequency, True), others)
        return series.filter(~is_other)


def _folder(frequency: Frequency, display: bool) -> str:
    return f"{'display' if display else 'bars'}/{frequency}"


def _within(wanted: pl.Expr, start: date | None, end: date | None) -> pl.Expr:
    if start is not None:
        wanted &= pl.col("date") >= start
    return wanted if end is None else wanted & (pl.col("date") <= end)


def _or_empty(frame: pl.DataFrame | None) -> pl.DataFrame:
    return pl.DataFrame(schema=BAR_SCHEMA) if frame is None else frame


def _read_part(snapshot: Snapshot, part: str) -> pl.DataFrame | None:
    path = snapshot.files.get(part)
    return None if path is None else pl.read_parquet(path, glob=False)


def _stored_rows(snapshot: Snapshot, part: str, new: pl.DataFrame) -> pl.DataFrame:
    """Return the stored rows of the symbols and days of `new`, and possibly some more."""
    path = snapshot.files.get(part)
    if path is None:
        return pl.DataFrame(schema=BAR_SCHEMA)
    symbols = new["symbol"].unique().to_list()
    is_near = pl.col("date").is_between(new["date"].min(), new["date"].max())
    is_near &= pl.col("symbol") == symbols[0] if len(symbols) == 1 else pl.col("symbol").is_in(symbols)
    return pl.scan_parquet(path, schema=BAR_SCHEMA, glob=False).filter(is_near).collect(engine="in-memory")


def _drop_symbols(snapshot: Snapshot, parts: dict[str, pl.DataFrame | None], folder: str, symbols: Sequence[Symbol]) -> None:
    for year, path in snapshot.years(folder).items():
        stored = pl.read_parquet(path, glob=False)
        kept = stored.filter(~pl.col("symbol").is_in(list(symbols)))
        if kept.height < stored.height:
            parts[f"{folder}/{year}"] = None if kept.is_empty() else kept


def _suspensions_of(snapshot: Snapshot) -> pl.DataFrame:
    path = snapshot.files.get("suspensions")
    return pl.DataFrame(schema=_SUSPENSION_SCHEMA) if path is None else pl.read_parquet(path, glob=False)


def _merge_suspensions(snapshot: Snapshot, parts: dict[str, pl.DataFrame | None], days: pl.DataFrame) -> None:
    stored = _suspensions_of(snapshot)
    new = days.select(pl.col(column).cast(kind) for column, kind in _SUSPENSION_SCHEMA.items())
    merged = pl.concat([stored, new]).unique().sort("symbol", "date")
    if merged.height > stored.height:
        parts["suspensions"] = merged

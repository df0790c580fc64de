"""Market data as the rest of the program sees it: bars in, bars out, and what is known of instruments and days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from quantbox.core.clock import Clock
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock
from quantbox.core.text import Language
from quantbox.market_data.adjustment import adjust_bars, with_factor
from quantbox.market_data.bar_store import BarStore
from quantbox.market_data.calendar import Calendar
from quantbox.market_data.checks import CheckInput, check_bars
from quantbox.market_data.errors import NoBars, NoSeries, SymbolUnknown
from quantbox.market_data.held_files import HeldFiles
from quantbox.market_data.instruments import Instruments
from quantbox.market_data.models import Adjust, Frequency, InstrumentKind, Series, Symbol
from quantbox.market_data.series_table import SeriesLabel
from quantbox.market_data.symbols import kind_of, parse_symbol

__all__ = ["MarketData"]

#: An import of a whole market holds the lock for minutes; a writer behind it waits.
_LOCK_WAIT_SECONDS = 600.0

#: Symbols whose bars are held in memory together while they are checked.
_CHECKED_AT_ONCE = 250

Progress = Callable[[float, str], None]


class MarketData:
    """Stored market data of one data folder.

    Parameters
    ----------
    folder : DataFolder
        Where the store lies; made when something is first written.
    clock : Clock
        Says when something was written.
    """

    def __init__(self, folder: DataFolder, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        lock = FileLock(folder.market / "write.lock", _LOCK_WAIT_SECONDS)
        self._store = BarStore(folder.market, lock)
        self.calendar = Calendar(folder.market / "calendar.parquet", lock)
        self.instruments = Instruments(folder.market / "instruments.parquet", lock)

    # --- reading bars ------------------------------------------------------------------------------------------------

    def bars(
        self,
        symbol: Symbol,
        start: date | None = None,
        end: date | None = None,
        *,
        adjust: Adjust = Adjust.NONE,
        frequency: Frequency = Frequency.DAY,
        display: bool = False,
    ) -> pl.DataFrame:
        """Return the stored bars of `symbol`, both ends included: BAR_SCHEMA and `factor`.

        Parameters
        ----------
        adjust : Adjust
            NONE, or QFQ or HFQ computed on reading over all stored days; `start` and `end` cut afterwards.
        display : bool
            Read the adjusted series the owner keeps for display; it comes as it is stored.

        Raises
        ------
        SymbolUnknown
            Nothing is stored under the symbol.
        NoBars
            Nothing lies in the period.
        """
        symbol = parse_symbol(symbol)
        series = self._find_series(symbol, frequency, display)
        if series is None:
            raise self._absence_of(symbol, frequency)
        if adjust is Adjust.NONE or display:
            frame = self._store.read([symbol], frequency, start=start, end=end, display=display)
            frame = frame.with_columns(pl.lit(1.0).alias("factor"))
        else:
            frame = _within(self._adjusted(symbol, frequency, adjust), start, end)
        if frame.is_empty():
            period = {"start": start or series.first, "end": end or series.last, "first": series.first, "last": series.last}
            raise NoBars(symbol=symbol, frequency=frequency.value, **period)
        return frame

    def show(
        self, symbol: Symbol, adjust: Adjust = Adjust.NONE, start: date | None = None, end: date | None = None
    ) -> dict[str, Any]:
        """Return daily bars as a document, with the day on which the factor is 1.

        Where nothing raw is stored but a display series of that adjustment is, its bars are shown as they are, marked
        `display_only`, with no base date and no factor.
        """
        symbol = parse_symbol(symbol)
        series = self._find_series(symbol, Frequency.DAY, False)
        kept = self._find_series(symbol, Frequency.DAY, True) if series is None else None
        is_display = kept is not None and kept.adjust is adjust
        bars = self.bars(symbol, start, end, adjust=adjust, display=is_display)
        if series is None or is_display:
            bars, base_date = bars.with_columns(pl.lit(None, pl.Float64).alias("factor")), None
        else:
            base_date = {Adjust.HFQ: series.first.isoformat(), Adjust.QFQ: series.last.isoformat()}.get(adjust)
        columns = ("date", "open", "high", "low", "close", "volume", "amount", "pre_close", "factor")
        return {
            "symbol": symbol,
            "adjust": adjust.value,
            "display_only": is_display,
            "base_date": base_date,
            "factor_known": series is not None and series.factor_known,
            "bars": bars.select(pl.col("date").dt.to_string("%Y-%m-%d"), *columns[1:]).to_dicts(),
        }

    def series(self, symbol: Symbol | None = None) -> list[Series]:
        """Return what is stored, of `symbol` or of all."""
        return self._store.series(None if symbol is None else parse_symbol(symbol))

    def suspended(self, symbol: Symbol, start: date | None = None, end: date | None = None) -> list[date]:
        """Return the days within the period on which a source says that `symbol` did not trade."""
        days: list[date] = _within(self._store.suspensions([parse_symbol(symbol)]), start, end)["date"].to_list()
        return days

    def check(self, symbols: Sequence[Symbol] | None = None) -> dict[str, Any]:
        """Return `findings` on stored daily bars (of all symbols when none is named); see checks for the kinds.

        Raises
        ------
        SymbolUnknown
            A named symbol has no stored bars.
        """
        series = {one.symbol: one for one in self.series() if one.frequency is Frequency.DAY and not one.is_display_only}
        wanted = sorted(series) if symbols is None else [parse_symbol(symbol) for symbol in symbols]
        for symbol in wanted:
            if symbol not in series:
                raise SymbolUnknown(symbol=symbol)
        findings = []
        for start in range(0, len(wanted), _CHECKED_AT_ONCE):
            group = wanted[start : start + _CHECKED_AT_ONCE]
            bars = self._store.read(group, Frequency.DAY).partition_by("symbol", as_dict=True)
            halts = self._store.suspensions(group).group_by("symbol").agg("date")
            suspended = {symbol: frozenset(days) for symbol, days in halts.iter_rows()}
            for symbol in group:
                instrument = self.instruments.find(symbol)
                given = CheckInput(
                    symbol=symbol,
                    bars=bars[symbol,],
                    adjust=series[symbol].adjust,
                    sessions=self.calendar.sessions(series[symbol].first, series[symbol].last),
                    suspended=suspended.get(symbol, frozenset()),
                    listed_on=instrument.listed_on if instrument else None,
                )
                findings += [finding.to_json() for finding in check_bars(given)]
        return {"findings": findings}

    def stored_summary(self) -> dict[str, Any]:
        """Return how much is stored; `is_demo` when nothing but the demo market is."""
        table = self._store.series_table()
        return {
            "symbols": table["symbol"].n_unique(),
            "bars": table["rows"].sum(),
            "first": table["first"].min(),
            "last": table["last"].max(),
            "bytes": self._store.size_bytes(),
            "is_demo": bool(table.height and table["is_demo"].all()),
        }

    def count(self, *, reads_bars: bool = False) -> dict[str, int]:
        """Return how many `symbols` and `bars` are stored: by the table of series, or with every file of bars opened."""
        table = self._store.series_table()
        bars = self._store.count_rows() if reads_bars else int(table["rows"].sum())
        return {"symbols": table["symbol"].n_unique(), "bars": bars}

    @contextmanager
    def hold_files(self, *, with_downloads: bool = True) -> Iterator[HeldFiles]:
        """Give out everything stored as files for a backup, as it is now, however long reading it takes.

        Parameters
        ----------
        with_downloads : bool
            False leaves out the series of which a source can give every bar again.
        """
        with self._store.hold(with_downloads=with_downloads) as held, ExitStack() as stack:
            for name in ("calendar.parquet", "instruments.parquet"):
                table = self.folder.market / name
                if table.exists():
                    held.add(name, stack.enter_context(table.open("rb")))
            yield held

    # --- writing bars ------------------------------------------------------------------------------------------------

    def write_bars(
        self,
        frame: pl.DataFrame,
        *,
        origin: str,
        adjust: Adjust,
        frequency: Frequency = Frequency.DAY,
        display_only: bool = False,
        is_demo: bool = False,
        is_download: bool = False,
        suspensions: pl.DataFrame | None = None,
    ) -> int:
        """Merge bars into the store in one step and return how many changed; the same bars again change nothing.

        Parameters
        ----------
        frame : DataFrame
            Columns of BAR_SCHEMA, of any number of symbols; absent columns count as not said.
        origin : str
            File format or source the bars came from.
        display_only : bool
            Keep an adjusted series beside the traded ones, for charts only.
        is_download : bool
            The source these bars came from can give them again at any time.
        suspensions : DataFrame or None
            Columns symbol and date: days the source reports without trade.
        """
        label = SeriesLabel(frequency, display_only, adjust, origin, is_demo, self.clock.now(), is_download)
        changed = self._store.write(frame, label, suspensions)
        self.instruments.add_nameless(frame["symbol"].unique().to_list(), is_demo=is_demo)
        if frequency is Frequency.DAY and not is_demo:
            self.calendar.learn(frame["date"].unique().to_list())
        return changed

    def remove(self, symbol: Symbol, frequency: Frequency = Frequency.DAY) -> int:
        """Take away all stored bars of `symbol` at `frequency`; return how many.

        Raises
        ------
        SymbolUnknown
            There are none.
        """
        rows = self._store.remove(parse_symbol(symbol), frequency)
        if not rows:
            raise SymbolUnknown(symbol=symbol)
        return rows

    # --- bringing data in --------------------------------------------------------------------------------------------

    def import_files(
        self,
        paths: Sequence[Path],
        *,
        symbol: Symbol | None = None,
        adjust: Adjust | None = None,
        progress: Progress | None = None,
        language: Language = "zh",
    ) -> dict[str, Any]:
        """Bring in files of any known format and return what became of each, in words of `language`."""
        from quantbox.market_data.importing.service import import_files

        return import_files(self, paths, symbol=symbol, adjust=adjust, progress=progress, language=language)

    def load_demo(self, progress: Progress | None = None) -> dict[str, Any]:
        """Store the demo market (模拟数据); return how many symbols and bars it has, and which to show a first backtest on."""
        from quantbox.market_data.sources.demo import DEMO_END, DEMO_START, SAMPLE_SYMBOL, make_demo_market

        tell = progress or _tell_nobody
        tell(0.0, "making")
        demo = make_demo_market(self.calendar.sessions(DEMO_START, DEMO_END))
        tell(0.6, "writing")
        self.instruments.add(demo.instruments)
        label: dict[str, Any] = {"origin": "demo", "adjust": Adjust.NONE, "is_demo": True, "is_download": True}
        self.write_bars(demo.bars, **label, suspensions=demo.suspensions)
        tell(1.0, "done")
        return {"symbols": len(demo.instruments), "bars": demo.bars.height, "sample_symbol": SAMPLE_SYMBOL}

    def update(
        self,
        symbols: Sequence[Symbol] | None,
        *,
        start: date | None = None,
        end: date | None = None,
        source: str = "akshare",
        progress: Progress | None = None,
    ) -> dict[str, Any]:
        """Bring stored series up to date from an online source and return what became of each symbol."""
        from quantbox.market_data.updating import Teller, make_source, update_from

        tell = Teller(progress or _tell_nobody)
        return update_from(self, make_source(source, tell.repeat), symbols, start=start, end=end, progress=tell)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _find_series(self, symbol: Symbol, frequency: Frequency, display: bool) -> Series | None:
        for series in self._store.series(symbol):
            if series.frequency is frequency and series.is_display_only == display:
                return series
        return None

    def _absence_of(self, symbol: Symbol, frequency: Frequency) -> SymbolUnknown | NoSeries:
        """Return the error that says why there are no bars: nothing is stored, or only other kinds."""
        stored = [f"{one.frequency} {one.adjust}{' (display)' * one.is_display_only}" for one in self._store.series(symbol)]
        if not stored:
            return SymbolUnknown(symbol=symbol)
        return NoSeries(symbol=symbol, frequency=frequency.value, stored=", ".join(stored))

    def _adjusted(self, symbol: Symbol, frequency: Frequency, adjust: Adjust) -> pl.DataFrame:
        """Return all bars adjusted; minute bars take the factor of their day from the daily bars."""
        daily = self._store.read([symbol], Frequency.DAY)
        daily = daily.with_columns(pl.lit(1.0).alias("factor")) if kind_of(symbol) is InstrumentKind.INDEX else with_factor(daily)
        if frequency is Frequency.DAY:
            return adjust_bars(daily, adjust)
        factors = daily.select("date", "factor")
        minutes = self._store.read([symbol], frequency).join_asof(factors, on="date", strategy="backward")
        return adjust_bars(minutes.with_columns(pl.col("factor").fill_null(1.0)), adjust)


def _tell_nobody(_fraction: float, _stage: str) -> None:
    """Take a progress nobody asked for."""


def _within(frame: pl.DataFrame, start: date | None, end: date | None) -> pl.DataFrame:
    if start is not None:
        frame = frame.filter(pl.col("date") >= start)
    return frame if end is None else frame.filter(pl.col("date") <= end)

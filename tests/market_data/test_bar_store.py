from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantbox.core.processes import FileLock
from quantbox.market_data.bar_merge import Changes, find_changes, in_schema, merge
from quantbox.market_data.bar_store import BarStore
from quantbox.market_data.errors import BarsInvalid
from quantbox.market_data.models import BAR_SCHEMA, Adjust, Frequency
from quantbox.market_data.series_table import SeriesLabel
from tests.market_data.bars import make_bars

MOMENT = datetime(2024, 6, 1, tzinfo=UTC)


def label(
    origin: str = "test", adjust: Adjust = Adjust.NONE, *, display: bool = False, frequency: Frequency = Frequency.DAY
) -> SeriesLabel:
    return SeriesLabel(frequency, display, adjust, origin, False, MOMENT)


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    return BarStore(tmp_path / "market", FileLock(tmp_path / "market" / "write.lock"))


def files_of(store: BarStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(store._files.folder.rglob("*")) if path.is_file()}


# --- what is written is read ------------------------------------------------------------------------------------------


def test_bars_come_back_as_they_were_written_sorted(store: BarStore) -> None:
    bars = make_bars("600519.SH", [10.0, 10.5, 11.25])
    assert store.write(bars.reverse(), label()) == 3
    assert store.read(["600519.SH"], Frequency.DAY).equals(bars)


def test_an_empty_store_has_no_bars_and_no_series(store: BarStore) -> None:
    assert store.read(["600519.SH"], Frequency.DAY).is_empty()
    assert store.series() == []
    assert store.size_bytes() == 0


def test_both_ends_of_a_period_are_included_and_years_join(store: BarStore) -> None:
    store.write(make_bars("600519.SH", [float(n) for n in range(1, 801)], start=date(2022, 12, 1)), label())
    found = store.read(["600519.SH"], Frequency.DAY, start=date(2022, 12, 31), end=date(2023, 1, 2))
    assert found["date"].to_list() == [date(2022, 12, 31), date(2023, 1, 1), date(2023, 1, 2)]
    assert found["close"].to_list() == [31.0, 32.0, 33.0]
    whole = store.read(["600519.SH"], Frequency.DAY)
    assert whole["close"].to_list() == [float(n) for n in range(1, 801)]


def test_files_lie_by_frequency_and_year_sorted_by_symbol_and_date(store: BarStore, tmp_path: Path) -> None:
    store.write(pl.concat([make_bars("600519.SH", [1.0] * 3), make_bars("000001.SZ", [2.0] * 3)]), label())
    store.write(make_bars("300750.SZ", [3.0] * 400), label())
    names = sorted(path.relative_to(tmp_path / "market").as_posix() for path in (tmp_path / "market" / "bars").rglob("*.parquet"))
    assert [name.split(".")[0] for name in names] == ["bars/1d/2024", "bars/1d/2025"]
    rows = pl.read_parquet(tmp_path / "market" / names[0])
    assert rows.columns == list(BAR_SCHEMA)
    assert rows.select("symbol", "date").rows() == sorted(rows.select("symbol", "date").rows())


def test_minute_bars_keep_their_times_apart_from_days(store: BarStore) -> None:
    times = [datetime.fromisoformat("2024-01-02T09:45"), datetime.fromisoformat("2024-01-02T10:00")]
    minutes = make_bars("600519.SH", [10.0, 10.1], time=times, date=date(2024, 1, 2))
    store.write(minutes, label(frequency=Frequency.MINUTE_15))
    assert store.read(["600519.SH"], Frequency.MINUTE_15)["time"].to_list() == times
    assert store.read(["600519.SH"], Frequency.DAY).is_empty()


# --- merging ----------------------------------------------------------------------------------------------------------


def test_the_same_bars_again_change_nothing_not_even_a_file(store: BarStore) -> None:
    bars = make_bars("600519.SH", [10.0, 10.5, 11.25], start=date(2023, 12, 31))
    halts = pl.DataFrame({"symbol": ["600519.SH"], "date": [date(2024, 1, 9)]})
    store.write(bars, label(), halts)
    before = files_of(store)
    assert store.write(bars, label(), halts) == 0
    assert files_of(store) == before


def test_a_new_bar_replaces_the_old_one_of_the_day_and_only_changed_bars_count(store: BarStore) -> None:
    store.write(make_bars("600519.SH", [10.0, 10.5, 11.25]), label("first"))
    corrected = make_bars("600519.SH", [10.0, 10.6, 11.25, 12.0])
    # day 2 has another close and amount, day 3 another pre_close, day 4 is new
    assert store.write(corrected, label("second")) == 3
    assert store.read(["600519.SH"], Frequency.DAY).equals(corrected)
    (series,) = store.series()
    assert (series.rows, series.first, series.last, series.origin) == (4, date(2024, 1, 2), date(2024, 1, 5), "second")


def test_one_write_makes_one_new_file_per_year_and_leaves_other_years_alone(store: BarStore) -> None:
    store.write(make_bars("600519.SH", [1.0] * 800, start=date(2023, 1, 1)), label())
    before = files_of(store)
    store.write(
        pl.concat([make_bars(f"{code}.SH", [2.0] * 5, start=date(2024, 6, 3)) for code in range(600000, 600100)]), label()
    )
    after = files_of(store)
    assert {name.split(".")[0] for name in after.keys() - before.keys()} == {"2024", "series"}
    assert {name.split(".")[0] for name in before.keys() - after.keys()} == {"2024", "series"}


def test_what_a_file_does_not_say_stays_as_an_earlier_source_said_it(store: BarStore) -> None:
    store.write(make_bars("600519.SH", [10.0, 10.5], is_st=False), label("rich"))
    poor = make_bars("600519.SH", [10.0, 10.5], pre_close=None, amount=None)
    assert store.write(poor, label("poor")) == 0
    assert store.series()[0].factor_known


def test_a_bar_with_another_close_takes_nothing_over_from_the_one_it_replaces(store: BarStore) -> None:
    store.write(make_bars("600519.SH", [10.0, 10.5]), label())
    store.write(make_bars("600519.SH", [10.0, 9.9], pre_close=None), label())
    assert store.read(["600519.SH"], Frequency.DAY)["pre_close"].to_list() == [None, None]
    assert not store.series()[0].factor_known


def test_the_factor_is_known_when_every_bar_but_the_first_says_its_pre_close(store: BarStore) -> None:
    store.write(make_bars("600519.SH", [10.0, 10.5, 11.0], start=date(2024, 3, 1)), label())
    assert store.series()[0].factor_known
    earlier = make_bars("600519.SH", [9.0], start=date(2024, 2, 29))
    store.write(earlier, label())
    assert not store.series()[0].factor_known  # the bar of 03-01 is the first no more and says nothing
    store.write(make_bars("600519.SH", [10.0], start=date(2024, 3, 1), pre_close=9.0), label())
    assert store.series()[0].factor_known


def test_a_declaration_of_all_stored_bars_is_kept_and_silence_does_not_take_it_back(store: BarStore) -> None:
    bars = make_bars("600519.SH", [10.0, 10.5], amount=None)
    store.write(bars, label(adjust=Adjust.UNKNOWN))
    assert store.write(bars, label(adjust=Adjust.NONE)) == 0
    assert store.series()[0].adjust is Adjust.NONE
    store.write(bars, label(adjust=Adjust.UNKNOWN))
    assert store.series()[0].adjust is Adjust.NONE
    store.write(make_bars("600519.SH", [12.0], start=date(2024, 2, 1)), label(adjust=Adjust.UNKNOWN))
    assert store.series()[0].adjust is Adjust.UNKNOWN


rows_of_bars = st.dictionaries(
    st.tuples(st.sampled_from(["000001.SZ", "600519.SH", "430047.BJ"]), st.integers(0, 500)),
    st.tuples(st.integers(1, 400), st.one_of(st.none(), st.integers(1, 400))),
    max_size=25,
)


def frame_of(rows: dict[tuple[str, int], tuple[int, int | None]]) -> pl.DataFrame:
    frames = [
        make_bars(symbol, [close / 4], start=date(2023, 10, 1) + timedelta(days=day), pre_close=None if pre is None else pre / 4)
        for (symbol, day), (close, pre) in rows.items()
    ]
    return pl.concat([pl.DataFrame(schema=BAR_SCHEMA), *frames])


@given(rows_of_bars, rows_of_bars)
def test_merging_is_a_dictionary_update_and_writing_twice_changes_nothing(
    old: dict[tuple[str, int], tuple[int, int | None]], new: dict[tuple[str, int], tuple[int, int | None]]
) -> None:
    stored, written = in_schema(frame_of(old), Frequency.DAY), in_schema(frame_of(new), Frequency.DAY)
    changes = find_changes(stored, written)
    merged = merge(stored, changes)
    expected = dict(old)
    for key, (close, pre) in new.items():
        same = key in old and old[key][0] == close
        expected[key] = (close, old[key][1] if same and pre is None else pre)
    assert merged.equals(in_schema(frame_of(expected), Frequency.DAY))
    assert changes.rows.height == sum(old.get(key) != expected[key] for key in new)
    again = find_changes(merged, written)
    assert again.rows.is_empty()
    assert merge(merged, Changes(again.rows, again.replaced)).equals(merged)


@settings(max_examples=15, deadline=None)
@given(st.lists(rows_of_bars, min_size=1, max_size=4))
def test_the_series_table_says_what_reading_all_bars_says(
    tmp_path_factory: pytest.TempPathFactory, writes: list[dict[tuple[str, int], tuple[int, int | None]]]
) -> None:
    folder = tmp_path_factory.mktemp("market")
    store = BarStore(folder, FileLock(folder / "write.lock"))
    for rows in writes:
        store.write(frame_of(rows), label())
    for series in store.series():
        bars = store.read([series.symbol], Frequency.DAY)
        known = bars["pre_close"].slice(1).null_count() == 0
        assert (series.rows, series.first, series.last, series.factor_known) == (
            bars.height,
            bars["date"][0],
            bars["date"][-1],
            known,
        )
    assert {series.symbol for series in store.series()} == {symbol for rows in writes for symbol, _ in rows}


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (make_bars("600519.SH", [1.0, 2.0], date=date(2024, 1, 2)), "bar given twice"),
        (make_bars("600519.SH", [1.0], close=None), "symbol, date or price missing"),
        (make_bars("600519.SH", [1.0], time=datetime.fromisoformat("2024-01-02T15:00")), "daily bar with a time of day"),
    ],
)
def test_bars_that_make_no_sense_are_refused_and_nothing_is_written(store: BarStore, frame: pl.DataFrame, reason: str) -> None:
    with pytest.raises(BarsInvalid, match=reason):
        store.write(frame, label())
    assert store.series() == []


def test_adjusted_prices_are_never_stored_as_truth(store: BarStore) -> None:
    with pytest.raises(ValueError, match="display only"):
        store.write(make_bars("600519.SH", [1.0]), label(adjust=Adjust.QFQ))


# --- display series, suspensions, removal -----------------------------------------------------------------------------


def test_a_display_series_lies_beside_the_raw_one(store: BarStore) -> None:
    store.write(make_bars("600519.SH", [10.0, 5.0]), label())
    store.write(make_bars("600519.SH", [-1.0, 5.0]), label("eastmoney", Adjust.QFQ, display=True))
    assert store.read(["600519.SH"], Frequency.DAY)["close"].to_list() == [10.0, 5.0]
    assert store.read(["600519.SH"], Frequency.DAY, display=True)["close"].to_list() == [-1.0, 5.0]
    assert [(one.adjust, one.is_display_only) for one in store.series()] == [(Adjust.NONE, False), (Adjust.QFQ, True)]


def test_a_display_series_of_another_adjustment_takes_the_place_of_the_old_one(store: BarStore) -> None:
    store.write(make_bars("600519.SH", [1.0] * 400), label(adjust=Adjust.QFQ, display=True))
    store.write(make_bars("600519.SH", [7.0, 8.0]), label(adjust=Adjust.HFQ, display=True))
    assert store.read(["600519.SH"], Frequency.DAY, display=True)["close"].to_list() == [7.0, 8.0]
    (series,) = store.series()
    assert (series.adjust, series.rows) == (Adjust.HFQ, 2)


def test_suspended_days_are_kept_once(store: BarStore) -> None:
    halts = pl.DataFrame({"symbol": ["600519.SH", "600519.SH"], "date": [date(2024, 1, 5), date(2024, 1, 4)]})
    store.write(make_bars("600519.SH", [1.0]), label(), halts)
    store.write(make_bars("600519.SH", [1.0]), label(), halts.head(1))
    assert store.suspensions(["600519.SH"])["date"].to_list() == [date(2024, 1, 4), date(2024, 1, 5)]
    assert store.suspensions(["000001.SZ"]).is_empty()


def test_removing_a_symbol_leaves_the_others(store: BarStore) -> None:
    store.write(pl.concat([make_bars("600519.SH", [1.0] * 400), make_bars("000001.SZ", [2.0] * 3)]), label())
    assert store.remove("600519.SH", Frequency.DAY) == 400
    assert [one.symbol for one in store.series()] == ["000001.SZ"]
    assert store.read(["600519.SH"], Frequency.DAY).is_empty()
    assert store.read(["000001.SZ"], Frequency.DAY).height == 3
    assert store.remove("600519.SH", Frequency.DAY) == 0


# --- one writer, many readers -----------------------------------------------------------------------------------------

_WRITER = """
    import os, sys, threading, time
    from datetime import UTC, datetime
    from pathlib import Path
    import polars as pl
    from quantbox.core.processes import FileLock
    from quantbox.market_data.bar_store import BarStore
    from quantbox.market_data.models import Adjust, Frequency
    from quantbox.market_data.series_table import SeriesLabel

    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    store = BarStore(folder, FileLock(folder / "write.lock"))
    bars = store.read(["600519.SH", "000001.SZ"], Frequency.DAY)
    volume = bars["volume"][0]
    label = SeriesLabel(Frequency.DAY, False, Adjust.NONE, "test", False, datetime(2024, 6, 1, tzinfo=UTC))


    def write():
        global volume
        volume += 1
        store.write(bars.with_columns(pl.lit(volume).alias("volume")), label)


    write()
    write()
    threading.Thread(target=lambda: (time.sleep(seconds), os._exit(9)), daemon=True).start()
    while True:
        write()
"""


def test_readers_see_all_of_a_write_or_nothing_while_writers_die_in_the_middle(store: BarStore, tmp_path: Path) -> None:
    years = pl.concat([make_bars(symbol, [1.0] * 1100) for symbol in ("600519.SH", "000001.SZ")])
    store.write(years, label())
    program = tmp_path / "writer.py"
    program.write_text(textwrap.dedent(_WRITER), encoding="utf-8")
    seen: list[int] = []
    faults: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            bars = store.read(["600519.SH", "000001.SZ"], Frequency.DAY)
            if bars.height != 2200 or bars["volume"].n_unique() != 1:
                faults.append((bars.height, bars["volume"].unique().to_list()))
            seen.append(bars["volume"][0])

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for seconds in (0.031, 0.077, 0.123, 0.189):
            ended = subprocess.run([sys.executable, program, tmp_path / "market", str(seconds)], check=False, timeout=60)
            assert ended.returncode == 9
    finally:
        stop.set()
        reader.join()
    assert faults == []
    assert len(set(seen)) > 4, "the reader never met a write"
    assert seen == sorted(seen), "a later read saw an older write"
    uploaded = tmp_path / "market" / "spool" / "600519.daily.parquet"
    uploaded.parent.mkdir()
    uploaded.write_bytes(b"not the store's")
    store.write(make_bars("600519.SH", [5.0]), label())
    lying_there = {path for path in (tmp_path / "market").rglob("*") if path.is_file()}
    kept = {uploaded, tmp_path / "market" / "manifest.json", tmp_path / "market" / "write.lock"}
    assert lying_there == kept | set(store._files.take().files.values()), "the next write clears away what a killed one left"


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "market"

    def write(code: int) -> None:
        own = BarStore(folder, FileLock(folder / "write.lock"))
        for number in range(8):
            own.write(make_bars(f"{code}.SH", [1.0], start=date(2024, 1, 2) + timedelta(days=number)), label())

    writers = [threading.Thread(target=write, args=(code,)) for code in (600001, 600002, 600003)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [one.rows for one in BarStore(folder, FileLock(folder / "write.lock")).series()] == [8, 8, 8]

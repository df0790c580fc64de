"""The import as a whole: folders, repetition, cancelling, and bytes nobody meant."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantbox.market_data.importing import service
from quantbox.market_data.importing.examination import Examination, Question, examine_file
from quantbox.market_data.models import Adjust
from quantbox.market_data.service import MarketData
from quantbox.market_data.symbols import kind_of
from tests.market_data.importing.twins import BARS, day_file, minute_file, table

ImportOne = Callable[..., dict[str, Any]]
PLAIN = table(
    "date,open,high,low,close,volume,amount",
    [f"{b.date},{b.open},{b.high},{b.low},{b.close},{b.volume},{b.amount}" for b in BARS],
)
KEYS = {
    "path", "format", "symbols", "rows", "first", "last", "adjust", "display_only", "quarantined", "notes", "refused", "refused_code", "refused_facts",
}  # fmt: skip


def test_every_entry_has_the_same_keys_and_is_json(tmp_path: Path, market_data: MarketData) -> None:
    (tmp_path / "sh600010.csv").write_bytes(PLAIN)
    (tmp_path / "x.csv").write_bytes(b"%PDF")
    document = market_data.import_files([tmp_path, tmp_path / "absent.csv"])
    assert [set(entry) for entry in document["files"]] == [KEYS] * 3
    assert [entry["refused_code"] for entry in document["files"]] == [
        None,
        "market_data.foreign_file",
        "market_data.file_missing",
    ]
    assert json.loads(json.dumps(document)) == document


def test_folder_is_walked_in_order_without_hidden_files(tmp_path: Path, market_data: MarketData) -> None:
    for name in ("b/sh600011.csv", "a/sh600010.csv", "a/.hidden.csv", ".git/sh600012.csv", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"notes" if name == "notes.txt" else PLAIN)
    entries = market_data.import_files([tmp_path])["files"]
    assert [Path(entry["path"]).relative_to(tmp_path).as_posix() for entry in entries] == [
        "notes.txt",
        "a/sh600010.csv",
        "b/sh600011.csv",
    ]
    assert [entry["refused_code"] for entry in entries] == ["market_data.not_bars", None, None]


def test_same_file_again_says_the_same_and_changes_nothing(tmp_path: Path, market_data: MarketData) -> None:
    path = tmp_path / "sh600010.csv"
    path.write_bytes(PLAIN)
    first = market_data.import_files([path])
    before = {file: file.read_bytes() for file in market_data.folder.market.rglob("*") if file.is_file()}
    assert market_data.import_files([path]) == first
    assert {file: file.read_bytes() for file in market_data.folder.market.rglob("*") if file.is_file()} == before


def test_refused_file_does_not_keep_the_others_from_the_store(tmp_path: Path, market_data: MarketData) -> None:
    (tmp_path / "sh600010.csv").write_bytes(PLAIN)
    (tmp_path / "sh600011.csv").write_bytes(PLAIN.replace(b"10000000.0", b"99000000.0"))
    entries = market_data.import_files([tmp_path])["files"]
    assert [entry["refused_code"] for entry in entries] == [None, "market_data.adjusted_content"]
    assert [series.symbol for series in market_data.series()] == ["600010.SH"]


def test_cancelling_while_reading_leaves_the_store_as_it_was(tmp_path: Path, market_data: MarketData) -> None:
    for code in ("600010", "600011"):
        (tmp_path / f"sh{code}.csv").write_bytes(PLAIN)

    class CancelledError(Exception):
        pass

    def progress(fraction: float, stage: str) -> None:
        if fraction > 0:
            raise CancelledError

    with pytest.raises(CancelledError):
        market_data.import_files([tmp_path], progress=progress)
    assert market_data.series() == []


def test_progress_grows_to_one(tmp_path: Path, market_data: MarketData) -> None:
    for code in ("600010", "600011", "600012"):
        (tmp_path / f"sh{code}.csv").write_bytes(PLAIN)
    told: list[tuple[float, str]] = []
    market_data.import_files([tmp_path], progress=lambda fraction, stage: told.append((fraction, stage)))
    assert [round(fraction, 2) for fraction, _ in told] == [0.0, 0.33, 0.67, 1.0]
    assert [stage for _, stage in told] == ["reading"] * 3 + ["writing"]


def test_batches_hold_whole_files(tmp_path: Path, market_data: MarketData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "_ROWS_PER_WRITE", 20)
    for code in ("600010", "600011", "600012"):
        (tmp_path / f"sh{code}.csv").write_bytes(PLAIN)
    assert [entry["rows"] for entry in market_data.import_files([tmp_path])["files"]] == [12, 12, 12]
    assert [series.rows for series in market_data.series()] == [12, 12, 12]


def test_later_file_of_the_same_import_wins(tmp_path: Path, market_data: MarketData) -> None:
    (tmp_path / "a_sh600010.csv").write_bytes(PLAIN)
    (tmp_path / "b_sh600010.csv").write_bytes(PLAIN.replace(b"2024-03-01,9.9,10.2,9.8,10.1", b"2024-03-01,9.9,10.2,9.8,10.2"))
    market_data.import_files([tmp_path])
    assert market_data.bars("600010.SH")["close"][0] == 10.2


def test_file_nobody_may_read_is_refused(tmp_path: Path, market_data: MarketData, import_one: ImportOne) -> None:
    path = tmp_path / "sh600010.csv"
    path.symlink_to(path)  # a link to itself: no system call can open it
    assert import_one(path)["refused_code"] in ("market_data.file_missing", "market_data.file_unreadable")


# --- bytes nobody meant ----------------------------------------------------------------------------------------------

TODAY = date(2026, 11, 20)
VALID = (PLAIN, day_file(), minute_file([571, 572, 573, 574, 575]), PLAIN.decode().encode("utf-16"))


def examine(path: Path, content: bytes, adjust: Adjust | None = None) -> Examination:
    path.write_bytes(content)
    import polars as pl

    nothing = pl.DataFrame(schema={"date": pl.Date, "close": pl.Float64})
    return examine_file(path, Question("600010.SH", adjust, TODAY, lambda _: nothing))


def assert_no_bad_bar(examination: Examination) -> None:
    """Hold what is accepted to the rules, written here anew."""
    for accepted in examination.accepted:
        assert kind_of(accepted.symbol)
        assert accepted.bars.height > 0
        seen = set()
        for bar in accepted.bars.iter_rows(named=True):
            assert date(1990, 12, 19) <= bar["date"] <= TODAY
            assert None not in (bar["open"], bar["high"], bar["low"], bar["close"])
            assert bar["low"] <= min(bar["open"], bar["close"]) + 1e-6
            assert bar["high"] >= max(bar["open"], bar["close"]) - 1e-6
            assert accepted.is_display_only or bar["low"] > 0
            assert bar["volume"] is None or bar["volume"] >= 0
            assert bar["amount"] is None or bar["amount"] >= 0
            assert (bar["date"], bar["time"]) not in seen
            seen.add((bar["date"], bar["time"]))


fuzzing = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzzing
@given(content=st.binary(max_size=400), adjust=st.sampled_from([None, Adjust.NONE, Adjust.QFQ]))
def test_any_bytes_are_refused_or_bars(content: bytes, adjust: Adjust | None, tmp_path: Path) -> None:
    assert_no_bad_bar(examine(tmp_path / "f", content, adjust))


@fuzzing
@given(text=st.text(alphabet="0123456789.,-:/ \n\"'=eNoneanif日期开盘", max_size=300))
def test_any_table_under_a_good_header_is_refused_or_bars(text: str, tmp_path: Path) -> None:
    assert_no_bad_bar(examine(tmp_path / "f", b"date,open,high,low,close,volume,amount\n" + text.encode()))


@fuzzing
@given(data=st.data())
def test_damaged_file_never_gives_a_bad_bar(data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(data.draw(st.sampled_from(VALID)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content) - 1))
        act = data.draw(st.sampled_from(["change", "cut", "insert", "repeat"]))
        piece = data.draw(st.binary(min_size=1, max_size=6))
        if act == "change":
            content[at : at + len(piece)] = piece
        elif act == "cut":
            del content[at : at + data.draw(st.integers(1, 40))]
        elif act == "insert":
            content[at:at] = piece
        else:
            content[at:at] = content[at : at + 64]
        if not content:
            break
    assert_no_bad_bar(examine(tmp_path / "f", bytes(content)))


@fuzzing
@given(
    records=st.lists(
        st.tuples(
            st.integers(20240101, 20241231), *[st.integers(1, 3000)] * 4, st.integers(0, 10**12), st.integers(0, 2**32 - 1)
        ),
        min_size=1,
        max_size=30,
    )
)
def test_any_day_records_are_refused_or_bars(records: list[tuple[Any, ...]], tmp_path: Path) -> None:
    content = b"".join(struct.pack("<IIIIIfII", *record, 0) for record in records)
    examination = examine(tmp_path / "f", content, Adjust.QFQ)
    assert_no_bad_bar(examination)
    taken = sum(accepted.bars.height + accepted.suspensions.height for accepted in examination.accepted)
    if examination.refused is None:
        assert taken + len({row.line for row in examination.quarantined}) == len(records)

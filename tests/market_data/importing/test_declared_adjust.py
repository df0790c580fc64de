"""Raw or adjusted: declarations and what the content proves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantbox.market_data.models import Adjust
from quantbox.market_data.service import MarketData
from tests.market_data.importing.twins import BARS, Day, table

ImportOne = Callable[..., dict[str, Any]]


def write(path: Path, bars: list[Day], flag: str | None = None, *, amount: bool = True) -> Path:
    header = "date,open,high,low,close,volume" + (",amount" if amount else "") + (",adjustflag" if flag else "")
    rows = [
        f"{b.date},{b.open},{b.high},{b.low},{b.close},{b.volume}"
        + (f",{b.amount}" if amount else "")
        + (f",{flag}" if flag else "")
        for b in bars
    ]
    path.write_bytes(table(header, rows))
    return path


def shifted(by: float) -> list[Day]:
    """All prices lower by `by`, as a dividend taken off old prices leaves them; amount and volume as traded."""
    moved = {name: name for name in ("open", "high", "low", "close")}
    return [b.with_(**{name: round(getattr(b, name) - by, 2) for name in moved}) for b in BARS]


@pytest.mark.parametrize(
    ("flag", "owner", "bars", "outcome"),
    [
        # nobody declares
        (None, None, BARS, "unknown"),
        (None, None, shifted(1), "market_data.adjusted_content"),
        (None, None, shifted(20), "market_data.negative_prices"),
        # the owner declares
        (None, Adjust.NONE, BARS, "none"),
        (None, Adjust.NONE, shifted(1), "market_data.raw_contradicted"),
        (None, Adjust.NONE, shifted(20), "market_data.negative_prices"),
        (None, Adjust.QFQ, shifted(1), "qfq"),
        (None, Adjust.QFQ, shifted(20), "qfq"),
        (None, Adjust.HFQ, shifted(-5), "hfq"),
        (None, Adjust.QFQ, BARS, "qfq"),  # passing the raw test does not contradict it
        (None, Adjust.UNKNOWN, BARS, "unknown"),
        # the file declares
        ("3", None, BARS, "none"),
        ("3", None, shifted(1), "market_data.raw_contradicted"),
        ("2", None, BARS, "market_data.adjusted_by_declaration"),
        ("1", None, shifted(1), "market_data.adjusted_by_declaration"),
        # both
        ("3", Adjust.NONE, BARS, "none"),
        ("3", Adjust.QFQ, shifted(1), "market_data.adjust_contradicted"),
        ("2", Adjust.NONE, BARS, "market_data.adjust_contradicted"),
        ("2", Adjust.HFQ, shifted(1), "market_data.adjust_contradicted"),
        ("2", Adjust.QFQ, shifted(1), "qfq"),
    ],
)
def test_declaration_and_content(
    flag: str | None,
    owner: Adjust | None,
    bars: list[Day],
    outcome: str,
    tmp_path: Path,
    import_one: ImportOne,
    market_data: MarketData,
) -> None:
    entry = import_one(write(tmp_path / "sh600010.csv", bars, flag), adjust=owner)
    assert (entry["refused_code"] or entry["adjust"]) == outcome
    stored = [(series.adjust.value, series.is_display_only) for series in market_data.series()]
    assert stored == ([] if entry["refused"] else [(outcome, outcome in ("qfq", "hfq"))])


def test_refusal_shows_the_first_failing_day_in_figures(tmp_path: Path, import_one: ImportOne) -> None:
    bars = [*BARS[:5], *shifted(1)[5:]]
    refused = import_one(write(tmp_path / "sh600010.csv", bars))["refused"]
    # 2024-03-08: 11,770,000 yuan / 1,100,000 shares = 10.70; its prices were lowered to 9.50..9.80.
    for figure in ("2024-03-08", "10.700", "9.5", "9.8", "7/12", "--adjust qfq"):
        assert figure in refused


def test_refusal_is_said_in_english_when_asked(tmp_path: Path, import_one: ImportOne) -> None:
    entry = import_one(write(tmp_path / "sh600010.csv", shifted(1)), language="en")
    assert entry["refused"].startswith("These are not raw prices: on 12 of 12 days")


def test_average_one_tick_outside_passes_and_more_fails(tmp_path: Path, import_one: ImportOne) -> None:
    # 1,000,000 shares at 10.21 and 10.22 beside a high of 10.20.
    at_tick = [BARS[0].with_(amount=10_210_000.0), *BARS[1:]]
    beyond = [BARS[0].with_(amount=10_220_000.0), *BARS[1:]]
    assert import_one(write(tmp_path / "sh600010.csv", at_tick))["refused"] is None
    assert import_one(write(tmp_path / "sh600010.csv", beyond))["refused_code"] == "market_data.adjusted_content"


def test_one_failing_day_of_five_hundred_is_borne(tmp_path: Path, import_one: ImportOne) -> None:
    days = [f"20{year}-{month:02}-{day:02}" for year in (19, 20, 21) for month in range(1, 13) for day in range(1, 15)][:500]
    bars = [Day(day, 10, 10.2, 9.9, 10, 1000, 10_000.0, 10) for day in days]
    bars[7] = bars[7].with_(amount=12_000.0)
    assert import_one(write(tmp_path / "sh600010.csv", bars))["refused"] is None  # 0.2 %
    bars[9] = bars[9].with_(amount=12_000.0)
    assert import_one(write(tmp_path / "sh600010.csv", bars))["refused_code"] == "market_data.adjusted_content"


@pytest.mark.parametrize("name", ["sh000300.csv", "sz399001.csv"])
def test_index_is_never_tested(name: str, tmp_path: Path, import_one: ImportOne) -> None:
    assert import_one(write(tmp_path / name, shifted(1)))["refused"] is None


def test_file_without_amount_is_not_testable_not_refused(tmp_path: Path, import_one: ImportOne) -> None:
    entry = import_one(write(tmp_path / "sh600010.csv", shifted(1), amount=False))
    assert (entry["refused"], entry["adjust"]) == (None, "unknown")


def test_minutes_are_tested_summed_to_days(tmp_path: Path, import_one: ImportOne) -> None:
    # Single minutes fail (amount of a minute booked in the next), the day holds: 20,000 yuan / 2,000 shares = 10.00.
    rows = [
        f"2024-03-{day:02} 09:{minute},10,10.05,9.95,10,1000,{amount}"
        for day in (1, 4, 5)
        for minute, amount in ((31, 5_000), (32, 15_000))
    ]
    path = tmp_path / "sh600010.csv"
    path.write_bytes(table("datetime,open,high,low,close,volume,amount", rows))
    assert import_one(path)["refused"] is None


UNTIL_DIVIDEND = 9  # the days of BARS before its ex-date, 2024-03-15


@pytest.mark.parametrize(
    ("bars", "owner", "day", "figures"),
    [
        # 2024-03-01: 10,000,000 yuan / 1,000,000 shares = 10.00; its high was lowered to 9.20, its low raised to 14.80.
        ([*shifted(1)[:UNTIL_DIVIDEND], *BARS[UNTIL_DIVIDEND:]], Adjust.HFQ, "2024-03-01", ("10.000", "9.2")),
        ([*shifted(-5)[:UNTIL_DIVIDEND], *BARS[UNTIL_DIVIDEND:]], Adjust.QFQ, "2024-03-01", ("10.000", "14.8")),
        ([*shifted(20)[:UNTIL_DIVIDEND], *BARS[UNTIL_DIVIDEND:]], Adjust.HFQ, "2024-03-01", ("-10.2",)),
    ],
)
def test_prices_on_the_wrong_side_of_those_traded_contradict_the_declaration(
    bars: list[Day], owner: Adjust, day: str, figures: tuple[str, ...], tmp_path: Path, import_one: ImportOne
) -> None:
    path = write(tmp_path / "sh600010.csv", bars)
    entry = import_one(path, adjust=owner)
    assert entry["refused_code"] == "market_data.adjusted_contradicted"
    for figure in (day, owner.value, *figures):
        assert figure in entry["refused"]
    other = Adjust.QFQ if owner is Adjust.HFQ else Adjust.HFQ
    assert import_one(path, adjust=other)["adjust"] == other.value


@pytest.mark.parametrize("owner", [Adjust.QFQ, Adjust.HFQ])
def test_prices_traded_on_both_sides_of_an_ex_date_are_not_adjusted(owner: Adjust, tmp_path: Path, import_one: ImportOne) -> None:
    rows = [f"{b.date},{b.open},{b.high},{b.low},{b.close},{b.volume},{b.amount},{b.pre_close}" for b in BARS]
    path = tmp_path / "sh600010.csv"
    path.write_bytes(table("date,open,high,low,close,volume,amount,preclose", rows))
    refused = import_one(path, adjust=owner)["refused"]
    for figure in ("2024-03-15", "10.85", "10.7"):  # the close of 2024-03-14, and what counted as that on the ex-date
        assert figure in refused


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "owner", "outcome"),
    [
        ("akshare_em_qfq/601919.csv", Adjust.QFQ, "qfq"),
        ("akshare_em_qfq/601919.csv", Adjust.HFQ, "market_data.adjusted_contradicted"),  # 706 rows below zero
        ("akshare_em_qfq/600519.csv", Adjust.HFQ, "market_data.adjusted_contradicted"),
        ("baostock_qfq_2026/sh600036.csv", Adjust.QFQ, "qfq"),
        ("baostock_qfq_2026/sh600036.csv", Adjust.HFQ, "market_data.adjusted_contradicted"),
        ("tushare_raw_2012_2022/600519.csv", Adjust.QFQ, "market_data.adjusted_contradicted"),
        ("tushare_raw_2012_2022/600519.csv", Adjust.NONE, "none"),
    ],
)
def test_real_files_hold_against_what_is_declared(
    file: str, owner: Adjust, outcome: str, real_data: Path, import_one: ImportOne
) -> None:
    entry = import_one(real_data / file, adjust=owner)
    assert (entry["refused_code"] or entry["adjust"]) == outcome

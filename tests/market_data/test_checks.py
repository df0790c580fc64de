from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import exchange_calendars
import polars as pl
import pytest

from quantbox.market_data.checks import CheckInput, Finding, check_bars
from quantbox.market_data.models import BAR_SCHEMA, Adjust
from tests.market_data.baostock import read_raw, read_suspended
from tests.market_data.bars import START, make_bars


def check(
    bars: pl.DataFrame,
    *,
    suspended: tuple[date, ...] = (),
    adjust: Adjust = Adjust.NONE,
    listed_on: date | None = date(2001, 8, 27),
    closed: tuple[date, ...] = (),
) -> list[Finding]:
    """Check against a calendar in which every day is a session but those of `closed`."""
    first, last = bars["date"].min(), bars["date"].max()
    assert isinstance(first, date)
    assert isinstance(last, date)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    sessions = [day for day in days if day not in closed]
    return check_bars(CheckInput(bars["symbol"][0], bars, adjust, sessions, frozenset(suspended), listed_on))


def kinds(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.date.isoformat(), finding.kind) for finding in findings]


CLOSES = [10.0, 10.1, 10.2, 10.1, 10.0, 10.05]


def test_sound_bars_have_no_findings() -> None:
    assert check(make_bars("600519.SH", CLOSES)) == []


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"high": [10.0, 10.0, *CLOSES[2:]]}, "high_below_low"),  # close 10.1 above the high
        ({"low": [10.0, 10.15, *CLOSES[2:]]}, "high_below_low"),
        ({"open": [10.0, 10.5, *CLOSES[2:]]}, "high_below_low"),
        ({"amount": [10_000.0, 11_100.0, *[1000 * c for c in CLOSES[2:]]]}, "average_outside_range"),
    ],
)
def test_a_bar_that_contradicts_itself_is_found_on_its_day(columns: dict[str, Any], kind: str) -> None:
    findings = check(make_bars("600519.SH", CLOSES, **columns))
    assert kinds(findings) == [("2024-01-03", kind)]
    assert findings[0].evidence


def test_a_price_of_zero_is_found() -> None:
    bars = make_bars("600519.SH", CLOSES, low=[0.0, *CLOSES[1:]])
    assert kinds(check(bars)) == [("2024-01-02", "price_not_positive")]


def test_a_day_stored_twice_is_found() -> None:
    bars = make_bars("600519.SH", CLOSES)
    assert kinds(check(pl.concat([bars, bars.slice(2, 1)]).sort("date"))) == [("2024-01-04", "duplicate_day")]


def test_missing_sessions_are_one_finding_per_gap() -> None:
    bars = make_bars("600519.SH", CLOSES).filter(~pl.col("date").is_in([date(2024, 1, 3), date(2024, 1, 5), date(2024, 1, 6)]))
    bars = bars.with_columns(pl.lit(None, dtype=pl.Float64).alias("pre_close"))
    found = check(bars)
    assert kinds(found) == [("2024-01-03", "session_missing"), ("2024-01-05", "session_missing")]
    assert found[1].evidence == {"sessions": 2, "last": "2024-01-06"}


def test_a_recorded_suspension_explains_a_missing_session() -> None:
    bars = make_bars("600519.SH", CLOSES).filter(pl.col("date") != date(2024, 1, 4))
    bars = bars.with_columns(pl.lit(None, dtype=pl.Float64).alias("pre_close"))
    assert check(bars, suspended=(date(2024, 1, 4),)) == []


def test_a_bar_on_a_closed_day_is_found() -> None:
    findings = check(make_bars("600519.SH", CLOSES), closed=(date(2024, 1, 6),))
    assert kinds(findings) == [("2024-01-06", "not_a_session")]
    assert findings[0].evidence == {"weekday": "Saturday"}


def test_a_jump_that_no_pre_close_explains_is_found() -> None:
    bars = make_bars("600519.SH", [10.0, 10.1, 5.0, 5.1], pre_close=[None, 10.0, 10.1, 5.0])
    (finding,) = check(bars)
    assert (finding.date, finding.kind) == (date(2024, 1, 4), "jump_beyond_limit")
    assert finding.evidence["lower"] == 9.09
    assert finding.evidence["reference_is"] == "pre_close"


def test_an_ex_date_is_explained_by_its_pre_close_and_unexplained_without() -> None:
    closes = [10.0, 10.1, 5.0, 5.1]
    assert check(make_bars("600519.SH", closes, pre_close=[None, 10.0, 5.05, 5.0])) == []
    unexplained = check(make_bars("600519.SH", closes, pre_close=None))
    assert kinds(unexplained) == [("2024-01-04", "jump_beyond_limit")]
    assert unexplained[0].evidence["reference_is"] == "last_close"


def test_the_limits_of_the_day_decide_not_a_fixed_percentage() -> None:
    # 15 % in a day: impossible on the main board, usual on ChiNext, impossible there under 10 % before 2020-08-24.
    closes = [10.0, 11.5]
    assert len(check(make_bars("600519.SH", closes))) == 1
    assert check(make_bars("300750.SZ", closes)) == []
    assert len(check(make_bars("300750.SZ", closes, start=date(2020, 8, 10)))) == 1
    assert len(check(make_bars("600519.SH", [10.0, 10.8], is_st=True))) == 1


def test_the_first_bars_of_an_unknown_listing_are_left_alone() -> None:
    closes = [10.0, 14.4, 20.0, 26.0, 40.0, 41.0]
    bars = make_bars("603296.SH", closes)
    assert check(bars, listed_on=None) == []
    assert [finding.date for finding in check(bars)] == [START + timedelta(days=number) for number in (1, 2, 3, 4)]


def test_a_listing_day_without_limits_is_known() -> None:
    bars = make_bars("603296.SH", [20.0, 30.0, 31.0], pre_close=[10.0, 20.0, 30.0])
    assert check(bars, listed_on=START) == []


def test_volume_in_lots_is_found_once_per_stretch() -> None:
    closes = [10.0] * 60
    volumes = [100_000] * 30 + [1000] * 20 + [100_000] * 10
    bars = make_bars("600519.SH", closes, volume=volumes, amount=1_000_000.0)
    (finding,) = check(bars)
    assert (finding.kind, finding.date, finding.evidence) == (
        "volume_unit_jump",
        START + timedelta(days=30),
        {"days": 20, "ratio": 100.0},
    )


def test_volume_in_lots_is_found_without_amount_too() -> None:
    volumes = [100_000 + 500 * (n % 7) for n in range(40)] + [1000 + 5 * (n % 7) for n in range(40)]
    bars = make_bars("600519.SH", [10.0] * 80, volume=volumes, amount=None)
    assert kinds(check(bars)) == [((START + timedelta(days=40)).isoformat(), "volume_unit_jump")]
    assert check(make_bars("600519.SH", [10.0] * 80, volume=[100_000 + 900 * (n % 9) for n in range(80)], amount=None)) == []


def test_an_index_is_not_held_against_limits_or_amounts() -> None:
    assert check(make_bars("000300.SH", [3000.0, 3500.0], amount=1.0)) == []


def test_an_undeclared_series_is_not_held_against_limits() -> None:
    assert check(make_bars("600519.SH", [10.0, 5.0], amount=None, pre_close=None), adjust=Adjust.UNKNOWN) == []


def test_a_jump_of_undeclared_bars_is_found_by_their_pre_close_alone() -> None:
    closes = [10.0, 10.1, 5.0, 5.1]
    bars = make_bars("600519.SH", closes, pre_close=[None, 10.0, 10.1, 5.0])
    assert kinds(check(bars, adjust=Adjust.UNKNOWN)) == [("2024-01-04", "jump_beyond_limit")]


def test_findings_come_in_the_order_of_days_ready_for_json() -> None:
    bars = make_bars("600519.SH", CLOSES, high=[9.0, *CLOSES[1:5], 9.0])
    found = check(bars)
    assert [finding.to_json()["date"] for finding in found] == ["2024-01-02", "2024-01-07"]
    assert set(found[0].to_json()) == {"symbol", "date", "kind", "evidence"}


@pytest.mark.real_data
def test_fifty_two_real_files_are_clean_and_a_fault_put_into_them_is_found(real_data: Path) -> None:
    sessions = [day.date() for day in exchange_calendars.get_calendar("XSHG").sessions_in_range("2020-01-02", "2025-04-07")]
    for path in sorted((real_data / "baostock_csi300_raw").glob("*.csv")):
        bars = read_raw(path)
        within = [day for day in sessions if bars["date"][0] <= day <= bars["date"][-1]]
        suspended = frozenset(read_suspended(path)["date"])
        symbol = bars["symbol"][0]
        assert check_bars(CheckInput(symbol, bars, Adjust.NONE, within, suspended, None)) == []
    faulty = bars.with_row_index().with_columns(
        pl.when(pl.col("index") == 700).then(pl.col("volume") // 100).otherwise("volume").alias("volume")
    )
    (finding,) = check_bars(CheckInput(symbol, faulty.select(list(BAR_SCHEMA)), Adjust.NONE, within, suspended, None))
    assert (finding.date, finding.kind) == (bars["date"][700], "volume_unit_jump")

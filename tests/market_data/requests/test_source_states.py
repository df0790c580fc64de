"""How the ways market data comes in have done."""

from __future__ import annotations

from datetime import UTC, date, datetime

from quantbox.jobs.models import Job, JobState, Reason
from quantbox.market_data.models import Adjust, Frequency, Series
from quantbox.market_data.requests.source_states import describe_sources

MONDAY, TUESDAY = datetime(2026, 11, 16, 8, tzinfo=UTC), datetime(2026, 11, 17, 8, tzinfo=UTC)
REASON = Reason("market_data.source_unreachable", {"zh": "没有答复", "en": "no answer"})


def series(origin: str, updated_at: datetime, *, is_demo: bool = False) -> Series:
    days = (date(2020, 1, 2), date(2026, 11, 16))
    return Series("600519.SH", Frequency.DAY, Adjust.NONE, False, *days, 1000, True, origin, updated_at, is_demo)


def update(state: JobState, reason: Reason | None = None) -> Job:
    return Job("1", "owner", "data_update", "", state, 1, 2, 1.0, "", reason, False, MONDAY, MONDAY, MONDAY)


def states(stored: list[Series], updates: list[Job]) -> dict[str, tuple[str, datetime | None, bool]]:
    found = describe_sources(stored, updates)
    assert all(one.about["zh"] and one.about["en"] for one in found)
    return {one.name: (one.state, one.last_success, one.last_error is not None) for one in found}


def test_nothing_stored_means_nothing_used() -> None:
    unused = ("unused", None, False)
    assert states([], []) == {"akshare": unused, "files": unused, "demo": unused}


def test_each_series_counts_for_the_way_it_came() -> None:
    stored = [series("akshare.eastmoney", MONDAY), series("tdx_day", TUESDAY), series("demo", MONDAY, is_demo=True)]
    assert states(stored, []) == {
        "akshare": ("ready", MONDAY, False),
        "files": ("ready", TUESDAY, False),
        "demo": ("ready", MONDAY, False),
    }


def test_a_failed_update_counts_until_one_succeeds() -> None:
    stored = [series("akshare.eastmoney", MONDAY)]
    failed, succeeded, running = update(JobState.FAILED, REASON), update(JobState.SUCCEEDED), update(JobState.RUNNING)
    assert states(stored, [running, failed, succeeded])["akshare"] == ("failing", MONDAY, True)
    assert states(stored, [succeeded, failed])["akshare"] == ("ready", MONDAY, False)

"""When a backup is due, and which are kept: the expected days are written down by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantbox.audit.models import RecordFilter
from quantbox.backup.errors import ScheduleInvalid
from quantbox.backup.schedule import Schedule, choose_kept, is_due, last_slot, next_slot
from quantbox.core.clock import SHANGHAI
from quantbox.jobs.models import JobState
from tests.backup.store import OWNER, Store

DAILY = Schedule()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("now", "last", "following"),
    [
        ("2026-11-20T17:59:59", "2026-11-19T18:00", "2026-11-20T18:00"),
        ("2026-11-20T18:00:00", "2026-11-20T18:00", "2026-11-21T18:00"),
        ("2026-11-21T00:30:00", "2026-11-20T18:00", "2026-11-21T18:00"),
        ("2026-01-01T09:00:00", "2025-12-31T18:00", "2026-01-01T18:00"),
    ],
)
def test_slots_lie_at_the_hour_in_shanghai(now: str, last: str, following: str) -> None:
    assert last_slot(DAILY, at(now)) == at(last)
    assert next_slot(DAILY, at(now)) == at(following)


@pytest.mark.parametrize(
    ("since", "asked", "now", "due"),
    [
        pytest.param("2026-11-01T09:00", "2026-11-19T18:00:02", "2026-11-20T17:59", False, id="before the hour"),
        pytest.param("2026-11-01T09:00", "2026-11-19T18:00:02", "2026-11-20T18:00", True, id="at the hour"),
        pytest.param("2026-11-01T09:00", "2026-11-20T18:00:03", "2026-11-20T18:01", False, id="asked for already"),
        pytest.param("2026-11-01T09:00", "2026-11-16T18:00:03", "2026-11-20T09:00", True, id="the program was off for days"),
        pytest.param("2026-11-20T09:00", None, "2026-11-20T09:01", False, id="a store made this morning"),
        pytest.param("2026-11-20T09:00", None, "2026-11-20T18:00", True, id="its first evening"),
        pytest.param("2026-11-20T09:00", None, "2026-11-22T07:00", True, id="its first evening missed"),
    ],
)
def test_a_backup_is_due_once_for_each_hour_that_passed(since: str, asked: str | None, now: str, due: bool) -> None:
    assert is_due(DAILY, at(since), at(asked) if asked else None, at(now)) is due
    assert is_due(Schedule(is_on=False), at(since), at(asked) if asked else None, at(now)) is False


def test_seven_days_four_weeks_twelve_months_are_kept() -> None:
    """One backup every evening for 400 days, the last on Friday 2026-11-20; the newest of each period is kept."""
    last = date(2026, 11, 20)
    made = [(str(day), at(f"{day}T18:00")) for number in range(400) for day in [last - timedelta(days=number)]]
    days = {f"2026-11-{day}" for day in (20, 19, 18, 17, 16, 15, 14)}
    # ISO weeks end on Sunday: this one on the 20th so far, before it the 15th, the 8th, the 1st
    weeks = {"2026-11-20", "2026-11-15", "2026-11-08", "2026-11-01"}
    months = {
        "2026-11-20",
        "2026-10-31",
        "2026-09-30",
        "2026-08-31",
        "2026-07-31",
        "2026-06-30",
        "2026-05-31",
        "2026-04-30",
        "2026-03-31",
        "2026-02-28",
        "2026-01-31",
        "2025-12-31",
    }
    assert choose_kept(made, DAILY) == days | weeks | months
    assert len(days | weeks | months) == 20  # the 20th stands for a day, a week and a month, the 15th for a day and a week


def test_a_program_used_now_and_then_keeps_the_days_it_has() -> None:
    made = [(text, at(text)) for text in ("2026-11-20T18:00", "2026-11-20T19:30", "2026-06-03T18:00", "2026-05-29T18:00")]
    # the later one of the 20th, and what stands alone in its month
    assert choose_kept(made, Schedule(keep_daily=1, keep_weekly=0, keep_monthly=2)) == {"2026-11-20T19:30", "2026-06-03T18:00"}


def test_a_day_is_a_day_in_shanghai() -> None:
    made = [("late", at("2026-11-20T23:30")), ("early", at("2026-11-21T00:30"))]  # 15:30 and 16:30 of one day in UTC
    assert choose_kept(made, Schedule(keep_daily=2, keep_weekly=0, keep_monthly=0)) == {"late", "early"}


@given(
    st.lists(st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)), unique=True, max_size=60),  # noqa: DTZ001
    st.integers(1, 9),
    st.integers(0, 6),
    st.integers(0, 14),
)
def test_the_newest_is_always_kept_and_never_more_than_was_said(
    moments: list[datetime], daily: int, weekly: int, monthly: int
) -> None:
    made = [(moment.isoformat(), moment.replace(tzinfo=SHANGHAI)) for moment in moments]
    kept = choose_kept(made, Schedule(keep_daily=daily, keep_weekly=weekly, keep_monthly=monthly))
    assert len(kept) <= daily + weekly + monthly
    if moments:
        assert max(moments).isoformat() in kept
    # thinning out twice changes nothing, so that a crash in between does not either
    assert choose_kept([one for one in made if one[0] in kept], Schedule(True, "18:00", daily, weekly, monthly)) == kept


@pytest.mark.parametrize(
    "changes", [{"time": "24:00"}, {"time": "9:00"}, {"time": ""}, {"keep_daily": 0}, {"keep_weekly": -1}, {"keep_monthly": 367}]
)
def test_a_value_out_of_bounds_changes_nothing(store: Store, changes: dict[str, Any]) -> None:
    with pytest.raises(ScheduleInvalid):
        store.backups.schedules.change(OWNER, changes)
    assert store.backups.schedules.get(OWNER) == DAILY


# --- as the worker's sweep does it -----------------------------------------------------------------------------------


def sweep(store: Store) -> list[str]:
    """Ask for what is due and run what waits; return the names of the backups there are."""
    store.backups.submit_due(OWNER)
    for job_id in store.jobs.waiting():
        store.runner.run(job_id)
    return sorted(one["name"] for one in store.backups.list_backups())


@pytest.fixture
def idle(store: Store) -> Store:
    """A store whose unfinished jobs do not stand in the way."""
    for job in store.jobs.list_jobs(OWNER).items:
        store.jobs.cancel(job.id, OWNER)
    return store


def test_the_sweep_makes_one_backup_an_evening_and_catches_up_at_the_next_start(idle: Store) -> None:
    assert sweep(idle) == []  # 15:30 on the first day
    idle.clock.advance(2.5 * 3600)
    assert sweep(idle) == ["quantbox-20261120-180000.qbbackup"]
    assert sweep(idle) == ["quantbox-20261120-180000.qbbackup"]
    idle.clock.advance(3 * 86400 + 3600)  # off over the week-end, started again at 19:00 on Monday
    assert sweep(idle) == ["quantbox-20261120-180000.qbbackup", "quantbox-20261123-190000.qbbackup"]
    assert [one["is_scheduled"] for one in idle.backups.list_backups()] == [True, True]


def test_scheduled_backups_are_thinned_out_and_those_made_by_hand_stay(idle: Store) -> None:
    idle.backups.schedules.change(OWNER, {"keep_daily": 2, "keep_weekly": 0, "keep_monthly": 0})
    by_hand = idle.backups.create(OWNER, lambda _part, _stage: None)["path"]
    for _ in range(4):
        idle.clock.advance(86400)
        names = sweep(idle)
    assert names == [
        "quantbox-20261120-153000.qbbackup",
        "quantbox-20261123-153000.qbbackup",
        "quantbox-20261124-153000.qbbackup",
    ]
    assert by_hand.endswith(names[0])


def test_a_schedule_that_is_off_makes_none_and_one_turned_on_waits_for_its_hour(idle: Store) -> None:
    idle.backups.schedules.change(OWNER, {"is_on": False})
    idle.clock.advance(2 * 86400)
    assert sweep(idle) == []
    idle.backups.schedules.change(OWNER, {"is_on": True})
    assert sweep(idle) == []
    idle.clock.advance(86400)
    assert len(sweep(idle)) == 1


def test_a_failure_is_told_and_tried_again_at_the_next_hour(idle: Store) -> None:
    sweep(idle)
    vault = idle.folder.vault_file.rename(idle.folder.root / "away")
    idle.clock.advance(86400)
    idle.backups.submit_due(OWNER)
    (job_id,) = idle.jobs.waiting()
    ended = idle.runner.run(job_id)
    assert ended is not None
    assert ended.state is JobState.FAILED
    last = idle.backups.last(OWNER)
    assert last is not None
    assert (last["ok"], bool(last["error"]["zh"])) == (False, True)
    vault.rename(idle.folder.vault_file)
    idle.backups.submit_due(OWNER)
    assert idle.jobs.waiting() == []
    idle.clock.advance(86400)
    assert len(sweep(idle)) == 1
    last = idle.backups.last(OWNER)
    assert last is not None
    assert last["ok"] is True


def test_what_the_schedule_begins_and_fails_at_is_in_the_audit_log(idle: Store) -> None:
    sweep(idle)  # the first look begins the schedule
    idle.clock.advance(86400)
    sweep(idle)
    vault = idle.folder.vault_file.rename(idle.folder.root / "away")
    idle.clock.advance(86400)
    idle.backups.submit_due(OWNER)
    (job_id,) = idle.jobs.waiting()
    idle.runner.run(job_id)
    vault.rename(idle.folder.vault_file)
    records = list(idle.audit.read_all(RecordFilter(act="backup.create")))
    assert [(one.person, one.outcome, one.what["reason"]) for one in records] == [
        ("schedule", "done", "schedule"),
        ("schedule", "done", "schedule"),
        ("schedule", "failed", "schedule"),
    ]
    assert records[2].what["job_id"] == records[1].what["job_id"] == job_id

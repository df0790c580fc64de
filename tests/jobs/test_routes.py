"""Jobs through HTTP."""

from __future__ import annotations

from quantbox.jobs.models import JobState
from tests.web.program import Browser, Program, browser, new_program, program, stranger

__all__ = ["browser", "new_program", "program", "stranger"]


def test_jobs_are_listed_newest_first_page_by_page_without_gap_or_repeat(browser: Browser, program: Program) -> None:
    jobs = program.open_services.jobs
    made = [jobs.create("backtest", f"run {number}", "owner").id for number in range(5)]
    jobs.create("backtest", "private", "somebody else")
    listed, cursor = [], None
    for _ in range(5):
        page = browser.api("/jobs", limit=2, **({"cursor": cursor} if cursor else {}))
        listed += [job["id"] for job in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert listed == made[::-1]


def test_jobs_are_filtered_by_kind_and_state(browser: Browser, program: Program) -> None:
    jobs = program.open_services.jobs
    first, second = jobs.create("backtest", "a", "owner"), jobs.create("data_import", "b", "owner")
    jobs.cancel(second.id, "owner")
    assert [job["id"] for job in browser.api("/jobs", kind="backtest")["items"]] == [first.id]
    assert [job["id"] for job in browser.api("/jobs", state="cancelled")["items"]] == [second.id]


def test_a_running_job_tells_stage_elapsed_and_what_is_left(browser: Browser, program: Program) -> None:
    jobs = program.open_services.jobs
    job = jobs.create("backtest", "a", "owner")
    lease = jobs.claim(job.id, "worker:1")
    assert lease is not None
    program.clock.advance(10)
    jobs.heartbeat(lease, 0.25, "running")
    shown = browser.api(f"/jobs/{job.id}")
    # a quarter in 10 s: three quarters in 30 s
    assert (shown["state"], shown["stage"], shown["elapsed_seconds"], shown["eta_seconds"]) == ("running", "running", 10.0, 30.0)


def test_cancelling_ends_a_waiting_job_asks_a_running_one_and_refuses_an_ended_one(browser: Browser, program: Program) -> None:
    jobs = program.open_services.jobs
    waiting, running = jobs.create("backtest", "a", "owner"), jobs.create("backtest", "b", "owner")
    lease = jobs.claim(running.id, "worker:1")
    assert lease is not None
    assert browser.post(f"/jobs/{waiting.id}/cancel").get_json()["state"] == JobState.CANCELLED
    asked = browser.post(f"/jobs/{running.id}/cancel").get_json()
    assert (asked["state"], asked["cancel_requested"]) == ("running", True)
    again = browser.post(f"/jobs/{waiting.id}/cancel")
    assert (again.status_code, again.get_json()["code"]) == (409, "jobs.already_ended")

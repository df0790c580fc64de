"""Backups through HTTP; jobs are done by their handlers, as the worker does them."""

from __future__ import annotations

import io
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from quantbox.audit.models import RecordFilter
from quantbox.backup import restoring, switching
from quantbox.backup.examination import check_counts
from quantbox.vault.models import Keys
from tests.backup.store import DAYS, OWN_PASSPHRASE, PASSPHRASE
from tests.web.program import Browser, Program, new_program, open_browser, sign_in

__all__ = ["new_program"]


@pytest.fixture
def program(new_program: Program, template: tuple[Path, Keys]) -> Program:
    """A program with the filled store open."""
    shutil.copytree(template[0], new_program.folder.root, dirs_exist_ok=True)
    new_program.open(template[1])
    return new_program


@pytest.fixture
def browser(program: Program) -> Browser:
    return sign_in(open_browser(program), program)


def run_job(program: Program, job: dict[str, Any]) -> str:
    ended = program.open_services.job_runner.run(job["id"])
    assert ended is not None
    return ended.state.value


def upload(path: Path, **fields: str) -> dict[str, Any]:
    return {"data": {"files": (io.BytesIO(path.read_bytes()), path.name), **fields}, "content_type": "multipart/form-data"}


def test_one_click_makes_a_verified_backup_that_is_listed_and_downloaded(browser: Browser, program: Program) -> None:
    before = browser.api("/backups")
    assert (before["items"], before["last"], before["outbound_paused"]) == ([], None, False)
    assert before["schedule"] == {
        "is_on": True,
        "time": "18:00",
        "keep_daily": 7,
        "keep_weekly": 4,
        "keep_monthly": 12,
        "include_downloads": True,
    }
    assert before["next_at"] == "2026-11-20T18:00:00+08:00"
    answer = browser.post("/backups", {"include_downloads": False})
    assert answer.status_code == 202, answer.get_data(as_text=True)
    assert run_job(program, answer.get_json()) == "succeeded"
    after = browser.api("/backups")
    (one,) = after["items"]
    assert after["last"]["ok"] is True
    assert (one["contents"]["bars"], one["left_out"], one["opens_with"]) == (
        2 * DAYS,
        {"symbols": 1, "bars": DAYS},
        "current",
    )
    assert browser.post(f"/backups/{one['name']}/verify").get_json()["sha256"] == one["sha256"]
    assert browser.get(f"/api/v1/backups/{one['name']}/file").get_json()["code"] == "web.step_up_needed"
    assert browser.send("DELETE", f"/backups/{one['name']}").get_json()["code"] == "web.step_up_needed"
    file = browser.step_up().get(f"/api/v1/backups/{one['name']}/file")
    assert file.data == (program.folder.backups / one["name"]).read_bytes()
    assert one["name"] in file.headers["Content-Disposition"]
    assert file.headers["Cache-Control"] == "no-store"
    assert browser.send("DELETE", f"/backups/{one['name']}").get_json() == {"name": one["name"]}
    assert browser.api("/backups")["items"] == []


def test_a_backup_with_a_pass_phrase_of_its_own_needs_a_step_up(browser: Browser, program: Program) -> None:
    """It is another way to open all the data: an unlocked screen must not be enough to make one."""
    refused = browser.post("/backups", {"passphrase": OWN_PASSPHRASE})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "web.step_up_needed")
    job = browser.step_up().post("/backups", {"passphrase": OWN_PASSPHRASE})
    assert run_job(program, job.get_json()) == "succeeded"
    assert [one["has_own_passphrase"] for one in browser.api("/backups")["items"]] == [True]


def test_a_rehearsal_runs_as_a_job_and_is_shown_with_its_backup(browser: Browser, program: Program) -> None:
    run_job(program, browser.post("/backups", {}).get_json())
    name = browser.api("/backups")["items"][0]["name"]
    job = browser.post(f"/backups/{name}/rehearse")
    assert job.status_code == 202
    assert run_job(program, job.get_json()) == "succeeded"
    assert browser.api("/backups")["items"][0]["rehearsal"]["ok"] is True


def test_the_schedule_is_changed_within_its_bounds_and_after_a_step_up(browser: Browser) -> None:
    refused = browser.send("PUT", "/backups/schedule", {"is_on": False})
    assert (refused.status_code, refused.get_json()["code"]) == (403, "web.step_up_needed")
    assert browser.api("/backups")["schedule"]["is_on"] is True
    browser.step_up()
    assert browser.send("PUT", "/backups/schedule", {"time": "07:30", "keep_daily": 3}).get_json()["keep_daily"] == 3
    assert browser.api("/backups")["next_at"] == "2026-11-21T07:30:00+08:00"
    refused = browser.send("PUT", "/backups/schedule", {"time": "7:30"})
    assert (refused.status_code, refused.get_json()["code"]) == (400, "backup.schedule_invalid")


@pytest.mark.parametrize("name", ["..%2Fvault.json", "gone.qbbackup"])
def test_an_unknown_name_is_not_found(browser: Browser, name: str) -> None:
    assert browser.post(f"/backups/{name}/verify").status_code == 404
    assert browser.step_up().get(f"/api/v1/backups/{name}/file").status_code == 404


def test_export_and_resume_need_a_step_up(browser: Browser) -> None:
    for path, body in (("/export", {"passphrase": OWN_PASSPHRASE}), ("/outbound/resume", None)):
        refused = browser.post(path, body)
        assert (refused.status_code, refused.get_json()["code"]) == (403, "web.step_up_needed")
    zipped = browser.step_up().post("/export", {"passphrase": OWN_PASSPHRASE, "kinds": ["settings"]})
    assert (zipped.status_code, zipped.mimetype) == (200, "application/zip")
    assert "filename=quantbox-export-20261120.zip" in zipped.headers["Content-Disposition"]


def test_doctor_and_overview_say_when_the_last_backup_failed_or_none_was_made(browser: Browser, program: Program) -> None:
    def look() -> list[tuple[bool, str | None, bool]]:
        found = [browser.api("/doctor")["checks"], browser.api("/overview")["health"]]
        return [(one["ok"], one["value"], bool(one["action"])) for checks in found for one in checks if one["name"] == "backups"]

    assert look() == [(True, None, False)] * 2
    program.open_services.backups.submit_due("owner")  # the first look, from which on evenings count
    run_job(program, browser.post("/backups", {}).get_json())
    assert look() == [(True, "2026-11-20 15:30", False)] * 2
    job = browser.post("/backups", {}).get_json()
    vault = program.folder.vault_file.rename(program.folder.root / "away")
    assert run_job(program, job) == "failed"
    vault.rename(program.folder.vault_file)
    assert look() == [(False, "2026-11-20 15:30", True)] * 2
    assert browser.api("/backups")["last"]["ok"] is False
    run_job(program, browser.post("/backups", {}).get_json())
    assert look() == [(True, "2026-11-20 15:30", False)] * 2
    program.clock.advance(49 * 3600)
    sign_in(browser, program)
    assert look() == [(False, "2026-11-20 15:30", True)] * 2


def test_what_the_schedule_does_stands_in_the_audit_log(browser: Browser, program: Program) -> None:
    services = program.open_services
    services.backups.submit_due("owner")  # the first look, from which on evenings count
    program.clock.advance(86400)
    services.backups.submit_due("owner")
    (job,) = services.jobs.list_jobs("owner", kinds=["backup"]).items
    vault = program.folder.vault_file.rename(program.folder.root / "away")
    assert run_job(program, {"id": job.id}) == "failed"
    vault.rename(program.folder.vault_file)
    found = services.audit.search(RecordFilter(act="backup.create")).items
    assert [(one.outcome, one.what["job_id"], one.what["reason"]) for one in found] == [
        ("failed", job.id, "schedule"),
        ("done", job.id, "schedule"),
    ]


# --- the way back ----------------------------------------------------------------------------------------------------


def test_the_wizard_restores_where_there_is_no_store_and_the_pass_phrase_opens_it(
    new_program: Program, backup_file: Path
) -> None:
    browser = open_browser(new_program)
    assert browser.api("/status")["state"] == "new"
    answer = browser.post("/restore", **upload(backup_file, passphrase=PASSPHRASE))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    document = answer.get_json()
    assert (document["state"], document["restored"]["bars"]) == ("locked", 3 * DAYS)
    assert browser.api("/status")["state"] == "locked"
    assert not any((new_program.folder.root / "restore-upload").iterdir())
    new_program.unlock(PASSPHRASE)
    services = new_program.open_services
    # promise 11: paused until confirmed; work of another day is ended, the audit log says what happened
    assert services.outbound.is_paused()
    assert {job.state.value for job in services.jobs.list_jobs("owner").items} == {"failed"}
    assert services.audit.verify().problem is None
    owner = sign_in(open_browser(new_program), new_program)
    assert owner.api("/backups")["outbound_paused"] is True
    assert owner.step_up().post("/outbound/resume").get_json() == {"outbound_paused": False}
    assert not services.outbound.is_paused()


def test_a_backup_for_which_there_is_no_room_is_refused_before_it_is_read(
    new_program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for the file, and for the store that comes out of it; reading any of this body would fail the test."""

    class Untouched(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise AssertionError("read")

        readinto = readline = read1 = read  # type: ignore[assignment]

    browser = open_browser(new_program)
    browser.api("/status")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: shutil._ntuple_diskusage(10**9, 0, 1_999_999))
    body = Untouched(bytes(1_000_000))
    refused = browser.post("/restore", input_stream=body, content_type="multipart/form-data; boundary=x")
    assert (refused.status_code, refused.get_json()["code"]) == (503, "core.disk_too_small")
    assert not [path for path in new_program.folder.root.rglob("*") if path.is_file()]


def test_a_restore_tells_how_far_it_is(new_program: Program, backup_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asking, told = open_browser(new_program), []

    def check_counts_watched(*arguments: Any, **options: Any) -> object:
        told.append(asking.api("/restore/progress"))
        return check_counts(*arguments, **options)

    monkeypatch.setattr(restoring, "check_counts", check_counts_watched)
    assert asking.api("/restore/progress") == {"stage": None, "fraction": 0.0}
    assert open_browser(new_program).post("/restore", **upload(backup_file, passphrase=PASSPHRASE)).status_code == 200
    assert told == [{"stage": "checking", "fraction": 0.8}]
    assert asking.api("/restore/progress") == {"stage": None, "fraction": 0.0}


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"passphrase": "a wrong pass phrase"}, 403, "vault.passphrase_wrong"),
        ({}, 403, "backup.passphrase_needed"),
        ({"recovery_code": "nonsense"}, 400, "vault.recovery_code_mistyped"),
    ],
)
def test_a_wrong_proof_leaves_the_wizard_where_it_was(
    new_program: Program, backup_file: Path, fields: dict[str, str], status: int, code: str
) -> None:
    browser = open_browser(new_program)
    refused = browser.post("/restore", **upload(backup_file, **fields))
    assert (refused.status_code, refused.get_json()["code"]) == (status, code)
    assert browser.api("/status")["state"] == "new"
    assert not [path for path in new_program.folder.root.rglob("*") if path.is_file()]


def test_a_file_that_is_no_backup_is_refused_and_thrown_away(new_program: Program, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"JFIF" * 1000)
    refused = open_browser(new_program).post("/restore", **upload(path, passphrase=PASSPHRASE))
    assert (refused.status_code, refused.get_json()["code"]) == (400, "backup.no_backup")
    assert not [path for path in new_program.folder.root.rglob("*") if path.is_file()]


def test_a_stranger_cannot_restore_over_a_store(program: Program, backup_file: Path) -> None:
    stranger = open_browser(program)
    refused = stranger.post("/restore", **upload(backup_file, passphrase=PASSPHRASE))
    assert (refused.status_code, refused.get_json()["code"]) == (409, "backup.store_in_the_way")
    refused = stranger.post("/restore/over", **upload(backup_file, passphrase=PASSPHRASE))
    assert (refused.status_code, refused.get_json()["code"]) == (401, "web.sign_in_needed")
    assert not (program.folder.root / "restore-upload").exists()


def test_restoring_over_a_store_needs_a_step_up_and_ends_every_session(
    browser: Browser, program: Program, backup_file: Path
) -> None:
    refused = browser.post("/restore/over", **upload(backup_file, passphrase=PASSPHRASE))
    assert (refused.status_code, refused.get_json()["code"]) == (403, "web.step_up_needed")
    program.open_services.market_data.remove("600000.SH")
    run_job(program, browser.post("/backups", {}).get_json())
    answer = browser.step_up().post("/restore/over", **upload(backup_file, passphrase=PASSPHRASE))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert browser.api("/status")["state"] == "locked"
    program.unlock(PASSPHRASE)
    assert browser.api("/status")["state"] == "unlocked"  # nobody is signed in any more
    services = program.open_services
    assert services.market_data.count()["symbols"] == 3
    assert services.audit.verify().problem is None  # the log of the backup's day, anchored anew by a record that says so
    assert len(list(program.folder.backups.glob("*.qbbackup"))) == 1


def test_a_session_of_before_the_backup_does_not_come_back_to_life(program: Program, tmp_path: Path) -> None:
    """A session that was revoked after the backup would be valid again in the store of before."""
    browser = sign_in(open_browser(program), program)
    path = Path(program.open_services.backups.create("owner", lambda _part, _stage: None, out=tmp_path / "one.qbbackup")["path"])
    answer = browser.step_up().post("/restore/over", **upload(path, passphrase=PASSPHRASE))
    assert answer.status_code == 200, answer.get_data(as_text=True)
    program.unlock(PASSPHRASE)
    assert browser.get("/api/v1/backups").status_code == 401
    with program.open_services.sessions() as session:
        assert session.execute(text("SELECT count(*) FROM web_sessions")).scalar() == 0


def test_a_store_made_while_an_uploaded_backup_was_read_is_not_replaced_by_it(
    new_program: Program, backup_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever restores where there is no store proves nothing to the owner who has made one meanwhile."""

    def check_counts_slowly(*arguments: Any, **options: Any) -> object:
        new_program.create("the owner's own pass phrase")
        return check_counts(*arguments, **options)

    monkeypatch.setattr(restoring, "check_counts", check_counts_slowly)
    browser = open_browser(new_program)
    refused = browser.post("/restore", **upload(backup_file, passphrase=PASSPHRASE))
    assert (refused.status_code, refused.get_json()["code"]) == (409, "backup.store_in_the_way")
    new_program.lock()
    assert not switching.settle(new_program.folder), "nothing waits to be put in place later"
    new_program.unlock("the owner's own pass phrase")

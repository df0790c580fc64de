"""Backups, their schedule, the way back, and what may leave the program as plain files."""

from __future__ import annotations

import shutil
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from flask import Response, after_this_request, current_app
from flask_login import current_user
from pydantic import Field, JsonValue

from quantbox.backup.errors import StoreInTheWay
from quantbox.backup.models import OpensWith, Proof
from quantbox.backup.outbound import Outbound
from quantbox.backup.plain_export import KINDS, Kind, PlainExport
from quantbox.backup.restoring import RestoreProgress, open_source, stage
from quantbox.backup.service import Backups
from quantbox.core.clock import SHANGHAI, SystemClock
from quantbox.core.disk import require_free
from quantbox.core.ids import new_id
from quantbox.core.processes import restrict_to_owner
from quantbox.core.roles import Role
from quantbox.web.acts import note_facts
from quantbox.web.answers import JobAnswer, job_answer
from quantbox.web.api import Answer, Body, FileAnswer, Routes
from quantbox.web.cookies import drop_session_cookie
from quantbox.web.errors import RequestInvalid, StepUpNeeded
from quantbox.web.state import get_clock, get_service, program_state
from quantbox.web.tls.door import refuse_over_lan
from quantbox.web.uploads import UploadedFile

__all__ = ["routes"]

routes = Routes("backup")

MAX_UPLOAD_BYTES = 64 << 30
#: An upload nobody came back for, because the program was ended under it.
_ABANDONED_SECONDS = 3600.0


class ScheduleAnswer(Answer):
    """When backups are made, and how many are kept."""

    is_on: bool
    time: str
    keep_daily: int
    keep_weekly: int
    keep_monthly: int
    include_downloads: bool


class LastBackup(Answer):
    """How the last backup ended."""

    created_at: datetime
    ok: bool
    error: dict[str, str] | None


class BackupAnswer(Answer):
    """One backup; null is what only the store that made it knows."""

    name: str
    created_at: datetime
    bytes: int
    sha256: str | None
    contents: dict[str, int] | None
    verified_at: datetime | None
    has_own_passphrase: bool
    is_scheduled: bool
    without_downloads: bool | None
    left_out: dict[str, int] | None
    opens_with: OpensWith
    rehearsal: dict[str, JsonValue] | None


class BackupsAnswer(Answer):
    """Everything the page of backups shows."""

    schedule: ScheduleAnswer
    next_at: datetime | None
    last: LastBackup | None
    items: list[BackupAnswer]
    free_bytes: int
    outbound_paused: bool


class VerifiedAnswer(Answer):
    """What opening the whole of a backup told."""

    ok: bool
    created: datetime
    contents: dict[str, int]
    program: str
    store_id: str
    epoch: int
    bytes: int
    sha256: str
    has_own_passphrase: bool
    without_downloads: bool
    left_out: dict[str, int]


class BackupBody(Body):
    """A new backup."""

    passphrase: str | None = Field(default=None, min_length=1, max_length=4096, repr=False)
    include_downloads: bool = True


class ScheduleBody(Body):
    """What to change of the schedule."""

    is_on: bool | None = None
    time: str | None = Field(default=None, max_length=5)
    keep_daily: int | None = None
    keep_weekly: int | None = None
    keep_monthly: int | None = None
    include_downloads: bool | None = None


class Deleted(Answer):
    """The backup that was thrown away."""

    name: str


class ExportBody(Body):
    """What to take along, and the pass phrase of the ZIP."""

    passphrase: str = Field(min_length=1, max_length=4096, repr=False)
    kinds: list[Kind] = Field(default_factory=lambda: list(KINDS), min_length=1, max_length=len(KINDS))


class RestoreBody(Body):
    """What opens the uploaded backup; an empty field counts as not given."""

    passphrase: str = Field(default="", max_length=4096, repr=False)
    recovery_code: str = Field(default="", max_length=256, repr=False)
    backup_passphrase: str = Field(default="", max_length=4096, repr=False)


class RestoredAnswer(Answer):
    """What came back; the store is locked and waits for its pass phrase."""

    state: Literal["locked"]
    restored: dict[str, int]
    created: datetime
    without_downloads: bool


class RestoreProgressAnswer(Answer):
    """How far the restore is that runs, a number between 0 and 1; `stage` is null while none runs."""

    stage: str | None
    fraction: float


class OutboundAnswer(Answer):
    """Whether the store may send."""

    outbound_paused: bool


@routes.add("GET", "/backups", role=Role.OWNER, answer=BackupsAnswer)
def list_backups() -> dict[str, Any]:
    """List backups, with their schedule and how the last one ended."""
    overview = get_service(Backups).overview(current_user.account_id)
    free_bytes = program_state().folder.free_bytes()
    return {**overview, "free_bytes": free_bytes, "outbound_paused": get_service(Outbound).is_paused()}


@routes.add(
    "POST", "/backups", role=Role.OWNER, body=BackupBody, answer=JobAnswer, status=202, act="backup.create", is_expensive=True
)
def create_backup(body: BackupBody) -> dict[str, Any]:
    """Make a backup of the whole store; with a pass phrase of its own where one is given, which asks for a step-up."""
    note_facts(has_own_passphrase=body.passphrase is not None, include_downloads=body.include_downloads)
    if body.passphrase is not None and not current_user.has_stepped_up:
        raise StepUpNeeded  # it is another way to open all the data, and its file lies in the data folder and off-site
    job = get_service(Backups).submit(current_user.account_id, passphrase=body.passphrase, with_downloads=body.include_downloads)
    return job_answer(job)


@routes.add(
    "PUT", "/backups/schedule", role=Role.OWNER, body=ScheduleBody, answer=ScheduleAnswer, step_up=True, act="backup.schedule"
)
def change_schedule(body: ScheduleBody) -> object:
    """Change when backups are made and how many are kept; switched off or kept few, they protect nothing."""
    changes = body.model_dump(exclude_none=True)
    note_facts(changed=sorted(changes))
    return get_service(Backups).schedules.change(current_user.account_id, changes)


@routes.add("POST", "/backups/<name>/verify", role=Role.OWNER, answer=VerifiedAnswer, act="backup.verify", is_expensive=True)
def verify_backup(name: str) -> dict[str, Any]:
    """Open the whole of a backup: every chunk, every hash, the database and its rows."""
    note_facts(backup=name)
    return get_service(Backups).verify(name)


@routes.add(
    "POST", "/backups/<name>/rehearse", role=Role.OWNER, answer=JobAnswer, status=202, act="backup.rehearse", is_expensive=True
)
def rehearse_backup(name: str) -> dict[str, Any]:
    """Restore a backup into a private folder, compare it, and clean up."""
    note_facts(backup=name)
    return job_answer(get_service(Backups).submit_rehearsal(name, current_user.account_id))


@routes.add("GET", "/backups/<name>/file", role=Role.OWNER, answer=FileAnswer, step_up=True, act="backup.download")
def download_backup(name: str) -> FileAnswer:
    """Return the file of a backup, encrypted as it lies."""
    note_facts(backup=name)
    return FileAnswer(get_service(Backups).path_of(name), name)


@routes.add("DELETE", "/backups/<name>", role=Role.OWNER, answer=Deleted, step_up=True, act="backup.delete")
def delete_backup(name: str) -> dict[str, str]:
    """Throw a backup away."""
    note_facts(backup=name)
    get_service(Backups).delete(name)
    return {"name": name}


@routes.add(
    "POST", "/export", role=Role.OWNER, body=ExportBody, answer=FileAnswer, step_up=True, act="backup.export", is_expensive=True
)
def export_plain(body: ExportBody) -> FileAnswer:
    """Return strategies, trades, settings and results as plain files in an AES-256 ZIP."""
    note_facts(kinds=sorted(body.kinds))
    content = get_service(PlainExport).write(current_user.account_id, body.passphrase, body.kinds)
    day = get_clock().now().astimezone(SHANGHAI)
    return FileAnswer(content, f"quantbox-export-{day:%Y%m%d}.zip", "application/zip")


@routes.add("POST", "/outbound/resume", role=Role.OWNER, answer=OutboundAnswer, step_up=True, act="outbound.resume")
def resume_outbound() -> dict[str, bool]:
    """Confirm that this restored store is the one to go on with: it may send again."""
    get_service(Outbound).resume()
    return {"outbound_paused": False}


def new_upload_folder(upload_bytes: int) -> Path:
    """Make a private folder for one uploaded backup, throwing away what earlier uploads left behind.

    Raises
    ------
    DiskTooSmall
        The backup and, beside it, the store that comes out of it would not fit: told before the upload is read.
    """
    uploads = program_state().folder.root / "restore-upload"
    uploads.mkdir(parents=True, exist_ok=True)
    restrict_to_owner(uploads)
    oldest = time.time() - _ABANDONED_SECONDS
    for abandoned in uploads.iterdir():
        if max(path.stat().st_mtime for path in (abandoned, *abandoned.rglob("*"))) < oldest:
            shutil.rmtree(abandoned, ignore_errors=True)
    require_free(uploads, 2 * upload_bytes)
    folder = uploads / new_id()
    folder.mkdir()
    return folder


def new_upload_folder_without_store(upload_bytes: int) -> Path:
    """Refuse an upload before it is read where there is a store already."""
    refuse_over_store()
    return new_upload_folder(upload_bytes)


def refuse_over_store() -> None:
    """Raise StoreInTheWay unless the program waits for its first store, which is made on this machine."""
    refuse_over_lan()
    if program_state().vault_state() != "new":
        raise StoreInTheWay(data_dir=str(program_state().folder.root))


@routes.add(
    "POST",
    "/restore",
    role=None,
    body=RestoreBody,
    files=new_upload_folder_without_store,
    answer=RestoredAnswer,
    max_body_bytes=MAX_UPLOAD_BYTES,
    act="backup.restore",
    is_expensive=True,
)
def restore_first(body: RestoreBody, files: list[UploadedFile]) -> dict[str, Any]:
    """Bring a store back where there is none yet; whoever opens the backup may do so."""
    refuse_over_store()
    return restore_uploaded(body, files, replaces=False)


@routes.add(
    "POST",
    "/restore/over",
    role=Role.OWNER,
    body=RestoreBody,
    files=new_upload_folder,
    answer=RestoredAnswer,
    max_body_bytes=MAX_UPLOAD_BYTES,
    step_up=True,
    act="backup.restore",
    is_expensive=True,
)
def restore_over(body: RestoreBody, files: list[UploadedFile]) -> dict[str, Any]:
    """Put the store of a backup in the place of the one that is open, which is closed for it."""
    answer = restore_uploaded(body, files, replaces=True)

    @after_this_request
    def take_cookie(response: Response) -> Response:
        drop_session_cookie(response)
        return response

    return answer


def restore_uploaded(body: RestoreBody, files: list[UploadedFile], *, replaces: bool) -> dict[str, Any]:
    """Stage the uploaded backup, have the program switch to it, and tell what came back."""
    if len(files) != 1:
        raise RequestInvalid(fields="files")
    (file,) = files
    proof = Proof(body.passphrase or None, body.recovery_code or None, body.backup_passphrase or None)
    state = program_state()
    source = open_source(file.path, proof)
    with present_restore().following() as progress:
        restored = stage(source, state.folder, SystemClock(), progress, replaces=replaces)
        shutil.rmtree(file.path.parent.parent, ignore_errors=True)
        state.take_restored()
    examined = restored.examined
    note_facts(backup=file.path.name, start=examined.created.isoformat())
    return {
        "state": "locked",
        "restored": examined.contents,
        "created": examined.created,
        "without_downloads": examined.without_downloads,
    }


@routes.add("GET", "/restore/progress", role=None, answer=RestoreProgressAnswer)
def show_restore_progress() -> object:
    """Tell how far a restore is; it ends in a locked store or begins without one, so nobody need be signed in."""
    return present_restore()


def present_restore() -> RestoreProgress:
    """Return what this process knows of the restore that runs in it."""
    found: RestoreProgress = current_app.extensions.setdefault("quantbox.restore", RestoreProgress())
    return found

"""Backups of the open store: made, listed, verified, rehearsed, thrown away; made on schedule as well."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.audit.models import SCHEDULE, Outcome
from quantbox.audit.service import Audit
from quantbox.backup.errors import BackupKeyMissing, BackupNotFound
from quantbox.backup.examination import count_rows, examine, read_header, rehearse
from quantbox.backup.locks import Header, Locked, lock_by_passphrase, lock_by_vault, opens_with
from quantbox.backup.making import OpenStore, make_backup, read_vault
from quantbox.backup.models import Contents, Examined, Standing, compare_counts
from quantbox.backup.schedule import Schedules, choose_kept, next_slot
from quantbox.backup.tables import BackupRequestRow, BackupRow
from quantbox.core.clock import SHANGHAI, Clock
from quantbox.core.errors import QuantBoxError
from quantbox.core.processes import restrict_to_owner
from quantbox.jobs.models import FINAL_STATES, Job, JobState
from quantbox.jobs.runner import JobContext
from quantbox.jobs.service import JobService
from quantbox.vault.fields import FieldCipher, Place

__all__ = ["BACKUP_KIND", "REHEARSAL_KIND", "SUFFIX", "Backups"]

BACKUP_KIND = "backup"
REHEARSAL_KIND = "backup_rehearsal"
SUFFIX = ".qbbackup"

Progress = Callable[[float, str], None]


class Backups:
    """The backups of one store.

    Parameters
    ----------
    store : OpenStore
        What is saved.
    backup_key : bytes
        `Keys.backup` of the unlocked vault.
    cipher : FieldCipher
        Seals the keys of backups in the database.
    schedules : Schedules
        When the next one is due, and how many are kept.
    audit : Audit
        Told of backups that the schedule begins, and of those that fail.
    """

    def __init__(
        self,
        store: OpenStore,
        backup_key: bytes,
        cipher: FieldCipher,
        *,
        sessions: sessionmaker[Session],
        clock: Clock,
        jobs: JobService,
        schedules: Schedules,
        audit: Audit,
    ) -> None:
        self._store, self._backup_key, self._cipher = store, backup_key, cipher
        self._sessions, self._clock, self._jobs = sessions, clock, jobs
        self.schedules, self._audit = schedules, audit
        self._folder = store.folder.backups

    # --- making ------------------------------------------------------------------------------------------------------

    def create(
        self,
        account_id: str,
        progress: Progress,
        *,
        out: Path | None = None,
        locked: Locked | None = None,
        with_downloads: bool = True,
        is_scheduled: bool = False,
    ) -> dict[str, Any]:
        """Make a backup, read it again, and return the document of ``quantbox backup create``.

        Parameters
        ----------
        out : Path or None
            The new file; None names one in the folder of backups, where the list shows it.
        locked : Locked or None
            The key of a backup with a pass phrase of its own; None lets it open as the vault does.
        """
        self._make_folder()
        # one with a pass phrase of its own was locked when it was asked for; made it is now
        locked = self._lock_now() if locked is None else Locked(replace(locked.header, created=self._clock.now()), locked.key)
        path = out if out is not None else self._new_path(locked.header.created)
        examined = make_backup(self._store, locked, path, self._folder, with_downloads=with_downloads, progress=progress)
        if path.parent == self._folder:
            self._keep(account_id, path.name, examined, locked.key, is_scheduled=is_scheduled)
        document = examined.to_json()
        del document["ok"]
        return {"path": str(path), **document, "verified": True}

    def submit(
        self, account_id: str, *, passphrase: str | None = None, with_downloads: bool = True, is_scheduled: bool = False
    ) -> Job:
        """Make the job that makes a backup; a pass phrase of its own is turned into a key here and kept nowhere."""
        locked = None
        if passphrase is not None:
            _text, store_id, epoch = read_vault(self._store.folder)
            locked = lock_by_passphrase(passphrase, store_id, epoch, self._clock.now())
        arguments = {"with_downloads": with_downloads, "header": None if locked is None else locked.header.to_json()}
        key = None if locked is None else locked.key
        return self._submit(BACKUP_KIND, "", account_id, arguments, key=key, is_scheduled=is_scheduled)

    def submit_due(self, account_id: str) -> None:
        """Ask for a scheduled backup when one is due, and none is under way."""
        if not self.schedules.is_due(account_id):
            return
        schedule = self.schedules.get(account_id)
        job = self.submit(account_id, with_downloads=schedule.include_downloads, is_scheduled=True)
        self._audit.record(SCHEDULE, "backup.create", Outcome.DONE, {"job_id": job.id, "reason": "schedule"})

    def run_backup(self, context: JobContext) -> None:
        """Do a backup job."""
        request = self._request(context.job.id)
        locked = None
        if request.sealed_key is not None:
            key = self._cipher.open(_request_place(request.job_id), request.sealed_key)
            locked = Locked(Header.from_json(request.arguments["header"]), key)
        account_id = request.account_id
        try:
            self.create(
                account_id,
                context.report,
                locked=locked,
                with_downloads=request.arguments["with_downloads"],
                is_scheduled=request.is_scheduled,
            )
        except Exception as problem:  # whatever it is, the job runner tells it; nobody watches a scheduled one, so the log does
            if request.is_scheduled:
                facts = {"job_id": request.job_id, "reason": "schedule", "code": getattr(problem, "code", None)}
                self._audit.record(SCHEDULE, "backup.create", Outcome.FAILED, facts)
            raise
        if request.is_scheduled:
            self._thin_out(account_id)
        context.finish(JobState.SUCCEEDED)

    # --- those there are ---------------------------------------------------------------------------------------------

    def list_backups(self) -> list[dict[str, Any]]:
        """Return the files in the folder of backups, newest first; of one that another store made only what is open."""
        with self._sessions() as session:
            rows = {row.name: row for row in session.scalars(select(BackupRow))}
        found = []
        vault = self._store.folder.vault_file.read_bytes()
        for path in self._folder.glob(f"*{SUFFIX}") if self._folder.is_dir() else ():
            with contextlib.suppress(QuantBoxError, OSError):  # what is no backup, or went meanwhile, is not listed
                found.append(_describe(path, rows.get(path.name), vault))
        return sorted(found, key=lambda one: (one["created_at"], one["name"]), reverse=True)

    def path_of(self, name: str) -> Path:
        """Return the file of a backup in the list; raises BackupNotFound for any other name."""
        path = self._folder / name
        if path.name != name or not name.endswith(SUFFIX) or name.startswith(".") or not path.is_file() or path.is_symlink():
            raise BackupNotFound(name=name)
        return path

    def verify(self, name: str, progress: Progress | None = None) -> dict[str, Any]:
        """Open the whole of a backup in the list and return what it holds."""
        examined = examine(self.path_of(name), self._find_key, self._folder, progress)
        with self._sessions.begin() as session:
            row = session.get(BackupRow, name)
            if row is not None:
                row.verified_at = self._clock.now()
        return examined.to_json()

    def delete(self, name: str) -> None:
        """Throw a backup of the list away."""
        self.path_of(name).unlink()
        with self._sessions.begin() as session:
            row = session.get(BackupRow, name)
            if row is not None:
                session.delete(row)

    def submit_rehearsal(self, name: str, account_id: str) -> Job:
        """Make the job that rehearses restoring a backup of the list."""
        self.path_of(name)
        return self._submit(REHEARSAL_KIND, name, account_id, {"name": name})

    def run_rehearsal(self, context: JobContext) -> None:
        """Do a rehearsal job; what it found is kept with the backup, also when it failed."""
        name = self._request(context.job.id).arguments["name"]
        finding: dict[str, Any] = {"at": self._clock.now().isoformat(), "ok": False, "compared": None, "error": None}
        try:
            examined, compared = rehearse(self.path_of(name), self._find_key, self._folder, context.report)
            finding |= {"ok": True, "compared": {**compared, "store": self.compare_with(examined)}}
        except QuantBoxError as refusal:
            finding["error"] = {"zh": refusal.message("zh"), "en": refusal.message("en")}
            self._note_rehearsal(name, finding)
            raise
        self._note_rehearsal(name, finding)
        context.finish(JobState.SUCCEEDED)

    def compare_with(self, examined: Examined) -> dict[str, Any] | None:
        """Return by kind what a backup holds and what the store holds now; None for a backup of another store."""
        _text, store_id, _epoch = read_vault(self._store.folder)
        return compare_counts(examined, store_id, self.count())

    def count(self) -> Contents:
        """Return what the store holds now, by kind."""
        rows = count_rows(self._store.folder.database, self._store.database_key)
        return {**rows, **self._store.market_data.count()}

    # --- how it stands -----------------------------------------------------------------------------------------------

    def overview(self, account_id: str) -> dict[str, Any]:
        """Return schedule, next moment, how the last backup ended, and the list."""
        schedule = self.schedules.get(account_id)
        return {
            "schedule": schedule,
            "next_at": next_slot(schedule, self._clock.now()) if schedule.is_on else None,
            "last": self.last(account_id),
            "items": self.list_backups(),
        }

    def last(self, account_id: str) -> dict[str, Any] | None:
        """Return when the last backup job ended and how; None before the first."""
        for job in self._jobs.list_jobs(account_id, kinds=[BACKUP_KIND], limit=20).items:
            if job.state in FINAL_STATES:
                ok = job.state is JobState.SUCCEEDED
                error = None if ok else job.reason.message if job.reason else {"zh": job.state.value, "en": job.state.value}
                return {"created_at": job.finished_at, "ok": ok, "error": error}
        return None

    def standing(self, account_id: str) -> Standing:
        """Return how well the store is saved, without opening a file."""
        with self._sessions() as session:
            query = select(BackupRow.created_at).where(BackupRow.account_id == account_id)
            newest = session.scalars(query.order_by(BackupRow.created_at.desc()).limit(1)).first()
        last = self.last(account_id)
        late = self.schedules.is_late(account_id, newest)
        return Standing(newest, last is None or bool(last["ok"]), late)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _lock_now(self) -> Locked:
        text, store_id, epoch = read_vault(self._store.folder)
        return lock_by_vault(text, store_id, epoch, self._backup_key, self._clock.now())

    def _make_folder(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        restrict_to_owner(self._folder)

    def _new_path(self, moment: datetime) -> Path:
        stem, number = f"quantbox-{moment.astimezone(SHANGHAI):%Y%m%d-%H%M%S}", 1
        while (path := self._folder / f"{stem}{f'-{number}' if number > 1 else ''}{SUFFIX}").exists():
            number += 1
        return path

    def _keep(self, account_id: str, name: str, examined: Examined, key: bytes, *, is_scheduled: bool) -> None:
        with self._sessions.begin() as session:
            session.merge(
                BackupRow(
                    name=name,
                    account_id=account_id,
                    created_at=examined.created,
                    size_bytes=examined.bytes,
                    sha256=examined.sha256,
                    contents=examined.contents,
                    without_downloads=examined.without_downloads,
                    left_out=vars(examined.left_out),
                    is_scheduled=is_scheduled,
                    verified_at=self._clock.now(),
                    rehearsal=None,
                    sealed_key=self._cipher.seal(_place(name), key),
                )
            )

    def _thin_out(self, account_id: str) -> None:
        """Throw away scheduled backups the schedule keeps no longer; those made by hand stay."""
        with self._sessions() as session:
            query = select(BackupRow.name, BackupRow.created_at).where(BackupRow.account_id == account_id, BackupRow.is_scheduled)
            made = [(name, created_at) for name, created_at in session.execute(query)]
        for name in {name for name, _moment in made} - choose_kept(made, self.schedules.get(account_id)):
            with contextlib.suppress(BackupNotFound, OSError):  # gone already, or held open by somebody; the next time again
                self.delete(name)

    def _find_key(self, header: Header, name: str) -> bytes:
        """Return the key of a backup in the list: kept in the database, so also when pass phrase or keys were changed."""
        with self._sessions() as session:
            row = session.get(BackupRow, name)
        if row is not None:
            return self._cipher.open(_place(name), row.sealed_key)
        if header.has_own_passphrase:
            raise BackupKeyMissing(name=name)
        return header.open_with(self._backup_key, name)

    def _note_rehearsal(self, name: str, finding: dict[str, Any]) -> None:
        with self._sessions.begin() as session:
            row = session.get(BackupRow, name)
            if row is not None:
                row.rehearsal = finding

    def _submit(
        self,
        kind: str,
        title: str,
        account_id: str,
        arguments: dict[str, Any],
        *,
        key: bytes | None = None,
        is_scheduled: bool = False,
    ) -> Job:
        with self._sessions.begin() as session:
            job = self._jobs.create(kind, title, account_id, session=session)
            session.flush()
            sealed = None if key is None else self._cipher.seal(_request_place(job.id), key)
            session.add(
                BackupRequestRow(
                    job_id=job.id,
                    account_id=account_id,
                    arguments=arguments,
                    is_scheduled=is_scheduled,
                    requested_at=job.created_at,
                    sealed_key=sealed,
                )
            )
        self._jobs.wake(job.id)
        return job

    def _request(self, job_id: str) -> BackupRequestRow:
        with self._sessions() as session:
            return session.get_one(BackupRequestRow, job_id)


def _describe(path: Path, row: BackupRow | None, vault: bytes) -> dict[str, Any]:
    header = read_header(path)
    return {
        "name": path.name,
        "created_at": header.created,
        "bytes": path.stat().st_size,
        "sha256": row.sha256 if row else None,
        "contents": row.contents if row else None,
        "verified_at": row.verified_at if row else None,
        "has_own_passphrase": header.has_own_passphrase,
        "is_scheduled": bool(row and row.is_scheduled),
        "without_downloads": row.without_downloads if row else None,
        "left_out": row.left_out if row else None,
        "opens_with": opens_with(header, vault),
        "rehearsal": row.rehearsal if row else None,
    }


def _place(name: str) -> Place:
    return Place(BackupRow.__tablename__, name, "sealed_key")


def _request_place(job_id: str) -> Place:
    return Place(BackupRequestRow.__tablename__, job_id, "sealed_key")

"""Off-site backup of an account: its settings, what is sent and how that goes, and the ways back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.backtesting.models import BacktestResult
from quantbox.backtesting.service import ReportShelf
from quantbox.backup.errors import KeysRotated
from quantbox.backup.making import read_vault
from quantbox.backup.offsite.copies import Copies
from quantbox.backup.offsite.errors import OffsiteHoldsReports
from quantbox.backup.offsite.models import VERSION, OffsiteKind, OffsiteSettings, Place, SenderState
from quantbox.backup.offsite.objects import Objects, Queue
from quantbox.backup.offsite.retries import COPIES, OBJECTS, Retries
from quantbox.backup.offsite.sealing import ArchiveLock
from quantbox.backup.offsite.settings import OffsiteChoices
from quantbox.backup.offsite.tables import OffsiteCopyRow, OffsiteObjectRow, OffsiteSettingsRow
from quantbox.backup.offsite.target import TIMEOUT_SECONDS, Target, make_target
from quantbox.backup.outbound import Outbound
from quantbox.backup.service import Backups
from quantbox.backup.tables import BackupRow
from quantbox.core.clock import Clock
from quantbox.core.errors import QuantBoxError
from quantbox.core.paths import DataFolder
from quantbox.jobs.models import Job, JobState
from quantbox.jobs.runner import JobContext
from quantbox.jobs.service import JobService
from quantbox.vault.credentials import Credentials
from quantbox.vault.fields import FieldCipher

__all__ = ["BRING_BACK_KIND", "FETCH_KIND", "Offsite"]

FETCH_KIND = "backup_fetch"
BRING_BACK_KIND = "backup_bring_back"
#: A person waits for these.
TEST_SECONDS = 15.0
FAILING_TOO_LONG = timedelta(days=1)


class Offsite:
    """What lies at the other place, and how it gets there and back.

    Parameters
    ----------
    folder : DataFolder
        Of the store.
    archive_key : bytes
        `Keys.archive` of the unlocked vault.
    shelf : ReportShelf
        Moves reports out of the store and back.
    outbound : Outbound
        While it is paused nothing is sent; reading is allowed.
    timeout_seconds : float
        For one piece of a file.
    """

    def __init__(
        self,
        folder: DataFolder,
        archive_key: bytes,
        cipher: FieldCipher,
        *,
        sessions: sessionmaker[Session],
        clock: Clock,
        credentials: Credentials,
        shelf: ReportShelf,
        backups: Backups,
        outbound: Outbound,
        jobs: JobService,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._folder, self._archive_key, self._sessions, self._clock = folder, archive_key, sessions, clock
        self._queue, self._shelf, self._outbound, self._jobs = Queue(cipher, clock), shelf, outbound, jobs
        self._timeout_seconds = timeout_seconds
        self._epoch = read_vault(folder)[2] if folder.vault_file.is_file() else 0
        self.choices = OffsiteChoices(sessions, cipher, clock, credentials, folder.root)
        self._object_retries, self._copy_retries = Retries(sessions, clock, OBJECTS), Retries(sessions, clock, COPIES)
        self._objects = Objects(sessions, cipher, clock, shelf, lock=self._lock, succeeded=self._object_retries.succeeded)
        self._copies = Copies(
            sessions,
            cipher,
            clock,
            folder,
            backups=backups,
            schedules=backups.schedules,
            succeeded=self._copy_retries.succeeded,
        )
        self._adopted: set[str] = set()

    # --- the choice --------------------------------------------------------------------------------------------------

    def change(self, account_id: str, settings: OffsiteSettings, secret: str | None) -> None:
        """Choose where pieces go.

        A new place begins with every strategy version and the newest backup. Reports that lie at the present place alone
        hold it fast.

        Raises
        ------
        OffsiteIncomplete, OffsiteInvalid, FolderUnsuitable
            The settings cannot be used.
        OffsiteHoldsReports
            Archived reports would be out of reach.
        """
        place = self.choices.prepare(account_id, settings, secret)
        moves = place.settings.location != self.choices.get(account_id).location
        archived = len(self._shelf.archived(account_id))
        if moves and archived:
            missing = archived
            if place.settings.kind is not OffsiteKind.OFF:
                missing = self._objects.archived_missing(self._target_of(place, TEST_SECONDS), account_id)
            if missing:
                raise OffsiteHoldsReports(count=missing)
        self.choices.change(account_id, place, self._begin_anew if moves else self._send_at_once)

    def test(self, account_id: str) -> None:
        """Write a small object, read it back, delete it; raises what failed in one sentence."""
        self._outbound.refuse_paused()
        self._target_of(self.choices.place(account_id), TEST_SECONDS).test()

    # --- sending, in the worker ----------------------------------------------------------------------------------------

    def send_objects(self) -> None:
        """Send what waits and archive what is due, of every account; failures are noted and tried again later."""
        for account_id in self._accounts(self._object_retries):
            with self._noting(self._object_retries, account_id):
                self._send_objects(account_id)

    def send_copies(self) -> None:
        """Copy the backups that are not there yet, and thin the copies out."""
        for account_id in self._accounts(self._copy_retries):
            if self.choices.get(account_id).copies_backups:
                with self._noting(self._copy_retries, account_id):
                    self._send_copies(account_id)

    def send_now(self, account_id: str) -> None:
        """Have everything that waits sent at once, whatever failed before."""
        self._outbound.refuse_paused()
        self.choices.place(account_id)
        with self._sessions.begin() as session:
            self._object_retries.at_once(session, account_id)
            self._copy_retries.at_once(session, account_id)

    # --- the ways back -----------------------------------------------------------------------------------------------

    def bring_back(self, backtest_id: str, account_id: str) -> None:
        """Put an archived report back into the store."""
        self._objects.bring_back(self._target(account_id), backtest_id, account_id)

    def read_report(self, backtest_id: str, account_id: str) -> BacktestResult:
        """Return an archived report without putting it back."""
        return self._objects.open_report(self._objects.read_report(self._target(account_id), backtest_id, account_id))

    def submit_bring_back(self, account_id: str) -> Job:
        """Make the job that puts every archived report back."""
        self.choices.place(account_id)
        return self._jobs.create(BRING_BACK_KIND, "", account_id)

    def run_bring_back(self, context: JobContext) -> None:
        """Do that job."""
        account_id = context.job.account_id
        archived, target = self._shelf.archived(account_id), self._target(account_id)
        for number, backtest_id in enumerate(archived):
            context.report(number / len(archived), "reading")
            self._objects.bring_back(target, backtest_id, account_id)
        context.finish(JobState.SUCCEEDED)

    def submit_fetch(self, name: str, account_id: str) -> Job:
        """Make the job that brings a copy back into the folder of backups."""
        self.choices.place(account_id)
        return self._jobs.create(FETCH_KIND, name, account_id)

    def run_fetch(self, context: JobContext) -> None:
        """Do that job."""
        self.fetch(context.job.title, context.job.account_id, context.report)
        context.finish(JobState.SUCCEEDED)

    def fetch(self, name: str, account_id: str, progress: Callable[[float, str], None]) -> None:
        """Bring a copy back into the folder of backups."""
        self._copies.fetch(self._target(account_id), name, lambda fraction: progress(fraction, "reading"))

    def delete_copy(self, name: str, account_id: str) -> None:
        """Delete a copy of a backup."""
        self._outbound.refuse_paused()
        self._copies.delete(self._target(account_id), name)

    # --- how it stands -----------------------------------------------------------------------------------------------

    def overview(self, account_id: str) -> dict[str, Any]:
        """Return settings, state and copies."""
        settings = self.choices.get(account_id)
        return {
            "kind": settings.kind,
            "options": settings.options,
            "keep_reports": settings.keep_reports,
            "copies_backups": settings.copies_backups,
            "has_secret": bool(self.choices.secret(account_id, settings.kind)),
            "state": self.state(account_id),
            "backups": self._copies.list_copies(account_id),
        }

    def state(self, account_id: str) -> dict[str, Any]:
        """Return what waits, what was sent, and since when sending fails."""
        settings = self.choices.get(account_id)
        is_on = settings.kind is not OffsiteKind.OFF
        mine = OffsiteObjectRow.account_id == account_id
        with self._sessions() as session:
            waiting = session.scalar(select(func.count()).where(mine, OffsiteObjectRow.sent_at.is_(None))) or 0
            copies = select(func.count()).where(OffsiteCopyRow.account_id == account_id, OffsiteCopyRow.sent_at.is_(None))
            waiting_copies = session.scalar(copies) or 0
            sums = select(func.count(), func.coalesce(func.sum(OffsiteObjectRow.size_bytes), 0))
            objects, size = session.execute(sums.where(mine, OffsiteObjectRow.sent_at.is_not(None))).one()
        due = len(self._objects.reports_due(account_id, settings.keep_reports)) if is_on else 0
        senders = [self._object_retries.state(account_id), self._copy_retries.state(account_id)]
        failing = sorted((one for one in senders if one.failing_since), key=lambda one: one.failing_since or self._clock.now())
        worst = failing[0] if failing else SenderState()
        sent = [one.last_sent_at for one in senders if one.last_sent_at]
        return {
            "waiting": waiting + due,
            "waiting_copies": waiting_copies,
            "failing_since": worst.failing_since,
            "next_attempt_at": worst.next_attempt_at,
            "error": {"zh": worst.error["zh"], "en": worst.error["en"]} if worst.error else None,
            "last_sent_at": max(sent) if sent else None,
            "objects": objects,
            "bytes": size,
            "archived_reports": len(self._shelf.archived(account_id)),
        }

    def is_failing_too_long(self, account_id: str) -> bool:
        """Return whether sending has failed for a day."""
        if self.choices.get(account_id).kind is OffsiteKind.OFF:
            return False
        since = [retries.state(account_id).failing_since for retries in (self._object_retries, self._copy_retries)]
        return any(one is not None and self._clock.now() - one >= FAILING_TOO_LONG for one in since)

    # --- inside ------------------------------------------------------------------------------------------------------

    def _accounts(self, retries: Retries) -> list[str]:
        if self._outbound.is_paused():
            return []
        return [account_id for account_id in self.choices.accounts() if retries.is_due(account_id)]

    @contextlib.contextmanager
    def _noting(self, retries: Retries, account_id: str) -> Iterator[None]:
        try:
            yield
        except KeysRotated:
            pass  # another process holds the new keys, and sends
        except QuantBoxError as problem:
            retries.failed(account_id, problem)

    def _send_objects(self, account_id: str) -> None:
        keep = self.choices.get(account_id).keep_reports
        target: Target | None = None
        while (name := self._objects.next_waiting(account_id)) is not None and not self._outbound.is_paused():
            target = target or self._target(account_id)
            self._objects.send_version(target, name)
        for backtest_id in self._objects.reports_due(account_id, keep):
            if self._outbound.is_paused() or self._objects.next_waiting(account_id) is not None:
                break  # a version that came meanwhile goes first, at the next look
            target = target or self._target(account_id)
            self._objects.archive_report(target, backtest_id, account_id)
        for name in self._objects.orphans(account_id):
            target = target or self._target(account_id)
            self._objects.delete(target, name)
        if self._is_manifest_due(account_id):
            self._objects.write_manifest(target or self._target(account_id), account_id)

    def _send_copies(self, account_id: str) -> None:
        self._copies.queue_new(account_id)
        if account_id not in self._adopted:
            self._copies.adopt(self._target(account_id), account_id)
            self._adopted.add(account_id)
        while (name := self._copies.next_waiting(account_id)) is not None and not self._outbound.is_paused():
            target = self._target(account_id)
            self._copies.send(target, name, lambda _done: None)
            self._copies.thin_out(target, account_id)

    def _is_manifest_due(self, account_id: str) -> bool:
        with self._sessions() as session:
            return session.get_one(OffsiteSettingsRow, account_id).is_manifest_due

    def _begin_anew(self, session: Session, row: OffsiteSettingsRow) -> None:
        """Forget what was sent elsewhere, and queue all versions and the newest backup for the new place."""
        account_id = row.account_id
        mine = OffsiteObjectRow.account_id == account_id
        session.execute(delete(OffsiteObjectRow).where(mine, OffsiteObjectRow.kind == VERSION))
        session.execute(delete(OffsiteCopyRow).where(OffsiteCopyRow.account_id == account_id))
        for retries in (self._object_retries, self._copy_retries):
            retries.forget(session, account_id)
        newest = select(func.max(BackupRow.created_at)).where(BackupRow.account_id == account_id)
        row.copies_since = session.scalar(newest) or self._clock.now()
        row.manifest_number, row.is_manifest_due = 0, False
        self._adopted.discard(account_id)
        session.flush()
        for version in self._shelf.versions(account_id):
            self._queue.add(session, version)

    def _send_at_once(self, session: Session, row: OffsiteSettingsRow) -> None:
        self._object_retries.at_once(session, row.account_id)
        self._copy_retries.at_once(session, row.account_id)

    def _target(self, account_id: str) -> Target:
        return self._target_of(self.choices.place(account_id), self._timeout_seconds)

    def _target_of(self, place: Place, timeout_seconds: float) -> Target:
        _text, store_id, _epoch = read_vault(self._folder)
        seconds = min(timeout_seconds, self._timeout_seconds)
        return make_target(place, f"quantbox-{store_id[:16]}", timeout_seconds=seconds)

    def _lock(self) -> ArchiveLock:
        text, store_id, epoch = read_vault(self._folder)
        if epoch != self._epoch:
            raise KeysRotated
        return ArchiveLock(text, store_id, epoch, self._archive_key)

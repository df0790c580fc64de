"""Copies of backups at the other place: made as they are, thinned out by the schedule's rules, and fetched again."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.backup.examination import read_header
from quantbox.backup.offsite.errors import CopyNotFound, ObjectDamaged
from quantbox.backup.offsite.tables import OffsiteCopyRow, OffsiteSettingsRow
from quantbox.backup.offsite.target import Target
from quantbox.backup.schedule import Schedules, choose_kept
from quantbox.backup.service import SUFFIX, Backups
from quantbox.backup.tables import BackupRow
from quantbox.core.clock import SHANGHAI, Clock
from quantbox.core.disk import require_free
from quantbox.core.files import sync_folder
from quantbox.core.paths import DataFolder
from quantbox.vault.fields import FieldCipher, Place

__all__ = ["Copies"]

_KEPT_DETAILS = ("contents", "without_downloads", "left_out")
_STAMP = re.compile(r"quantbox-(\d{8}-\d{6})")
_NAME = re.compile(r"[\w][\w.\-]{0,180}" + re.escape(SUFFIX))

#: Somebody who writes there could make the list endless.
_MOST_ADOPTED = 1000
#: Of a file found there: larger than any backup, and small enough for a number of the database.
_LARGEST_BYTES = 1 << 40

Succeeded = Callable[[Session, str], None]


class Copies:
    """Sends backup files, which are sealed already, and gets them back.

    Parameters
    ----------
    backups : Backups
        Whose files are copied.
    succeeded : callable
        Told, in the transaction, of each copy that was sent.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        cipher: FieldCipher,
        clock: Clock,
        folder: DataFolder,
        *,
        backups: Backups,
        schedules: Schedules,
        succeeded: Succeeded,
    ) -> None:
        self._sessions, self._cipher, self._clock, self._folder = sessions, cipher, clock, folder.backups
        self._backups, self._schedules, self._succeeded = backups, schedules, succeeded

    def queue_new(self, account_id: str) -> None:
        """Queue the backups that were made since the last one queued."""
        with self._sessions.begin() as session:
            settings = session.get_one(OffsiteSettingsRow, account_id)
            query = select(BackupRow).where(BackupRow.account_id == account_id, BackupRow.created_at >= settings.copies_since)
            for backup in session.scalars(query.order_by(BackupRow.created_at)):
                settings.copies_since = backup.created_at + timedelta(microseconds=1)
                if session.get(OffsiteCopyRow, backup.name) is None:
                    session.add(self._row_of(backup))

    def next_waiting(self, account_id: str) -> str | None:
        """Return the copy to send next; one whose file is gone is forgotten."""
        query = select(OffsiteCopyRow.name).where(OffsiteCopyRow.account_id == account_id, OffsiteCopyRow.sent_at.is_(None))
        while True:
            with self._sessions.begin() as session:
                order = query.order_by(OffsiteCopyRow.attempts, OffsiteCopyRow.created_at.desc()).limit(1)
                name = session.scalars(order).first()
                if name is None or (self._folder / name).is_file():
                    return name
                session.execute(delete(OffsiteCopyRow).where(OffsiteCopyRow.name == name))

    def send(self, target: Target, name: str, told: Callable[[int], None]) -> None:
        """Send one file; it counts as sent when as many bytes lie there."""
        path = self._folder / name
        with self._sessions.begin() as session:
            session.get_one(OffsiteCopyRow, name).attempts += 1
        target.send_file(f"backups/{name}", path, told)
        if target.size(f"backups/{name}") != path.stat().st_size:
            raise ObjectDamaged(name=name)
        with self._sessions.begin() as session:
            row = session.get_one(OffsiteCopyRow, name)
            row.sent_at = self._clock.now()
            self._succeeded(session, row.account_id)

    def thin_out(self, target: Target, account_id: str) -> None:
        """Delete copies of scheduled backups that the schedule keeps no longer."""
        query = select(OffsiteCopyRow).where(
            OffsiteCopyRow.account_id == account_id, OffsiteCopyRow.is_scheduled, OffsiteCopyRow.sent_at.is_not(None)
        )
        with self._sessions() as session:
            made = [(row.name, row.created_at) for row in session.scalars(query)]
        for name in {name for name, _moment in made} - choose_kept(made, self._schedules.get(account_id)):
            self.delete(target, name)

    def adopt(self, target: Target, account_id: str) -> None:
        """Note copies that lie there and are not known here: a restored store was saved before they were made."""
        with self._sessions() as session:
            known = set(session.scalars(select(OffsiteCopyRow.name)))
        strange = [name for name in target.names("backups") if name not in known and _NAME.fullmatch(name)]
        for name in strange[-_MOST_ADOPTED:]:  # the newest by their names
            size = target.size(f"backups/{name}")
            if size is None or size > _LARGEST_BYTES:
                continue
            row = OffsiteCopyRow(name=name, account_id=account_id, is_scheduled=False, attempts=0, sent_at=self._clock.now())
            row.created_at, row.size_bytes = _moment_of(name, self._clock.now()), size
            with self._sessions.begin() as session:
                session.merge(row)

    def list_copies(self, account_id: str) -> list[dict[str, Any]]:
        """Return the copies, newest first."""
        query = select(OffsiteCopyRow).where(OffsiteCopyRow.account_id == account_id).order_by(OffsiteCopyRow.created_at.desc())
        with self._sessions() as session:
            return [
                {
                    "name": row.name,
                    "created_at": row.created_at,
                    "bytes": row.size_bytes,
                    "is_scheduled": row.is_scheduled,
                    "sent_at": row.sent_at,
                    "is_here": (self._folder / row.name).is_file(),
                }
                for row in session.scalars(query)
            ]

    def fetch(self, target: Target, name: str, told: Callable[[float], None]) -> None:
        """Bring a copy back into the folder of backups; refused when it is not the file that was sent.

        Of a copy that was found there, only its size is known; reading its header is what tells a backup from other files.
        """
        with self._sessions() as session:
            row = session.get(OffsiteCopyRow, name)
        if row is None or row.sent_at is None:
            raise CopyNotFound(name=name)
        path = self._folder / name
        if path.is_file():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        require_free(self._folder, row.size_bytes)
        temporary = path.with_name(f".{name}.{secrets.token_hex(4)}.tmp")
        try:
            size = row.size_bytes
            sha256 = target.fetch_file(f"backups/{name}", temporary, size, lambda done: told(done / max(1, size)))
            if row.sha256 is not None and sha256 != row.sha256:
                raise ObjectDamaged(name=name)
            read_header(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(self._folder)
        self._list_again(row)

    def delete(self, target: Target, name: str) -> None:
        """Delete a copy there, and forget it."""
        with self._sessions() as session:
            row = session.get(OffsiteCopyRow, name)
        if row is None:
            raise CopyNotFound(name=name)
        target.delete(f"backups/{name}")
        with self._sessions.begin() as session:
            session.execute(delete(OffsiteCopyRow).where(OffsiteCopyRow.name == name))

    def _row_of(self, backup: BackupRow) -> OffsiteCopyRow:
        key = self._cipher.open(Place(BackupRow.__tablename__, backup.name, "sealed_key"), backup.sealed_key)
        return OffsiteCopyRow(
            name=backup.name,
            account_id=backup.account_id,
            created_at=backup.created_at,
            is_scheduled=backup.is_scheduled,
            size_bytes=backup.size_bytes,
            sha256=backup.sha256,
            attempts=0,
            details={name: getattr(backup, name) for name in _KEPT_DETAILS},
            sealed_key=self._cipher.seal(_place(backup.name), key),
        )

    def _list_again(self, copy: OffsiteCopyRow) -> None:
        """Give a fetched file its row among the backups, so that it opens whatever became of the store's keys."""
        if copy.details is None or copy.sealed_key is None or copy.sha256 is None:
            return
        key = self._cipher.open(_place(copy.name), copy.sealed_key)
        with self._sessions.begin() as session:
            if session.get(BackupRow, copy.name) is None:
                session.add(
                    BackupRow(
                        name=copy.name,
                        account_id=copy.account_id,
                        created_at=copy.created_at,
                        size_bytes=copy.size_bytes,
                        sha256=copy.sha256,
                        is_scheduled=False,  # it was asked for: it stays until it is deleted
                        verified_at=self._clock.now(),
                        rehearsal=None,
                        sealed_key=self._cipher.seal(Place(BackupRow.__tablename__, copy.name, "sealed_key"), key),
                        **copy.details,
                    )
                )


def _moment_of(name: str, otherwise: datetime) -> datetime:
    found = _STAMP.match(name)
    try:
        return datetime.strptime(found.group(1), "%Y%m%d-%H%M%S").replace(tzinfo=SHANGHAI) if found else otherwise
    except ValueError:
        return otherwise


def _place(name: str) -> Place:
    return Place(OffsiteCopyRow.__tablename__, name, "sealed_key")

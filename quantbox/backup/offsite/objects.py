"""Sealed objects: versions that wait and are sent, reports that are moved and brought back, and the manifest of all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from quantbox.backtesting.models import BacktestResult, StrategyVersion
from quantbox.backtesting.service import ReportShelf
from quantbox.backup.offsite.errors import ObjectDamaged, ReportNotArchived
from quantbox.backup.offsite.models import REPORT, VERSION
from quantbox.backup.offsite.retries import OBJECTS, forget_delay
from quantbox.backup.offsite.sealing import ArchiveLock, SealedObject, new_key, object_name, seal_object
from quantbox.backup.offsite.settings import naming_key_of
from quantbox.backup.offsite.tables import OffsiteObjectRow, OffsiteSettingsRow
from quantbox.backup.offsite.target import Target
from quantbox.core.clock import Clock
from quantbox.vault.fields import FieldCipher, Place

__all__ = ["MANIFEST", "Objects", "Queue", "manifest_name", "path_of"]

MANIFEST = "manifest"
#: What was brought back stays here for a while before it is archived anew.
STAYS = timedelta(days=30)
_MANIFESTS_KEPT = 2

Succeeded = Callable[[Session, str], None]


def path_of(name: str) -> str:
    """Return where an object lies below the target's root."""
    return f"objects/{name[:2]}/{name}"


def manifest_name(number: int) -> str:
    """Return what the manifest of this number is called."""
    return f"{number:012}"


class Queue:
    """Takes strategy versions in; nothing is sent here."""

    def __init__(self, cipher: FieldCipher, clock: Clock) -> None:
        self._cipher, self._clock = cipher, clock

    def add(self, session: Session, version: StrategyVersion) -> None:
        """Queue a version in the transaction that saves it, unless it is there or no place was chosen."""
        settings = session.get(OffsiteSettingsRow, version.account_id)
        if settings is None or settings.kind == "off":
            return
        source = version.source.encode("utf-8", "surrogatepass")
        name = object_name(naming_key_of(self._cipher, settings), VERSION, source)
        if session.get(OffsiteObjectRow, name) is not None:
            return
        saved_at = self._clock.now()
        about = {"file_name": version.file_name, "content_hash": version.content_hash, "saved_at": saved_at.isoformat()}
        content = json.dumps({**about, "source": version.source}).encode("ascii")
        row = OffsiteObjectRow(name=name, account_id=version.account_id, kind=VERSION, subject=version.content_hash)
        row.created_at, row.attempts = saved_at, 0
        row.sealed_key = self._cipher.seal(_field(name, "sealed_key"), new_key())
        row.sealed_content = self._cipher.seal(_field(name, "sealed_content"), content)
        session.add(row)
        forget_delay(session, version.account_id, OBJECTS)  # whatever failed before, a new version is tried at once


@dataclass(frozen=True)
class Sent:
    """An object that lies at the target and was read back."""

    name: str
    key: bytes
    size_bytes: int
    sha256: str


class Objects:
    """Sends objects and gets them back; whoever calls has the target and cares for failures.

    Parameters
    ----------
    shelf : ReportShelf
        Where reports come from and go back to.
    lock : callable
        Returns what keys are wrapped with, as the vault is at that moment.
    succeeded : callable
        Told, in the transaction, of each object that was sent.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        cipher: FieldCipher,
        clock: Clock,
        shelf: ReportShelf,
        *,
        lock: Callable[[], ArchiveLock],
        succeeded: Succeeded,
    ) -> None:
        self._sessions, self._cipher, self._clock, self._shelf = sessions, cipher, clock, shelf
        self._lock, self._succeeded = lock, succeeded

    # --- versions ----------------------------------------------------------------------------------------------------

    def next_waiting(self, account_id: str) -> str | None:
        """Return the version to send next: the one tried least, of those the oldest."""
        query = select(OffsiteObjectRow.name).where(OffsiteObjectRow.account_id == account_id, OffsiteObjectRow.sent_at.is_(None))
        order = query.order_by(OffsiteObjectRow.attempts, OffsiteObjectRow.created_at, OffsiteObjectRow.name).limit(1)
        with self._sessions() as session:
            return session.scalars(order).first()

    def send_version(self, target: Target, name: str) -> None:
        """Send one version that waits; a try cut off leaves it waiting, and the next writes the same object again."""
        with self._sessions.begin() as session:
            row = session.get_one(OffsiteObjectRow, name)
            row.attempts += 1
            key = self._key(row)
            content = self._cipher.open(_field(name, "sealed_content"), row.sealed_content or b"")
        sent = self._send(target, VERSION, name, content, key)
        with self._sessions.begin() as session:
            row = session.get_one(OffsiteObjectRow, name)
            self._note(session, row, sent)

    # --- reports -----------------------------------------------------------------------------------------------------

    def reports_due(self, account_id: str, keep: int) -> list[str]:
        """Return the backtests whose reports are to be archived, oldest first."""
        beyond = self._shelf.beyond_latest(account_id, keep)
        since = self._clock.now() - STAYS
        stays = select(OffsiteObjectRow.subject).where(OffsiteObjectRow.kind == REPORT, OffsiteObjectRow.brought_back_at > since)
        with self._sessions() as session:
            wanted_here = set(session.scalars(stays)) if beyond else set()
        return [one for one in beyond if one not in wanted_here]

    def archive_report(self, target: Target, backtest_id: str, account_id: str) -> None:
        """Send a report, read it back, and only then take it out of the store, all of that in one transaction."""
        content = self._shelf.take(backtest_id, account_id)
        with self._sessions() as session:
            naming_key = naming_key_of(self._cipher, session.get_one(OffsiteSettingsRow, account_id))
        sent = self._send(target, REPORT, object_name(naming_key, REPORT, content), content, new_key())

        def note(session: Session) -> None:
            row = session.get(OffsiteObjectRow, sent.name)
            if row is None:
                row = OffsiteObjectRow(name=sent.name, account_id=account_id, kind=REPORT, subject=backtest_id, attempts=1)
                row.created_at = self._clock.now()
                session.add(row)
            row.brought_back_at = None
            row.sealed_key = self._cipher.seal(_field(sent.name, "sealed_key"), sent.key)
            self._note(session, row, sent)

        self._shelf.put_away(backtest_id, account_id, sent.name, note)

    def read_report(self, target: Target, backtest_id: str, account_id: str) -> bytes:
        """Return an archived report, proven to be the one that was sent."""
        name = self._shelf.archived_as(backtest_id, account_id)
        if name is None:
            raise ReportNotArchived(backtest_id=backtest_id)
        with self._sessions() as session:
            row = session.get_one(OffsiteObjectRow, name)
            key, naming_key = self._key(row), naming_key_of(self._cipher, session.get_one(OffsiteSettingsRow, account_id))
            size = row.size_bytes or 0
        content = SealedObject.parse(target.read(path_of(name), size), name).open(REPORT, key)
        if object_name(naming_key, REPORT, content) != name:
            raise ObjectDamaged(name=name)
        return content

    def open_report(self, content: bytes) -> BacktestResult:
        """Return what an archived report holds."""
        return self._shelf.open(content)

    def bring_back(self, target: Target, backtest_id: str, account_id: str) -> None:
        """Put an archived report back into the store; the object stays where it is."""
        content = self.read_report(target, backtest_id, account_id)
        name = self._shelf.archived_as(backtest_id, account_id)

        def note(session: Session) -> None:
            session.get_one(OffsiteObjectRow, name).brought_back_at = self._clock.now()

        self._shelf.put_back(backtest_id, account_id, content, note)

    def orphans(self, account_id: str) -> list[str]:
        """Return the archived reports whose backtest was deleted here."""
        reports = select(OffsiteObjectRow.name).where(OffsiteObjectRow.account_id == account_id, OffsiteObjectRow.kind == REPORT)
        with self._sessions() as session:
            return list(session.scalars(reports.where(self._shelf.is_deleted(OffsiteObjectRow.subject))))

    def delete(self, target: Target, name: str) -> None:
        """Delete an object there, and forget it."""
        target.delete(path_of(name))
        with self._sessions.begin() as session:
            row = session.get_one(OffsiteObjectRow, name)
            session.get_one(OffsiteSettingsRow, row.account_id).is_manifest_due = True
            session.delete(row)

    def archived_missing(self, target: Target, account_id: str) -> int:
        """Return how many archived reports the target does not hold."""
        ids = self._shelf.archived(account_id)
        names = [self._shelf.archived_as(backtest_id, account_id) for backtest_id in ids]
        return sum(1 for name in names if name is not None and target.size(path_of(name)) is None)

    # --- the manifest ------------------------------------------------------------------------------------------------

    def write_manifest(self, target: Target, account_id: str) -> None:
        """Write what there must be, after it is there; the one before stays until this one is whole."""
        with self._sessions() as session:
            settings = session.get_one(OffsiteSettingsRow, account_id)
            if not settings.is_manifest_due:
                return
            number = settings.manifest_number + 1
            query = select(OffsiteObjectRow).where(
                OffsiteObjectRow.account_id == account_id, OffsiteObjectRow.sent_at.is_not(None)
            )
            listed = [_listed(row) for row in session.scalars(query.order_by(OffsiteObjectRow.name))]
        lock, name = self._lock(), manifest_name(number)
        content = json.dumps({"written_at": self._clock.now().isoformat(), "objects": listed}).encode("ascii")
        _write_checked(target, f"manifests/{name}", seal_object(MANIFEST, name, content, new_key(), lock), name)
        with self._sessions.begin() as session:
            settings = session.get_one(OffsiteSettingsRow, account_id)
            settings.manifest_number = number
            sent = select(OffsiteObjectRow.name).where(
                OffsiteObjectRow.account_id == account_id, OffsiteObjectRow.sent_at.is_not(None)
            )
            settings.is_manifest_due = {one["name"] for one in listed} != set(session.scalars(sent))
        for old in target.names("manifests"):
            if old <= manifest_name(number - _MANIFESTS_KEPT):
                target.delete(f"manifests/{old}")

    # --- inside ------------------------------------------------------------------------------------------------------

    def _send(self, target: Target, kind: str, name: str, content: bytes, key: bytes) -> Sent:
        sealed = seal_object(kind, name, content, key, self._lock())
        read_back = _write_checked(target, path_of(name), sealed, name)
        if SealedObject.parse(read_back, name).open(kind, key) != content:
            raise ObjectDamaged(name=name)
        return Sent(name, key, len(sealed), hashlib.sha256(sealed).hexdigest())

    def _note(self, session: Session, row: OffsiteObjectRow, sent: Sent) -> None:
        row.sent_at, row.size_bytes, row.sha256, row.sealed_content = self._clock.now(), sent.size_bytes, sent.sha256, None
        session.get_one(OffsiteSettingsRow, row.account_id).is_manifest_due = True
        self._succeeded(session, row.account_id)

    def _key(self, row: OffsiteObjectRow) -> bytes:
        return self._cipher.open(_field(row.name, "sealed_key"), row.sealed_key)


def _write_checked(target: Target, path: str, sealed: bytes, name: str) -> bytes:
    target.write(path, sealed)
    read_back = target.read(path, len(sealed))
    if read_back != sealed:
        raise ObjectDamaged(name=name)
    return read_back


def _listed(row: OffsiteObjectRow) -> dict[str, Any]:
    sent_at: datetime | None = row.sent_at
    return {
        "name": row.name,
        "kind": row.kind,
        "subject": row.subject,
        "sha256": row.sha256,
        "bytes": row.size_bytes,
        "sent_at": sent_at.isoformat() if sent_at else None,
    }


def _field(name: str, column: str) -> Place:
    return Place(OffsiteObjectRow.__tablename__, name, column)

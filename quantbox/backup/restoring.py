"""Bringing a store back from a backup: into an empty folder, or in the place of the store that is there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quantbox.backup.entries import DATABASE, MARKET, VAULT
from quantbox.backup.errors import BackupDamaged, ProgramHoldsStore, RestorePending, StoreInTheWay
from quantbox.backup.examination import Extracted, check_counts, extract, read_header
from quantbox.backup.locks import Opened
from quantbox.backup.models import Examined, Proof
from quantbox.backup.switching import mark_ready, settle, staging
from quantbox.backup.tables import RestoreRow
from quantbox.core.clock import Clock
from quantbox.core.database import close_engine, open_engine, session_factory
from quantbox.core.disk import require_free
from quantbox.core.ids import new_id
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock, restrict_to_owner
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.vault.service import unlock_document

__all__ = ["RestoreProgress", "Restored", "Source", "open_source", "refuse_store", "restore", "stage"]

Progress = Callable[[float, str], None]


@dataclass
class RestoreProgress:
    """How far a restore is; there is one at a time, for it holds the folder's lock."""

    stage: str | None = None
    fraction: float = 0.0

    @contextmanager
    def following(self) -> Iterator[Progress]:
        """Give out what a restore reports to; nothing runs any more when the block ends."""

        def take(fraction: float, stage: str) -> None:
            self.stage, self.fraction = stage, fraction

        try:
            yield take
        finally:
            self.stage, self.fraction = None, 0.0


@dataclass(frozen=True)
class Restored:
    """What came back."""

    examined: Examined
    data_dir: Path

    def to_json(self) -> dict[str, Any]:
        """Return the document of ``quantbox backup restore``."""
        examined = self.examined.to_json()
        return {
            "restored": examined.pop("contents"),
            "data_dir": str(self.data_dir),
            "outbound_paused": True,
            **{name: examined[name] for name in ("created", "store_id", "epoch", "without_downloads", "left_out")},
        }


@dataclass(frozen=True)
class Source:
    """A backup whose key a proof has given."""

    path: Path
    proof: Proof
    opened: Opened


def open_source(path: Path, proof: Proof) -> Source:
    """Prove that `proof` opens the backup at `path`; nothing is written yet.

    Raises
    ------
    NotFound, Invalid, Denied
        There is none, it is no backup, or the proof is wrong.
    """
    return Source(path, proof, read_header(path).open(proof, path.name))


def restore(
    path: Path,
    proof: Proof,
    folder: DataFolder,
    *,
    replace: bool,
    clock: Clock,
    wait_seconds: float = 0.0,
    progress: Progress = lambda _part, _stage: None,
) -> Restored:
    """Put the store of a backup into `folder`, which nobody uses meanwhile.

    Raises
    ------
    StoreInTheWay
        A store lies there and `replace` is False.
    ProgramHoldsStore
        The program or a command uses it for longer than `wait_seconds`.
    Invalid, Denied
        The backup is not whole, or the proof does not open it. The folder is as it was.
    """
    source = open_source(path, proof)
    with _made_for(folder), _held(folder, wait_seconds):
        settle(folder)
        if not replace:
            refuse_store(folder)
        restored = stage(source, folder, clock, progress, replaces=replace)
        if not settle(folder):
            raise RestorePending(data_dir=str(folder.root))
    return restored


def refuse_store(folder: DataFolder) -> None:
    """Raise StoreInTheWay where a store, or what is left of one, lies in `folder`."""
    if folder.vault_file.exists() or folder.database.exists():
        raise StoreInTheWay(data_dir=str(folder.root))


def stage(source: Source, folder: DataFolder, clock: Clock, progress: Progress, *, replaces: bool) -> Restored:
    """Write the store of a backup beside the one in `folder`, prove that it is whole, and mark it as the one to take.

    From then on `switching.settle` puts it in place, whoever calls it. Outbound acts are paused in it.

    Raises
    ------
    StoreInTheWay
        It is not to replace a store, and one was made meanwhile: reading a large backup takes minutes.
    """
    with staging(folder) as place:
        require_free(folder.root, source.path.stat().st_size)
        extracted = extract(
            source.path, lambda _header, _name: source.opened.key, place, progress=lambda part, name: progress(0.8 * part, name)
        )
        progress(0.8, "checking")
        _check_opens(place, source, extracted)
        check_counts(place, extracted, counts_bars=True)
        progress(0.9, "storing")
        _note_restore(place / DATABASE, extracted, clock)
        (place / MARKET).mkdir(exist_ok=True)
        if not replaces:
            refuse_store(folder)
        mark_ready(place)
    return Restored(extracted.examined, folder.root)


def _check_opens(place: Path, source: Source, extracted: Extracted) -> None:
    """Refuse a backup whose vault would not open its database, or opens it with something else than was given."""
    keys, vault = source.opened.keys, (place / VAULT).read_bytes()
    if keys is None:
        return  # opened by the backup's own pass phrase, which proves nothing about the vault's
    if vault != source.opened.vault:
        proof = source.proof
        passphrase = proof.passphrase if proof.recovery_code is None else None
        keys = unlock_document(vault, passphrase=passphrase, recovery_code=proof.recovery_code, path=VAULT)
    if keys.database != extracted.database_key:
        raise BackupDamaged(part=VAULT)


def _note_restore(database: Path, extracted: Extracted, clock: Clock) -> None:
    engine = open_engine(database, extracted.database_key)
    try:
        with session_factory(engine).begin() as session:
            session.add(
                RestoreRow(
                    id=new_id(),
                    account_id=OWNER_ACCOUNT,
                    restored_at=clock.now(),
                    backup_created_at=extracted.examined.created,
                    backup_sha256=extracted.examined.sha256,
                )
            )
    finally:
        close_engine(engine)  # the last connection folds the log in and takes it away


@contextmanager
def _made_for(folder: DataFolder) -> Iterator[None]:
    """Make the folder where there is none; when nothing came into it, leave things as they were."""
    lock_files = [path for path in (folder.lock_file, folder.root / "restore.lock") if not path.exists()]
    made = [path for path in (folder.root, *folder.root.parents) if not path.exists()]
    if made:
        folder.root.mkdir(parents=True)
        restrict_to_owner(folder.root)
    try:
        yield
    except BaseException:
        for leftover in lock_files:
            leftover.unlink(missing_ok=True)
        for path in made:
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


@contextmanager
def _held(folder: DataFolder, wait_seconds: float) -> Iterator[None]:
    lock = FileLock(folder.lock_file)
    if not lock.acquire(wait_seconds):
        raise ProgramHoldsStore(data_dir=str(folder.root))
    try:
        yield
    finally:
        lock.release()

"""A store comes back whole by whatever opens its backup; a wrong, edited, cut or hostile file changes nothing (promise 10)."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from quantbox.backup.errors import (
    BackupDamaged,
    BackupFileMissing,
    BackupPassphraseWrong,
    BackupTooNew,
    NoBackup,
    OwnPassphraseNeeded,
    ProgramHoldsStore,
    StoreBehindPassphrase,
    StoreInTheWay,
)
from quantbox.backup.examination import examine, read_header, rehearse
from quantbox.backup.locks import lock_by_passphrase
from quantbox.backup.making import read_vault
from quantbox.backup.models import Proof
from quantbox.backup.outbound import Outbound
from quantbox.backup.restoring import restore
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock
from quantbox.vault.errors import PassphraseShort, PassphraseWrong
from quantbox.vault.service import unlock
from tests.backup.store import DAYS, OWN_PASSPHRASE, OWNER, PASSPHRASE, PROOF, Store, silent

KEPT_CHUNK = 256 * 1024 + 16


def tree(root: Path) -> dict[str, str]:
    """Return every file below `root` with its hash, and every folder."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in root.rglob("*")
    }


# --- coming back -----------------------------------------------------------------------------------------------------


def test_a_store_comes_back_in_a_new_folder_by_its_pass_phrase(backup_file: Path, tmp_path: Path, clock: Any) -> None:
    folder = DataFolder(tmp_path / "some" / "new folder")
    document = restore(backup_file, PROOF, folder, replace=False, clock=clock).to_json()
    assert {kind: document["restored"][kind] for kind in ("symbols", "bars", "jobs")} == {
        "symbols": 3,
        "bars": 3 * DAYS,
        "jobs": 2,
    }
    assert document["data_dir"] == str(folder.root)
    assert {path.name for path in folder.root.iterdir()} == {
        "quantbox.db",
        "vault.json",
        "market",
        "store.lock",
        "restore.lock",
    }
    assert (folder.root.stat().st_mode & 0o777, folder.database.stat().st_mode & 0o777) == (0o700, 0o600)
    back = Store(folder.root, unlock(folder, PASSPHRASE))
    assert sorted(back.job_titles()) == ["first", "second"]
    assert back.market.bars("600519.SH").height == DAYS
    back.close()


def test_outbound_acts_are_paused_in_a_restored_store_until_confirmed(backup_file: Path, tmp_path: Path, clock: Any) -> None:
    """Promise 11: the pause is in the database before the store is in its place."""
    folder = DataFolder(tmp_path / "new")
    assert restore(backup_file, PROOF, folder, replace=False, clock=clock).to_json()["outbound_paused"] is True
    back = Store(folder.root, unlock(folder, PASSPHRASE))
    outbound = Outbound(back.sessions, clock)
    assert outbound.is_paused()
    outbound.resume()
    assert not outbound.is_paused()
    back.close()
    again = Store(folder.root, back.keys)
    assert not Outbound(again.sessions, clock).is_paused()
    again.close()


def test_a_store_that_was_never_restored_sends(store: Store) -> None:
    assert not Outbound(store.sessions, store.clock).is_paused()


def test_a_backup_with_a_pass_phrase_of_its_own_opens_with_that_alone(store: Store, tmp_path: Path) -> None:
    _text, store_id, epoch = read_vault(store.folder)
    locked = lock_by_passphrase(OWN_PASSPHRASE, store_id, epoch, store.clock.now())
    path = tmp_path / "own.qbbackup"
    assert store.backups.create(OWNER, silent, out=path, locked=locked)["has_own_passphrase"] is True
    with pytest.raises(OwnPassphraseNeeded):
        read_header(path).open(PROOF, path.name)
    with pytest.raises(BackupPassphraseWrong):
        read_header(path).open(Proof(backup_passphrase=PASSPHRASE), path.name)
    folder = DataFolder(tmp_path / "new")
    restore(path, Proof(backup_passphrase=OWN_PASSPHRASE), folder, replace=False, clock=store.clock)
    assert unlock(folder, PASSPHRASE).database == store.keys.database  # what is inside opens as it did


def test_a_short_pass_phrase_of_its_own_is_refused(store: Store) -> None:
    with pytest.raises(PassphraseShort):
        store.backups.submit(OWNER, passphrase="eleven char")
    assert store.jobs.list_jobs(OWNER, kinds=["backup"]).items == []


# --- refused, and nothing changed ------------------------------------------------------------------------------------


def test_a_wrong_pass_phrase_or_none_touches_nothing(backup_file: Path, tmp_path: Path, clock: Any) -> None:
    folder = DataFolder(tmp_path / "new")
    for proof, refusal in (
        (Proof(passphrase="a wrong pass phrase"), PassphraseWrong),
        (Proof(), StoreBehindPassphrase),
        (Proof(backup_passphrase=OWN_PASSPHRASE), StoreBehindPassphrase),
    ):
        with pytest.raises(refusal):
            restore(backup_file, proof, folder, replace=False, clock=clock)
        assert not folder.root.exists()


def test_a_missing_file_is_named(tmp_path: Path, clock: Any) -> None:
    with pytest.raises(BackupFileMissing) as refusal:
        restore(tmp_path / "gone.qbbackup", PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)
    assert refusal.value.facts["file"].endswith("gone.qbbackup")


def test_200_flipped_bytes_are_each_refused_before_anything_changes(
    backup_file: Path, store: Store, tmp_path: Path, by_key: Callable[..., Any]
) -> None:
    store.close()
    before = tree(store.folder.root)
    content, chance = backup_file.read_bytes(), random.Random(20261121)
    places = {*chance.sample(range(len(content)), 190), *chance.sample(range(46), 5), *chance.sample(range(46, 3000), 5)}
    assert len(places) >= 198
    for place in places:
        spoilt = bytearray(content)
        spoilt[place] ^= 1 << chance.randrange(8)
        path = tmp_path / "spoilt.qbbackup"
        path.write_bytes(spoilt)
        new = DataFolder(tmp_path / "new")
        with pytest.raises((BackupDamaged, NoBackup, BackupTooNew)):
            by_key(path, PROOF, new, replace=False, clock=store.clock)
        assert not new.root.exists()
        if place % 10 == 0:
            with pytest.raises((BackupDamaged, NoBackup, BackupTooNew)):
                by_key(path, PROOF, store.folder, replace=True, clock=store.clock)
            assert tree(store.folder.root) == before


def test_a_backup_cut_at_every_chunk_is_refused_before_anything_changes(
    backup_file: Path, tmp_path: Path, by_key: Callable[..., Any], clock: Any
) -> None:
    content = backup_file.read_bytes()
    start = 46 + struct.unpack(">I", content[10:14])[0]
    ends = [*range(start, len(content), KEPT_CHUNK), len(content) - 1, start - 1, 46, 20, 0]
    assert len(ends) > 5
    for end in ends:
        path = tmp_path / "cut.qbbackup"
        path.write_bytes(content[:end])
        with pytest.raises((BackupDamaged, NoBackup)):
            by_key(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)
        assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("size", [0, 7, 46, 5000])
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, clock: Any, size: int) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(random.Random(size).randbytes(size))
    with pytest.raises(NoBackup):
        restore(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)
    assert not (tmp_path / "new").exists()


# --- over a store ----------------------------------------------------------------------------------------------------


def test_a_folder_with_a_store_is_refused_without_replace(backup_file: Path, store: Store) -> None:
    store.close()
    before = tree(store.folder.root)
    with pytest.raises(StoreInTheWay):
        restore(backup_file, PROOF, store.folder, replace=False, clock=store.clock)
    assert tree(store.folder.root) == before


def test_a_store_in_use_is_refused(backup_file: Path, store: Store) -> None:
    with FileLock(store.folder.lock_file), pytest.raises(ProgramHoldsStore):
        restore(backup_file, PROOF, store.folder, replace=True, clock=store.clock)


def test_with_replace_the_backup_takes_the_place_of_the_store(backup_file: Path, store: Store) -> None:
    store.add_job("after the backup")
    store.market.remove("600000.SH")
    kept = Path(store.backups.create(OWNER, silent)["path"])
    store.close()
    (store.folder.database.with_name("quantbox.db.before-0007")).write_bytes(b"a copy under the old key")
    restore(backup_file, PROOF, store.folder, replace=True, clock=store.clock)
    back = Store(store.folder.root, store.keys)
    assert sorted(back.job_titles()) == ["first", "second"]
    assert back.market.bars("600000.SH").height == DAYS
    back.close()
    names = {path.name for path in store.folder.root.iterdir()}
    assert not names & {"restore", "before-restore", "quantbox.db.before-0007"}
    assert kept.exists()  # backups of the store before stay


def test_the_database_that_comes_back_is_sound_and_at_the_schema_of_its_time(
    backup_file: Path, tmp_path: Path, clock: Any
) -> None:
    folder = DataFolder(tmp_path / "new")
    restore(backup_file, PROOF, folder, replace=False, clock=clock)
    back = Store(folder.root, unlock(folder, PASSPHRASE))
    with back.engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        assert connection.execute(text("SELECT count(*) FROM restores")).scalar() == 1
    back.close()


# --- verify and rehearse need no store -------------------------------------------------------------------------------


def test_verify_reads_everything_and_leaves_nothing_behind(backup_file: Path, key: bytes, tmp_path: Path) -> None:
    examined = examine(backup_file, lambda _header, _name: key, tmp_path / "scratch").to_json()
    assert examined["ok"] is True
    assert examined["sha256"] == hashlib.sha256(backup_file.read_bytes()).hexdigest()
    assert (examined["contents"]["jobs"], examined["contents"]["bars"]) == (2, 3 * DAYS)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_rehearsal_counts_every_bar_and_leaves_nothing_behind(backup_file: Path, key: bytes, tmp_path: Path) -> None:
    _examined, compared = rehearse(backup_file, lambda _header, _name: key, tmp_path / "scratch")
    assert (compared["counts"]["jobs"], compared["counts"]["bars"]) == (2, 3 * DAYS)
    # database, vault.json, manifest, series, calendar, instruments, bars of 2023 and of 2024
    assert compared["files"] == 8
    assert (compared["hashes_match"], compared["database_sound"]) == (True, True)
    assert list((tmp_path / "scratch").iterdir()) == []

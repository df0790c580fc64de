"""Backups in their list: verified, rehearsed, opened with what they were made with, thrown away."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from quantbox.app.rotation.rotating import rotate_store
from quantbox.backup.errors import BackupDamaged, BackupKeyMissing, BackupNotFound
from quantbox.backup.examination import examine, read_header
from quantbox.backup.models import OpensWith, Proof
from quantbox.backup.restoring import restore
from quantbox.cli import main
from quantbox.core.paths import DataFolder
from quantbox.jobs.models import JobState
from quantbox.vault.access import VaultAccess
from quantbox.vault.changes import applied, document_of, prepared, with_passphrase
from quantbox.vault.document import write_document
from quantbox.vault.errors import PassphraseWrong
from quantbox.vault.service import unlock
from tests.backup.store import DAYS, OWN_PASSPHRASE, OWNER, PASSPHRASE, PROOF, Store, silent

NEW_PASSPHRASE = "another sentence 换过的口令"


def run_waiting(store: Store, kind: str) -> JobState:
    (job,) = store.jobs.list_jobs(OWNER, kinds=[kind], states=[JobState.QUEUED]).items
    ended = store.runner.run(job.id)
    assert ended is not None
    return ended.state


@pytest.fixture
def name(store: Store) -> str:
    """A backup in the list."""
    return Path(store.backups.create(OWNER, silent)["path"]).name


def test_the_list_tells_what_is_known_of_each(store: Store, name: str) -> None:
    (one,) = store.backups.list_backups()
    path = store.folder.backups / name
    assert (one["name"], one["bytes"], one["created_at"]) == (name, path.stat().st_size, store.clock.now())
    assert (one["contents"]["bars"], one["verified_at"], one["is_scheduled"]) == (3 * DAYS, store.clock.now(), False)
    assert (one["opens_with"], one["has_own_passphrase"], one["rehearsal"]) == (OpensWith.CURRENT, False, None)


def test_a_file_that_is_no_backup_is_not_listed(store: Store, name: str) -> None:
    (store.folder.backups / "photo.qbbackup").write_bytes(b"JFIF")
    (store.folder.backups / "notes.txt").write_bytes(b"")
    assert [one["name"] for one in store.backups.list_backups()] == [name]


def test_verify_opens_it_again(store: Store, name: str) -> None:
    store.clock.advance(60)
    assert store.backups.verify(name)["contents"]["bars"] == 3 * DAYS
    assert store.backups.list_backups()[0]["verified_at"] == store.clock.now()


def test_verify_finds_a_byte_that_went_bad(store: Store, name: str) -> None:
    path = store.folder.backups / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(BackupDamaged):
        store.backups.verify(name)
    assert {one.name for one in store.folder.backups.iterdir()} == {name}


def test_a_rehearsal_says_that_backup_and_store_hold_the_same(store: Store, name: str) -> None:
    store.backups.submit_rehearsal(name, OWNER)
    assert run_waiting(store, "backup_rehearsal") is JobState.SUCCEEDED
    found = store.backups.list_backups()[0]["rehearsal"]
    assert (found["ok"], found["error"], found["compared"]["hashes_match"]) == (True, None, True)
    assert found["compared"]["store"] == {"same": True, "differences": {}}
    assert {one.name for one in store.folder.backups.iterdir()} == {name}


def test_a_rehearsal_counts_what_the_store_has_got_since(store: Store, name: str) -> None:
    store.market.remove("600000.SH")
    store.backups.submit_rehearsal(name, OWNER)
    assert run_waiting(store, "backup_rehearsal") is JobState.SUCCEEDED
    found = store.backups.list_backups()[0]["rehearsal"]
    assert found["compared"]["store"] == {
        "same": False,
        "differences": {"bars": {"backup": 3 * DAYS, "now": 2 * DAYS}, "symbols": {"backup": 3, "now": 2}},
    }


def test_a_rehearsal_that_fails_says_so_on_the_backup_and_its_job(store: Store, name: str) -> None:
    path = store.folder.backups / name
    path.write_bytes(path.read_bytes()[:-1])
    store.backups.submit_rehearsal(name, OWNER)
    assert run_waiting(store, "backup_rehearsal") is JobState.FAILED
    found = store.backups.list_backups()[0]["rehearsal"]
    assert found["ok"] is False
    assert "损坏" in found["error"]["zh"]
    assert {one.name for one in store.folder.backups.iterdir()} == {name}


@pytest.mark.parametrize(
    "wrong", ["../vault.json", "gone.qbbackup", "", ".", "..", "a/../b.qbbackup", "link.qbbackup", ".x.qbbackup"]
)
def test_no_other_file_is_reached_by_name(store: Store, name: str, wrong: str) -> None:
    (store.folder.backups / "link.qbbackup").symlink_to(store.folder.vault_file)
    (store.folder.backups / ".x.qbbackup").write_bytes(b"")
    for act in (store.backups.path_of, store.backups.delete, store.backups.verify):
        with pytest.raises(BackupNotFound):
            act(wrong)
    assert store.folder.vault_file.exists()


def test_a_deleted_backup_is_gone(store: Store, name: str) -> None:
    store.backups.delete(name)
    assert store.backups.list_backups() == []
    assert not (store.folder.backups / name).exists()


def test_a_pass_phrase_of_its_own_is_kept_nowhere(store: Store, tmp_path: Path) -> None:
    """The job carries the key it stands for, sealed; the pass phrase itself is in no row and no file."""
    store.backups.submit(OWNER, passphrase=OWN_PASSPHRASE)
    with store.engine.connect() as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_schema WHERE type = 'table'")).scalars().all()
        rows = [repr(row) for table in tables for row in connection.execute(text(f'SELECT * FROM "{table}"'))]
    assert [row for row in rows if "backtest" in row]
    assert not [row for row in rows if OWN_PASSPHRASE in row]
    assert run_waiting(store, "backup") is JobState.SUCCEEDED
    (one,) = store.backups.list_backups()
    assert (one["has_own_passphrase"], one["opens_with"]) == (True, OpensWith.OWN_PASSPHRASE)
    assert store.backups.verify(one["name"])["ok"] is True  # this store opens it by the key it keeps
    restore(
        store.folder.backups / one["name"],
        Proof(backup_passphrase=OWN_PASSPHRASE),
        DataFolder(tmp_path / "new"),
        replace=False,
        clock=store.clock,
    )


def test_a_backup_opens_with_the_pass_phrase_of_its_time_and_says_so(store: Store, name: str, tmp_path: Path) -> None:
    change = prepared(store.folder, PASSPHRASE, store.clock.now(), with_passphrase(NEW_PASSPHRASE))
    write_document(store.folder.vault_file, applied(document_of(store.folder), change, store.clock.now()))
    (one,) = store.backups.list_backups()
    assert one["opens_with"] == OpensWith.EARLIER_PASSPHRASE
    assert store.backups.verify(name)["ok"] is True
    path = store.folder.backups / name
    with pytest.raises(PassphraseWrong):
        read_header(path).open(Proof(passphrase=NEW_PASSPHRASE), name)
    restore(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=store.clock)
    unlock(DataFolder(tmp_path / "new"), PASSPHRASE)
    later = Path(store.backups.create(OWNER, silent)["path"])
    assert [one["opens_with"] for one in store.backups.list_backups() if one["name"] == later.name] == [OpensWith.CURRENT]


def test_a_backup_opens_after_the_keys_were_rotated_and_says_so(make_store: Callable[[str], Store], tmp_path: Path) -> None:
    """Here by the key the store keeps, which was sealed anew; elsewhere by the pass phrase of its time."""
    store = make_store("rotated")
    store.backups.submit(OWNER, passphrase=OWN_PASSPHRASE)  # a job that waits while the keys change
    path = Path(store.backups.create(OWNER, silent)["path"])
    store.close()
    rotation = rotate_store(store.folder, PASSPHRASE, new_passphrase=NEW_PASSPHRASE, progress=lambda *_: None, is_throw_away=True)
    again = Store(store.folder.root, rotation.keys)
    (one,) = again.backups.list_backups()
    assert one["opens_with"] == OpensWith.EARLIER_KEYS
    assert again.backups.verify(path.name)["ok"] is True
    restore(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=again.clock)
    assert unlock(DataFolder(tmp_path / "new"), PASSPHRASE).database == store.keys.database
    assert run_waiting(again, "backup") is JobState.FAILED  # it was locked for the keys of before, and says so
    again.close()


def test_a_backup_of_another_store_is_listed_and_not_opened(make_store: Callable[[str], Store], name: str, store: Store) -> None:
    """The same file in a folder whose database does not know it, with another backup key."""
    other = make_store("other")
    other.folder.backups.mkdir()
    shutil.copy2(store.folder.backups / name, other.folder.backups / name)
    other.backups._backup_key = bytes(32)
    (one,) = other.backups.list_backups()
    assert (one["contents"], one["sha256"], one["verified_at"]) == (None, None, None)
    with pytest.raises(BackupKeyMissing):
        other.backups.verify(name)


def test_a_recovery_kit_opens_a_backup_on_another_machine(make_store: Callable[[str], Store], tmp_path: Path) -> None:
    store = make_store("kit")
    access = VaultAccess(store.folder, store.keys, store.clock, None)  # type: ignore[arg-type]  # only a new pass phrase signs out
    kit = access.make_recovery_kit(PASSPHRASE)
    groups = kit.code.split("-")
    access.confirm_recovery_kit([groups[number - 1] for number in kit.confirm])
    path = Path(store.backups.create(OWNER, silent)["path"])
    folder = DataFolder(tmp_path / "new")
    restored = restore(path, Proof(recovery_code=kit.code), folder, replace=False, clock=store.clock)
    assert restored.examined.contents["bars"] == 3 * DAYS
    assert unlock(folder, PASSPHRASE).database == store.keys.database
    with pytest.raises(Exception, match="recovery"):
        read_header(path).open(Proof(recovery_code="0" * 35), path.name)
    code_file = tmp_path / "code.txt"
    code_file.write_text(kit.code + "\n", encoding="utf-8")
    by_command = tmp_path / "by command"
    words = ["backup", "restore", str(path), "--data-dir", str(by_command), "--recovery-code-file", str(code_file), "--json"]
    assert main(words) == 0
    assert unlock(DataFolder(by_command), PASSPHRASE).database == store.keys.database


def test_a_crash_in_the_middle_leaves_nothing_that_the_next_does_not_clear(store: Store, name: str) -> None:
    """Folders of a process that died; they were made long enough ago not to be those of one that just begins."""
    import os

    dead = store.folder.backups / "quantbox-scratch-dead"
    dead.mkdir()
    (dead / "quantbox.db").write_bytes(b"ciphertext")
    os.utime(dead, (1, 1))
    key = read_header(store.folder.backups / name).open_with(store.keys.backup, name)
    examine(store.folder.backups / name, lambda _header, _name: key, store.folder.backups)
    assert {one.name for one in store.folder.backups.iterdir()} == {name}

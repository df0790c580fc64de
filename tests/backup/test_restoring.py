"""A store comes back whole by whatever opens its backup; a wrong, edited, cut or hostile file changes nothing (promise 10)."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from quantbox.backup.container import ChunkWriter, Preamble
from quantbox.backup.entries import EntryWriter
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
from quantbox.backup.examination import examine, extract, read_header, rehearse
from quantbox.backup.locks import Header, lock_by_passphrase
from quantbox.backup.making import read_vault
from quantbox.backup.models import Proof
from quantbox.backup.outbound import Outbound
from quantbox.backup.restoring import restore
from quantbox.core.database.errors import SchemaNewer
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock
from quantbox.vault.errors import PassphraseShort, PassphraseWrong
from quantbox.vault.models import Keys
from quantbox.vault.service import unlock
from tests.backup.store import DAYS, OWN_PASSPHRASE, OWNER, PASSPHRASE, PROOF, Store, silent

KEPT_CHUNK = 256 * 1024 + 16


def tree(root: Path) -> dict[str, str]:
    """Return every file below `root` with its hash, and every folder."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        for path in root.rglob("*")
    }


@pytest.fixture(scope="session")
def key(backup_file: Path) -> bytes:
    return read_header(backup_file).open(PROOF, backup_file.name).key


@pytest.fixture
def by_key(monkeypatch: pytest.MonkeyPatch, key: bytes, template: tuple[Path, Keys]) -> Callable[..., Any]:
    """Return `restore`, given the container's key at once: deriving it for 200 files would take minutes."""
    from quantbox.backup import restoring
    from quantbox.backup.locks import Opened

    monkeypatch.setattr(Header, "open", lambda _self, _proof, _name: Opened(key, None))
    return restoring.restore


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


def hostile(path: Path, backup_file: Path, key: bytes, entries: list[tuple[str, bytes]], **facts: Any) -> Path:
    """Write a container as somebody would who has its key: every chunk is sealed as it should be."""
    header = read_header(backup_file)
    good = path.with_suffix(".good")
    shutil.rmtree(good, ignore_errors=True)
    good.mkdir()
    extracted = extract(backup_file, lambda _header, _name: key, good)
    with path.open("wb") as file:
        chunks = ChunkWriter(file, Preamble.of(header.to_json()), key)
        entry = EntryWriter(chunks.write)
        for one in sorted(found for found in good.rglob("*") if found.is_file()):
            name = one.relative_to(good).as_posix()
            content = dict(entries).get(name, one.read_bytes())
            entry.add(name, len(content), io.BytesIO(content))
        for name, content in entries:
            if not (good / name).exists():
                chunks.write(struct.pack(">HQ", len(name.encode()), len(content)) + name.encode() + content)
        manifest = {
            "contents": extracted.examined.contents,
            "left_out": {"symbols": 0, "bars": 0},
            "without_downloads": False,
            "database_key": extracted.database_key.hex(),
            "schema": "0007_backup",
        }
        entry.finish({**manifest, **facts})
        chunks.finish()
    return path


def test_the_hostile_files_below_would_be_taken_without_what_is_wrong_with_them(
    backup_file: Path, key: bytes, tmp_path: Path, by_key: Callable[..., Any], clock: Any
) -> None:
    path = hostile(tmp_path / "x.qbbackup", backup_file, key, [])
    by_key(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)


@pytest.mark.parametrize(
    "name",
    ["../escaped", "/tmp/escaped", "market/../../escaped", "market\\..\\escaped", "C:/escaped", "market/x:ads", "market/NUL"],
)
def test_a_path_that_leads_elsewhere_is_refused(
    backup_file: Path, key: bytes, tmp_path: Path, by_key: Callable[..., Any], clock: Any, name: str
) -> None:
    path = hostile(tmp_path / "x.qbbackup", backup_file, key, [(name, b"escaped")])
    with pytest.raises(BackupDamaged):
        by_key(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.rglob("*escaped*"))


@pytest.mark.parametrize(
    "facts",
    [
        {"contents": {"jobs": 1}},
        {"contents": []},
        {"database_key": "00" * 32},
        {"database_key": "not hex"},
        {"left_out": {"symbols": 0, "bars": 0, "more": 1}},
    ],
)
def test_a_manifest_that_says_something_else_is_refused(
    backup_file: Path, key: bytes, tmp_path: Path, by_key: Callable[..., Any], clock: Any, facts: dict[str, Any]
) -> None:
    path = hostile(tmp_path / "x.qbbackup", backup_file, key, [], **facts)
    with pytest.raises(BackupDamaged):
        by_key(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)
    assert not (tmp_path / "new").exists()


def test_a_backup_of_a_newer_program_is_refused(
    backup_file: Path, key: bytes, tmp_path: Path, by_key: Callable[..., Any], clock: Any
) -> None:
    path = hostile(tmp_path / "x.qbbackup", backup_file, key, [], schema="9999_future")
    with pytest.raises(SchemaNewer):
        by_key(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("quantbox.db", b"no database"),
        ("market/manifest.json", b'{"generation": 1, "files": {"series": "../../outside.parquet"}}'),
        ("market/manifest.json", b"[]"),
        ("market/manifest.json", b"\xff"),
    ],
)
def test_content_that_is_no_store_is_refused(
    backup_file: Path, key: bytes, tmp_path: Path, by_key: Callable[..., Any], clock: Any, name: str, content: bytes
) -> None:
    path = hostile(tmp_path / "x.qbbackup", backup_file, key, [(name, content)])
    with pytest.raises(BackupDamaged):
        by_key(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)
    assert not (tmp_path / "new").exists()


def test_a_vault_that_does_not_open_its_database_is_refused(
    backup_file: Path, key: bytes, tmp_path: Path, clock: Any, template: tuple[Path, Keys]
) -> None:
    """Somebody with the key puts another store's vault inside; here, the same vault with another database key."""
    shown = json.loads((template[0] / "vault.json").read_bytes())
    shown["data_keys"]["database"] = shown["data_keys"]["fields"]
    del shown["checksum"]
    shown["checksum"] = hashlib.sha256(json.dumps(shown, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    path = hostile(tmp_path / "x.qbbackup", backup_file, key, [("vault.json", json.dumps(shown).encode())])
    with pytest.raises(Exception, match=r"data_keys\.database"):
        restore(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("size", [0, 7, 46, 5000])
def test_a_file_that_is_something_else_is_refused(tmp_path: Path, clock: Any, size: int) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(random.Random(size).randbytes(size))
    with pytest.raises(NoBackup):
        restore(path, PROOF, DataFolder(tmp_path / "new"), replace=False, clock=clock)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("number", ["1e999", "-1e999", "NaN", "null", "[1]"])
def test_a_header_with_a_number_that_is_none_is_refused(tmp_path: Path, backup_file: Path, number: str) -> None:
    path = tmp_path / "odd.qbbackup"
    text = json.dumps({**read_header(backup_file).to_json(), "epoch": "EPOCH"}).replace('"EPOCH"', number).encode()
    fixed = struct.pack(">8sHI32s", b"QBBACKUP", 1, len(text), hashlib.sha256(text).digest())
    path.write_bytes(fixed + text)
    with pytest.raises(BackupDamaged):
        read_header(path)


@pytest.mark.parametrize(
    "lock",
    [
        {"kind": "passphrase"},
        {"kind": "other"},
        {},
        {"kind": "vault", "vault": 3},
        {"kind": "vault", "vault": "{}", "nonce": "", "ciphertext": ""},
    ],
)
def test_a_header_without_what_opens_the_file_is_refused(tmp_path: Path, backup_file: Path, lock: dict[str, Any]) -> None:
    path = tmp_path / "x.qbbackup"
    header = read_header(backup_file).to_json()
    path.write_bytes(Preamble.of({**header, "lock": lock}).content)
    with pytest.raises(BackupDamaged):
        read_header(path)


def test_a_cost_that_would_hang_the_machine_or_make_guessing_cheap_is_refused(tmp_path: Path, store: Store) -> None:
    _text, store_id, epoch = read_vault(store.folder)
    header = lock_by_passphrase(OWN_PASSPHRASE, store_id, epoch, store.clock.now()).header.to_json()
    for name, value in (("memory_kib", 1 << 30), ("memory_kib", 8), ("iterations", 10_000), ("iterations", 1)):
        lock = {**header["lock"], "parameters": {**header["lock"]["parameters"], name: value}}
        path = tmp_path / "x.qbbackup"
        path.write_bytes(Preamble.of({**header, "lock": lock}).content)
        with pytest.raises(BackupDamaged):
            read_header(path)


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


def test_a_rehearsal_finds_bars_that_are_fewer_than_was_said(backup_file: Path, key: bytes, tmp_path: Path) -> None:
    """The table of series says 24 bars; the files hold those of 2023 twice and of 2024 never."""
    good = tmp_path / "good"
    good.mkdir()
    extract(backup_file, lambda _header, _name: key, good)
    manifest = json.loads((good / "market/manifest.json").read_bytes())
    manifest["files"]["bars/1d/2024"] = manifest["files"]["bars/1d/2023"]
    text = json.dumps(manifest).encode()
    path = hostile(tmp_path / "x.qbbackup", backup_file, key, [("market/manifest.json", text)])
    with pytest.raises(BackupDamaged, match="bars"):
        rehearse(path, lambda _header, _name: key, tmp_path / "scratch")
    assert list((tmp_path / "scratch").iterdir()) == []

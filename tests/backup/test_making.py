"""A backup holds the whole store as it is at one moment while the store goes on, and counts as made only when it was read again."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantbox.backup import making
from quantbox.backup.errors import BackupUnverified, FileExists, FolderNotWritable, KeysRotated
from quantbox.backup.examination import extract, open_header
from quantbox.backup.locks import lock_by_vault
from quantbox.backup.making import read_vault
from quantbox.core.disk import DiskTooSmall
from tests.backup.store import DAYS, OWNER, PROOF, Store, silent


def open_all(path: Path, folder: Path) -> dict[str, object]:
    with open_header(path) as (_file, _preamble, header):
        key = header.open(PROOF, path.name).key
    folder.mkdir()
    extract(path, lambda _header, _name: key, folder)
    return {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}


def test_the_document_says_what_was_saved(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "a.qbbackup"
    document = store.backups.create(OWNER, silent, out=out)
    assert document["path"] == str(out)
    assert document["bytes"] == out.stat().st_size
    assert document["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert document["created"] == "2026-11-20T07:30:00+00:00"
    assert document["verified"] is True
    # three stocks of eight days and two jobs were put in by hand
    assert {kind: document["contents"][kind] for kind in ("symbols", "bars", "jobs", "people")} == {
        "symbols": 3,
        "bars": 3 * DAYS,
        "jobs": 2,
        "people": 0,
    }
    assert (document["without_downloads"], document["left_out"]) == (False, {"symbols": 0, "bars": 0})


def test_every_file_of_the_store_is_in_it_and_nothing_else(store: Store, tmp_path: Path) -> None:
    document = store.backups.create(OWNER, silent)
    found = open_all(Path(document["path"]), tmp_path / "out")
    market = {path.relative_to(store.folder.root).as_posix() for path in store.folder.market.rglob("*") if path.is_file()}
    assert set(found) == {"quantbox.db", "vault.json", *market} - {"market/write.lock"}
    assert (tmp_path / "out/vault.json").read_bytes() == store.folder.vault_file.read_bytes()


def test_file_and_folder_are_their_owners_alone(store: Store) -> None:
    path = Path(store.backups.create(OWNER, silent)["path"])
    assert path.parent == store.folder.backups
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_nothing_of_the_content_can_be_read_in_the_file(store: Store, tmp_path: Path) -> None:
    marker = "strategy-marker-7f3a"
    store.add_job(marker)
    content = Path(store.backups.create(OWNER, silent)["path"]).read_bytes()
    for text in (marker, "600000.SH", "parquet", "quantbox.db", "database_key", store.keys.database.hex()):
        for encoding in ("utf-8", "utf-16-le"):
            assert text.encode(encoding) not in content
    assert store.keys.database not in content
    assert store.keys.backup not in content


def test_bars_a_source_can_give_again_stay_out_only_when_asked(store: Store) -> None:
    document = store.backups.create(OWNER, silent, with_downloads=False)
    assert (document["contents"]["symbols"], document["contents"]["bars"]) == (2, 2 * DAYS)
    assert (document["without_downloads"], document["left_out"]) == (True, {"symbols": 1, "bars": DAYS})
    verified = store.backups.verify(Path(document["path"]).name)
    assert (verified["without_downloads"], verified["left_out"]) == (True, {"symbols": 1, "bars": DAYS})


def test_the_snapshot_is_consistent_while_the_program_writes(store: Store, tmp_path: Path) -> None:
    """A writer adds a job and its twin in one transaction; a backup that holds one without the other is torn."""
    begun, stopped = threading.Event(), threading.Event()

    def write() -> None:
        number = 0
        while not stopped.is_set():
            with store.sessions.begin() as session:
                for twin in ("a", "b"):
                    store.jobs.create("backtest", f"{twin}{number}", OWNER, session=session)
            number += 1
            begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert begun.wait(60)
        documents = [store.backups.create(OWNER, silent, out=tmp_path / f"{number}.qbbackup") for number in range(3)]
    finally:
        stopped.set()
        writer.join()
    counts = [document["contents"]["jobs"] for document in documents]
    assert all(count % 2 == 0 for count in counts)
    assert counts == sorted(counts)
    assert counts[-1] > 2


def test_an_existing_file_stays_untouched(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "a.qbbackup"
    out.write_bytes(b"mine")
    with pytest.raises(FileExists):
        store.backups.create(OWNER, silent, out=out)
    assert out.read_bytes() == b"mine"


def test_a_folder_that_is_not_there_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FolderNotWritable) as refusal:
        store.backups.create(OWNER, silent, out=tmp_path / "gone" / "a.qbbackup")
    assert refusal.value.facts["folder"] == str(tmp_path / "gone")
    assert list(store.folder.backups.iterdir()) == []


def test_a_backup_that_does_not_read_back_is_thrown_away(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that keeps something else than it was given."""
    open_descriptor = os.fdopen

    class BadDisk(io.BytesIO):
        def __init__(self, file: io.BufferedWriter) -> None:
            super().__init__()
            self.file = file

        def write(self, data: Any) -> int:
            return self.file.write(bytes(data[:-1]) + bytes([data[-1] ^ 1]) if len(data) > 100_000 else data)

        def flush(self) -> None:
            self.file.flush()

        def fileno(self) -> int:
            return self.file.fileno()

        def close(self) -> None:
            self.file.close()
            super().close()

    def give_bad_disk(descriptor: int, mode: str) -> Any:
        return BadDisk(open_descriptor(descriptor, mode))

    with monkeypatch.context() as bad:
        bad.setattr(making.os, "fdopen", give_bad_disk)
        with pytest.raises(BackupUnverified):
            store.backups.create(OWNER, silent)
    assert list(store.folder.backups.iterdir()) == []
    assert store.backups.list_backups() == []


def test_a_full_disk_is_told_before_anything_is_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    database = store.folder.database.stat().st_size
    for free in (0, 2 * database - 1):
        with monkeypatch.context() as full:
            full.setattr(shutil, "disk_usage", lambda _path, free=free: shutil._ntuple_diskusage(10, 10, free))
            with pytest.raises(DiskTooSmall):
                store.backups.create(OWNER, silent)
        assert list(store.folder.backups.iterdir()) == []


def test_room_for_the_bars_is_asked_for_before_they_are_written(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(making, "require_free", lambda _folder, needed: asked.append(needed))
    store.backups.create(OWNER, silent)
    assert asked == [
        2 * store.folder.database.stat().st_size,
        sum(file.stat().st_size for file in store.folder.market.rglob("*.parquet")),
    ]


def test_keys_rotated_meanwhile_spoil_the_backup(store: Store, tmp_path: Path) -> None:
    text, store_id, epoch = read_vault(store.folder)
    locked = lock_by_vault(text, store_id, epoch + 1, store.keys.backup, store.clock.now())
    with pytest.raises(KeysRotated):
        store.backups.create(OWNER, silent, out=tmp_path / "a.qbbackup", locked=locked)
    assert not (tmp_path / "a.qbbackup").exists()


def test_two_backups_of_one_second_have_two_names(make_store: Callable[[str], Store]) -> None:
    store = make_store("two")
    names = [Path(store.backups.create(OWNER, silent)["path"]).name for _ in range(2)]
    assert names == ["quantbox-20261120-153000.qbbackup", "quantbox-20261120-153000-2.qbbackup"]


def test_the_header_tells_no_more_than_when_and_how_to_open_it(store: Store) -> None:
    with open_header(Path(store.backups.create(OWNER, silent)["path"])) as (_file, preamble, _header):
        assert set(preamble.header) == {"created", "program", "store_id", "epoch", "lock"}
        assert json.loads(preamble.header["lock"]["vault"]) == json.loads(store.folder.vault_file.read_bytes())

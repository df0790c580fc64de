"""What somebody writes who has the key of a backup, or changes what stands open at its head, is refused as well (promise 27)."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantbox.backup.container import ChunkWriter, Preamble
from quantbox.backup.entries import EntryWriter
from quantbox.backup.errors import BackupDamaged
from quantbox.backup.examination import extract, read_header, rehearse
from quantbox.backup.locks import lock_by_passphrase
from quantbox.backup.making import read_vault
from quantbox.backup.restoring import restore
from quantbox.core.database.errors import SchemaNewer
from quantbox.core.paths import DataFolder
from quantbox.vault.models import Keys
from tests.backup.store import OWN_PASSPHRASE, PROOF, Store


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


# --- what stands open at the head ------------------------------------------------------------------------------------


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

"""A store written by version 0.1 (part 1, commit 426dc50) opens, and its vault gains the keys it lacks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from quantbox.core.paths import DataFolder
from quantbox.vault.errors import PassphraseWrong
from quantbox.vault.service import unlock

PASSPHRASE = "correct horse 青石板渡口"
STORE = Path(__file__).parent / "part1_store"


@pytest.fixture
def store(tmp_path: Path) -> DataFolder:
    return DataFolder(Path(shutil.copytree(STORE, tmp_path / "store")))


def test_a_vault_of_part_1_gains_keys_once_and_keeps_the_database_key(store: DataFolder) -> None:
    assert json.loads(store.vault_file.read_text())["version"] == 1
    first = unlock(store, PASSPHRASE)
    content = json.loads(store.vault_file.read_text())
    assert (content["version"], set(content["data_keys"])) == (3, {"database", "fields", "audit", "archive", "backup"})
    assert unlock(store, PASSPHRASE) == first
    assert len({first.database, first.fields, first.audit, first.archive, first.backup}) == 5


def test_a_wrong_pass_phrase_upgrades_nothing(store: DataFolder) -> None:
    before = store.vault_file.read_bytes()
    with pytest.raises(PassphraseWrong):
        unlock(store, PASSPHRASE + "!")
    assert store.vault_file.read_bytes() == before

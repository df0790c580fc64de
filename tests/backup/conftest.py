"""One vault for all tests of backups (deriving its key takes a second), and stores made from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quantbox.backup.examination import read_header
from quantbox.backup.locks import Header, Opened
from quantbox.backup.restoring import restore
from quantbox.core.paths import DataFolder
from quantbox.vault.models import Keys
from quantbox.vault.service import create
from tests.backup.store import OWNER, PASSPHRASE, PROOF, Store, silent


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Keys]:
    """A filled store that is closed, and its keys."""
    root = tmp_path_factory.mktemp("template") / "data"
    keys = create(DataFolder(root), PASSPHRASE)
    store = Store(root, keys)
    store.fill()
    store.close()
    return root, keys


@pytest.fixture
def make_store(template: tuple[Path, Keys], tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """Return what copies that store to a folder of the test and opens it."""
    made: list[Store] = []

    def make(name: str) -> Store:
        root = shutil.copytree(template[0], tmp_path / name)
        made.append(Store(root, template[1]))
        return made[-1]

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store: Callable[[str], Store]) -> Store:
    return make_store("data")


@pytest.fixture(scope="session")
def backup_file(template: tuple[Path, Keys], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of that store, made once."""
    folder = tmp_path_factory.mktemp("backup")
    store = Store(shutil.copytree(template[0], folder / "data"), template[1])
    document = store.backups.create(OWNER, silent, out=folder / "one.qbbackup")
    store.close()
    return Path(document["path"])


@pytest.fixture(scope="session")
def key(backup_file: Path) -> bytes:
    return read_header(backup_file).open(PROOF, backup_file.name).key


@pytest.fixture
def by_key(monkeypatch: pytest.MonkeyPatch, key: bytes) -> Callable[..., Any]:
    """Return `restore`, given the container's key at once: deriving it for 200 files would take minutes."""
    monkeypatch.setattr(Header, "open", lambda _self, _proof, _name: Opened(key, None))
    return restore

"""The servers of other places, each started once; a store with services."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantbox.app.services import Services
from quantbox.vault.models import Keys
from tests.backup.offsite.places import WebDav
from tests.backup.offsite.store import open_store


@pytest.fixture(scope="session")
def dav_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDav]:
    server = WebDav(tmp_path_factory.mktemp("dav"))
    yield server
    server.stop()


@pytest.fixture
def dav(dav_server: WebDav) -> WebDav:
    """The WebDAV server, empty and well."""
    for entry in dav_server.folder.iterdir():
        shutil.rmtree(entry)
    dav_server.gate = None
    dav_server.puts.clear()
    return dav_server


@pytest.fixture
def services(template: tuple[Path, Keys], tmp_path: Path) -> Iterator[Services]:
    """The filled store, open with all its services."""
    opened = open_store(shutil.copytree(template[0], tmp_path / "data"), template[1])
    yield opened
    opened.close()

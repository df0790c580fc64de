"""`quantbox backup offsite` as a script uses it."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from quantbox.backup.offsite.models import OffsiteKind, OffsiteSettings
from quantbox.cli import main
from quantbox.vault.models import Keys
from tests.backup.offsite.store import MARKER, SOURCE, open_store, submit
from tests.backup.store import OWNER, PASSPHRASE, silent


@pytest.fixture
def folder(template: tuple[Path, Keys], tmp_path: Path) -> Path:
    """A closed store with a folder as its other place, a version that waits and a backup."""
    root, nas = shutil.copytree(template[0], tmp_path / "data"), tmp_path / "nas"
    nas.mkdir()
    (tmp_path / "phrase.txt").write_text(PASSPHRASE + "\n", encoding="utf-8")
    services = open_store(root, template[1])
    services.offsite.change(OWNER, OffsiteSettings(OffsiteKind.FOLDER, {"path": str(nas)}), None)
    submit(services)
    services.backups.create(OWNER, silent)
    services.close()
    return root


def run(tmp_path: Path, *words: str) -> tuple[int, Any]:
    printed = io.StringIO()
    proof = ("--passphrase-file", str(tmp_path / "phrase.txt"), "--data-dir", str(tmp_path / "data"))
    with redirect_stdout(printed):
        status = main(["backup", "offsite", *words, *proof, "--json"])
    return status, json.loads(printed.getvalue() or "null")


def test_what_is_sent_is_shown_fetched_and_opened_without_the_store(folder: Path, tmp_path: Path) -> None:
    assert run(tmp_path, "test") == (0, {"ok": True})
    status, sent = run(tmp_path, "send")
    assert (status, sent["state"]["waiting"], sent["state"]["objects"], sent["kind"]) == (0, 0, 1, "folder")
    (copy,) = sent["backups"]
    (folder / "backups" / copy["name"]).unlink()
    status, fetched = run(tmp_path, "fetch", copy["name"])
    assert status == 0
    assert Path(fetched["path"]).stat().st_size == copy["bytes"]
    shutil.rmtree(folder)
    (objects,) = (tmp_path / "nas").glob("quantbox-*")
    (damaged,) = [path for path in objects.rglob("objects/*/*") if path.is_file()]
    shutil.copy(damaged, bad := damaged.with_name("0" * 64))
    status, opened = run(tmp_path, "open", str(objects), "--out", str(tmp_path / "out"))
    assert (status, opened["damaged"], len(opened["strategies"])) == (0, [bad.name], 1)
    assert opened["compared_with"] is not None
    assert (opened["missing"], opened["differing"], opened["unlisted"]) == ([], [], [])
    (file,) = (tmp_path / "out").iterdir()
    assert file.name.startswith(MARKER)
    assert file.read_text(encoding="utf-8") == SOURCE
    assert run(tmp_path, "open", str(objects), "--out", str(tmp_path / "out"))[0] == 1

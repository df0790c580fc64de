"""`quantbox audit` as it is typed: what it prints, how it exits, and that commands are in the log themselves."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from quantbox.cli import main
from quantbox.core.database import open_engine
from quantbox.core.paths import DataFolder, anchors_folder
from quantbox.vault.service import create, store_id
from tests.audit.logs import tamper

PASSPHRASE = "correct horse 青石板渡口"


class Commands:
    """A store, and commands on it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = DataFolder(folder / "store")
        self.keys = create(self.folder, PASSPHRASE)
        self.passphrase_file = folder / "passphrase.txt"
        self.passphrase_file.write_text(PASSPHRASE + "\n", encoding="utf-8")
        self._capsys = capsys

    def run(self, *words: str, as_json: bool = True) -> tuple[int, Any]:
        options = ["--data-dir", str(self.folder.root), "--passphrase-file", str(self.passphrase_file)]
        status = main([*words, *options, *(["--json"] if as_json else [])])
        said = self._capsys.readouterr().out
        return status, json.loads(said) if as_json else said


@pytest.fixture
def commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    return Commands(tmp_path, capsys)


def test_commands_are_in_the_log_and_wrong_pass_phrases_too(commands: Commands, tmp_path: Path) -> None:
    commands.run("data", "import", str(tmp_path / "none.csv"))
    commands.passphrase_file.write_text("a wrong pass phrase\n", encoding="utf-8")
    assert commands.run("audit", "list")[1]["error"]["code"] == "vault.passphrase_wrong"
    assert commands.run("data", "check")[1]["error"]["code"] == "vault.passphrase_wrong"
    commands.passphrase_file.write_text(PASSPHRASE, encoding="utf-8")
    status, document = commands.run("audit", "list")
    assert status == 0
    unlocking, importing = document["items"]
    assert (unlocking["act"], unlocking["outcome"], unlocking["actor"]) == ("vault.unlock", "refused", "command line")
    assert unlocking["facts"]["times"] == 2
    assert (importing["act"], importing["actor"], importing["facts"]) == ("data.import", "command line", {"files": 1})
    assert commands.run("audit", "list", "--text", "导入行情")[1]["items"] == [importing]
    shown = commands.run("audit", "list", as_json=False)[1]
    assert "vault.unlock" in shown.splitlines()[0]


def test_verify_exits_1_for_a_log_that_is_not_whole_or_not_anchored(commands: Commands, tmp_path: Path) -> None:
    commands.run("data", "import", str(tmp_path / "none.csv"))
    commands.run("data", "import", str(tmp_path / "none.csv"))
    status, whole = commands.run("audit", "verify")
    assert (status, whole["ok"], whole["records"], whole["anchored_seq"]) == (0, True, 2, 2)

    anchor = anchors_folder() / f"{store_id(commands.folder)}.json"
    anchor.unlink()
    status, document = commands.run("audit", "verify")
    assert (status, document["problem"]["code"]) == (1, "not_anchored")
    status, document = commands.run("audit", "anchor")
    assert (status, document["ok"], document["given_up"]) == (0, True, 0)

    engine = open_engine(commands.folder.database, commands.keys.database)
    tamper(engine, "DELETE FROM audit_records WHERE seq = 1")
    engine.dispose()
    status, document = commands.run("audit", "verify")
    assert (status, document["problem"]["code"], document["problem"]["seq"]) == (1, "missing", 1)
    checks = {one["name"]: one for one in commands.run("doctor")[1]["checks"]}
    assert checks["audit_chain"]["ok"] is False


def test_the_log_is_exported_to_a_new_file_only(commands: Commands, tmp_path: Path) -> None:
    commands.run("data", "import", str(tmp_path / "none.csv"))
    target = tmp_path / "log.csv"
    status, document = commands.run("audit", "export", "--out", str(target))
    assert (status, document["records"], document["bytes"]) == (0, 1, target.stat().st_size)
    with target.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["act"], row["person"]) == ("data.import", "command line")
    status, document = commands.run("audit", "export", "--out", str(target))
    assert (status, document["error"]["code"]) == (1, "audit.export_refused")
    acts = [(one["act"], one["outcome"]) for one in commands.run("audit", "list")[1]["items"]]
    assert acts == [("audit.export", "refused"), ("audit.export", "done"), ("data.import", "done")]

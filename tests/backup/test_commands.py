"""`quantbox backup` as a script uses it, and the running program that closes its store for a restore."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import time
import urllib.request
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantbox.cli import main
from tests.backup.store import DAYS, OWN_PASSPHRASE, PASSPHRASE
from tests.program import PASSWORD, Answer, Client, Store, finish, serving

WRONG = "a wrong pass phrase"


class FilledStore(Store):
    """A store whose commands run in this process, to spare the start of one for each."""

    def run(self, *words: str) -> Answer:
        return run_alone(*words, "--data-dir", str(self.root), "--passphrase-file", str(self.passphrase_file))


@pytest.fixture
def store(tmp_path: Path, template: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch) -> Store:
    """The filled store as commands see it; its pass phrase is that of tests.program."""
    # the end of the audit log lies there, by the id of the store, which all copies share
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    made = FilledStore(tmp_path)
    shutil.copytree(template[0], made.root)
    assert made.passphrase_file.read_text(encoding="utf-8").strip() == PASSPHRASE
    return made


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    path = tmp_path / "own.txt"
    path.write_text(OWN_PASSPHRASE + "\n", encoding="utf-8")
    return path


def run_alone(*words: str) -> Answer:
    """Run a command on a file, as on a machine that has no store."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        status = main([*words, "--json"])
    return Answer(status, printed.getvalue(), "")


def test_create_verify_rehearse_and_restore_answer_as_they_are_documented(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "one.qbbackup"
    created = store.run("backup", "create", "--out", str(out))
    assert created.status == 0, created
    document = created.document
    assert (document["path"], document["verified"]) == (str(out), True)
    assert document["bytes"] == out.stat().st_size
    assert document["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (document["contents"]["bars"], document["contents"]["jobs"]) == (3 * DAYS, 2)

    proof = ("--passphrase-file", str(store.passphrase_file), "--data-dir", str(tmp_path / "nothing here"))
    verified = run_alone("backup", "verify", str(out), *proof)
    assert (verified.status, verified.document["ok"], verified.document["without_downloads"]) == (0, True, False)
    assert (verified.document["created"], verified.document["contents"]) == (document["created"], document["contents"])

    rehearsed = store.run("backup", "rehearse", str(out))
    assert rehearsed.status == 0, rehearsed
    assert {key: rehearsed.document[key] for key in ("ok", "created", "contents")} == {
        "ok": True,
        "created": document["created"],
        "contents": document["contents"],
    }
    compared = rehearsed.document["compared"]
    assert (compared["hashes_match"], compared["counts"]["bars"]) == (True, 3 * DAYS)
    # the only thing the store has got since is the record that says a backup was made
    assert set(compared["store"]["differences"]) == {"audit_records"}

    new = tmp_path / "new"
    restored = run_alone("backup", "restore", str(out), "--data-dir", str(new), "--passphrase-file", str(store.passphrase_file))
    assert restored.status == 0, restored
    assert restored.document["restored"] == document["contents"]
    back = FilledStore(tmp_path)
    back.root = new
    shown = back.run("data", "show", "600519")
    assert (shown.status, len(shown.document["bars"])) == (0, DAYS)
    assert back.run("audit", "verify").document["ok"] is True


def test_without_out_it_lies_in_the_folder_of_backups_and_downloads_stay_out_when_asked(store: Store) -> None:
    answer = store.run("backup", "create", "--without-downloads")
    path = Path(answer.document["path"])
    assert path.parent == store.root / "backups"
    assert answer.document["contents"]["bars"] == 2 * DAYS
    verified = run_alone("backup", "verify", str(path), "--passphrase-file", str(store.passphrase_file))
    assert (verified.document["without_downloads"], verified.document["left_out"]["bars"]) == (True, DAYS)


@pytest.mark.parametrize("is_beside", [pytest.param(False, id="without the program"), pytest.param(True, id="beside it")])
def test_a_backup_with_a_pass_phrase_of_its_own(
    store: Store, own_file: Path, tmp_path: Path, is_beside: bool, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "own.qbbackup"
    made = request.getfixturevalue("running").store if is_beside else store
    created = made.run("backup", "create", "--out", str(path), "--backup-passphrase-file", str(own_file))
    assert created.status == 0, created
    assert created.document["has_own_passphrase"] is True
    opened = run_alone("backup", "verify", str(path), "--backup-passphrase-file", str(own_file))
    assert (opened.status, opened.document["contents"]["bars"]) == (0, 3 * DAYS)
    refused = run_alone("backup", "verify", str(path), "--passphrase-file", str(store.passphrase_file))
    assert (refused.status, refused.document["error"]["code"]) == (1, "backup.own_passphrase_needed")


def test_wrong_cut_and_edited_files_are_errors_with_status_1(store: Store, backup_file: Path, tmp_path: Path) -> None:
    content = backup_file.read_bytes()
    proof = ("--passphrase-file", str(store.passphrase_file))
    cases = {
        "cut": (content[:-1000], "backup.damaged"),
        "edited": (content[:-5] + bytes([content[-5] ^ 1]) + content[-4:], "backup.damaged"),
        "other": (b"PK\x03\x04 something else", "backup.no_backup"),
    }
    for name, (spoilt, code) in cases.items():
        path = tmp_path / f"{name}.qbbackup"
        path.write_bytes(spoilt)
        for words in (("verify", str(path)), ("restore", str(path), "--data-dir", str(tmp_path / "new"))):
            answer = run_alone("backup", *words, *proof)
            assert (answer.status, answer.document["error"]["code"]) == (1, code), (name, words)
    assert not (tmp_path / "new").exists()
    wrong = tmp_path / "wrong.txt"
    wrong.write_text(WRONG, encoding="utf-8")
    answer = run_alone("backup", "verify", str(backup_file), "--passphrase-file", str(wrong))
    assert (answer.status, answer.document["error"]["code"]) == (1, "vault.passphrase_wrong")
    answer = run_alone("backup", "verify", str(backup_file))
    assert (answer.status, answer.document["error"]["code"]) == (1, "app.passphrase_needed")


def test_a_store_is_replaced_only_when_asked(store: Store, backup_file: Path) -> None:
    words = ("backup", "restore", str(backup_file))
    refused = store.run(*words)
    assert (refused.status, refused.document["error"]["code"]) == (1, "backup.store_in_the_way")
    replaced = store.run(*words, "--replace")
    assert (replaced.status, replaced.document["restored"]["bars"]) == (0, 3 * DAYS)


@pytest.mark.long  # its short twin is tests/backup/test_switching.py, which cuts off every step
def test_kill_9_of_a_restore_leaves_the_old_store_or_the_new(store: Store, backup_file: Path) -> None:
    """Killed at three moments spread over what it takes; the next command finds the one or the other, and it opens."""
    began = time.monotonic()
    assert finish(store.start("backup", "restore", str(backup_file), "--replace")).status == 0
    whole = time.monotonic() - began
    for part in (0.7, 0.85, 0.95):
        process = store.start("backup", "restore", str(backup_file), "--replace")
        time.sleep(whole * part)
        for one in (*psutil.Process(process.pid).children(recursive=True), process):
            one.kill()
        process.communicate()
        shown = store.run("data", "show", "600519")
        assert (shown.status, len(shown.document["bars"])) == (0, DAYS)
        assert not (store.root / "restore").exists()


def test_what_a_command_is_given_is_in_no_argument_and_no_environment(store: Store, own_file: Path, tmp_path: Path) -> None:
    process = store.start("backup", "create", "--out", str(tmp_path / "x.qbbackup"), "--backup-passphrase-file", str(own_file))
    seen = ""
    running = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            for one in (running, *running.children(recursive=True)):
                seen += " ".join(one.cmdline()) + json.dumps(one.environ())
        except psutil.Error:
            pass
        time.sleep(0.2)
    process.communicate()
    assert process.returncode == 0
    assert "backup" in seen
    assert OWN_PASSPHRASE not in seen
    assert PASSPHRASE not in seen


# --- beside a running program ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Running:
    """A program that began without a store, and the states it told on its way to the one of the backup."""

    store: Store
    supervisor: psutil.Process
    client: Client
    states: list[str]


def upload(client: Client, path: str, file: Path, **fields: str) -> tuple[int, Any]:
    """Send a backup as the page does."""
    boundary = "----boundary7f3a"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode()
        for name, text in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{file.name}"\r\n\r\n'.encode()
    body = b"".join([*parts, head, file.read_bytes(), f"\r\n--{boundary}--\r\n".encode()])
    token = client.call("GET", "/api/v1/status")[1]["csrf_token"]
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Origin": client.url, "X-CSRF-Token": token}
    request = urllib.request.Request(client.url + path, body, headers, method="POST")
    with client._opener.open(request, timeout=60) as response:
        return response.status, json.loads(response.read())


@pytest.fixture(scope="module")
def running(backup_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A new program, its store restored from its first page and opened; one for all the tests below."""
    store = FilledStore(tmp_path_factory.mktemp("running"))
    with serving(store) as (supervisor, client):
        states = [client.call("GET", "/api/v1/status")[1]["state"]]
        status, answer = upload(client, "/api/v1/restore", backup_file, passphrase=PASSPHRASE)
        assert (status, answer["restored"]["bars"]) == (200, 3 * DAYS)
        states.append(client.call("GET", "/api/v1/status")[1]["state"])
        client.sign_in()
        yield Running(store, supervisor, client, states)


def test_a_new_program_restores_from_its_first_page(running: Running) -> None:
    assert running.states == ["new", "locked"]
    running.client.sign_in()
    assert running.client.call("GET", "/api/v1/overview")[1]["stored"]["symbols"] == 3


def test_a_command_replaces_no_store_under_a_running_program(running: Running, backup_file: Path) -> None:
    running.client.sign_in()
    refused = running.store.run("backup", "restore", str(backup_file), "--replace")
    assert (refused.status, refused.document["error"]["code"]) == (1, "backup.store_in_use")
    assert running.client.call("GET", "/api/v1/overview")[1]["stored"]["symbols"] == 3


def test_the_running_program_closes_its_store_and_opens_the_one_that_came_back(running: Running, backup_file: Path) -> None:
    client = running.client
    client.sign_in()
    assert client.call("DELETE", "/api/v1/data/series/600000.SH")[0] == 200
    stepped = client.call("POST", "/api/v1/session/step-up", {"method": "password", "code": PASSWORD})
    assert stepped[0] == 200, stepped
    status, answer = upload(client, "/api/v1/restore/over", backup_file, passphrase=PASSPHRASE)
    assert (status, answer["state"], answer["restored"]["bars"]) == (200, "locked", 3 * DAYS)
    assert client.call("GET", "/api/v1/status")[1]["state"] == "locked"
    (web,) = [child for child in running.supervisor.children(recursive=True) if "web" in child.cmdline()]
    assert not [file for file in web.open_files() if "quantbox.db" in file.path]
    client.sign_in()
    backups = client.call("GET", "/api/v1/backups")[1]
    assert backups["outbound_paused"] is True
    assert client.call("GET", "/api/v1/overview")[1]["stored"]["symbols"] == 3

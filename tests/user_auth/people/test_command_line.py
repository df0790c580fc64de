"""`quantbox people`: the owner by the pass phrase alone, beside the running program and without it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from quantbox.cli import main
from quantbox.core.paths import DataFolder
from quantbox.vault import service as vault
from tests.program import OWNER, PASSPHRASE, PASSWORD, Client, Store, serving

NEW_PASSWORD = "tall grass, 9 herons"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A store nobody has signed in to."""
    store = Store(tmp_path_factory.mktemp("people"))
    assert store.run("init").status == 0
    return store


@pytest.fixture(scope="module")
def password_file(store: Store) -> Path:
    file = store.passphrase_file.with_name("password.txt")
    file.write_text(NEW_PASSWORD + "\n", encoding="utf-8")
    return file


def enter(client: Client, name: str, password: str) -> str:
    status, answer = client.call("POST", "/api/v1/session/password", {"name": name, "password": password})
    assert status == 200, answer
    return str(answer["state"])


def test_people_are_added_listed_and_reset_in_the_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = DataFolder(tmp_path / "store")
    vault.create(folder, PASSPHRASE)
    (tmp_path / "passphrase").write_text(PASSPHRASE, encoding="utf-8")
    (tmp_path / "password").write_text(NEW_PASSWORD, encoding="utf-8")

    def run(*words: str, password: str = "password") -> tuple[int, Any]:
        asked = [*words, "--data-dir", str(folder.root), "--passphrase-file", str(tmp_path / "passphrase"), "--json"]
        status = main([*asked, "--password-file", str(tmp_path / password)] if words[1] != "list" else asked)
        return status, json.loads(capsys.readouterr().out)

    assert run("people", "add", "guest", password="passphrase")[1]["error"]["code"] == "user_auth.password_is_passphrase"
    assert run("people", "add", "林溪", "--role", "owner")[0] == 0
    assert run("people", "add", "林溪")[1]["error"]["code"] == "user_auth.name_taken"
    assert run("people", "reset", "nobody")[1]["error"]["code"] == "user_auth.person_unknown"
    status, person = run("people", "reset", "林溪")
    assert (status, person["name"], person["role"], person["second_factors"]) == (0, "林溪", "owner", [])
    assert [one["name"] for one in run("people", "list")[1]["people"]] == ["林溪"]


@pytest.mark.long
def test_people_are_listed_added_and_reset_without_and_beside_the_program(store: Store, password_file: Path) -> None:
    words = ("--password-file", str(password_file))
    assert store.run("people", "list").document == {"people": []}
    refused = store.run("people", "add", "guest", "--password-file", str(store.passphrase_file))
    assert (refused.status, refused.document["error"]["code"]) == (1, "user_auth.password_is_passphrase")
    refused = store.run("people", "add", "guest")
    assert refused.document["error"]["code"] == "app.passphrase_needed", "with --json nothing is asked"
    with serving(store) as (_supervisor, client):
        client.sign_in()
        added = store.run("people", "add", "韩梅梅", "--role", "trader", *words).document
        assert (added["name"], added["role"], added["second_factors"]) == ("韩梅梅", "trader", [])
        guest = Client(client.url)
        assert enter(guest, "韩梅梅", NEW_PASSWORD) == "signed_in"
        assert [one["name"] for one in store.run("people", "list").document["people"]] == [OWNER, "韩梅梅"]
        assert enter(Client(client.url), OWNER, PASSWORD) == "signed_in"
        assert store.run("people", "reset", OWNER, *words).document["name"] == OWNER
        assert client.call("GET", "/api/v1/status")[1]["state"] == "unlocked", "what the owner had open has ended"
        assert guest.call("GET", "/api/v1/status")[1]["state"] == "signed_in"
        assert enter(client, OWNER, NEW_PASSWORD) == "signed_in"
        records = client.call("GET", "/api/v1/audit?act=person.reset")[1]["items"]
        assert [(one["actor"], one["outcome"], one["facts"]) for one in records] == [("command line", "done", {"name": OWNER})]
    unknown = store.run("people", "reset", "nobody", *words)
    assert (unknown.status, unknown.document["error"]["code"]) == (1, "user_auth.person_unknown")

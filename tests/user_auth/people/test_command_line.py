"""`quantbox people`: the owner by the pass phrase alone, beside the running program and without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.program import OWNER, PASSWORD, Client, Store, serving

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

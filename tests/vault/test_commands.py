"""`quantbox vault` on a store of its own, and beside a running program."""

from __future__ import annotations

import json
from argparse import Namespace

import pytest

from quantbox.app import store_access
from quantbox.app.errors import PassphraseNeeded, PassphrasesDiffer
from quantbox.app.rotation.rotating import rotate_store
from quantbox.app.store_access import read_new_secret
from quantbox.cli import main
from quantbox.core.paths import DataFolder
from quantbox.core.text import Text
from quantbox.vault.service import unlock, unlock_by_recovery
from tests.program import PASSPHRASE, Answer, Store, serving
from tests.vault.conftest import copy_of

NEW = "银杏 lantern 石桥 harbour"
NEWER = "青苔 lantern 石桥 harbour"


class StoreHere(Store):
    """A store whose commands run within this process."""

    def __init__(self, folder, capfd):
        super().__init__(folder)
        self.capfd = capfd

    def run(self, *words):
        self.capfd.readouterr()
        status = main(self.arguments(*words))
        said = self.capfd.readouterr()
        return Answer(status, said.out, said.err)


@pytest.fixture
def store(tmp_path, capfd, made_store, monkeypatch):
    store = StoreHere(tmp_path, capfd)
    copy_of(made_store, DataFolder(store.root), monkeypatch)
    return store


def file_of(store, name, text):
    file = store.passphrase_file.with_name(name)
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_the_vault_is_shown_changed_and_audited_from_the_command_line(store, no_keychain):
    folder = DataFolder(store.root)
    keys = unlock(folder, PASSPHRASE)
    shown = store.run("vault", "show").document
    assert shown["kdf"] == {"algorithm": "argon2id", "memory_kib": 65536, "iterations": 3}

    kit = store.run("vault", "recovery-kit").document
    assert kit["is_confirmed"] is False
    wrong = store.run("vault", "recovery-kit", "--confirm", "--groups-file", file_of(store, "wrong", "AAAAA BBBBB"))
    assert (wrong.status, wrong.document["error"]["code"]) == (1, "vault.recovery_kit_not_confirmed")
    groups = " ".join(kit["code"].split("-")[number - 1] for number in kit["confirm"])
    confirmed = store.run("vault", "recovery-kit", "--confirm", "--groups-file", file_of(store, "groups", groups))
    assert confirmed.document == {"store_id": shown["store_id"], "is_confirmed": True}
    assert unlock_by_recovery(folder, kit["code"]) == keys

    short = store.run("vault", "passphrase", "--new-passphrase-file", file_of(store, "short", "eleven char"))
    assert (short.status, short.document["error"]["code"]) == (1, "vault.passphrase_short")
    changed = store.run("vault", "passphrase", "--new-passphrase-file", file_of(store, "new", NEW))
    assert changed.document == {"store_id": shown["store_id"]}
    assert unlock(folder, NEW) == keys
    old = store.run("vault", "recovery-kit")
    assert (old.status, old.document["error"]["code"]) == (1, "vault.passphrase_wrong")
    file_of(store, store.passphrase_file.name, NEW)

    by_code = ("vault", "passphrase", "--recovery-code-file", file_of(store, "code", kit["code"]), "--new-passphrase-file")
    assert store.run(*by_code, file_of(store, "new", NEWER)).document == {"store_id": shown["store_id"]}
    assert unlock(folder, NEWER) == keys
    file_of(store, store.passphrase_file.name, NEWER)

    log = store.run("audit", "list", "--limit", "50")
    acts = [(record["act"], record["outcome"]) for record in reversed(log.document["items"]) if record["act"] != "vault.unlock"]
    assert [act for act in acts if act[0].startswith("vault.")] == [
        ("vault.recovery_kit.make", "done"),
        ("vault.recovery_kit.confirm", "refused"),
        ("vault.recovery_kit.confirm", "done"),
        ("vault.passphrase", "done"),
        ("vault.passphrase", "done"),
    ]
    assert [record["facts"] for record in log.document["items"] if record["act"] == "vault.passphrase"] == [
        {"method": "recovery"},
        {},
    ]
    for secret in (NEW, NEWER, PASSPHRASE, kit["code"], *kit["code"].split("-")):
        assert secret not in log.stdout


def test_a_command_that_waited_for_a_rotation_prepares_again_under_the_new_keys(store, monkeypatch, no_keychain):
    folder = DataFolder(store.root)

    def rotate_meanwhile(_name):
        rotate_store(folder, PASSPHRASE, new_passphrase=None, progress=lambda _stage, _fraction: None)

    with monkeypatch.context() as patch:
        patch.setattr(store_access, "load_for", rotate_meanwhile)
        kit = store.run("vault", "recovery-kit")
    assert kit.status == 0, kit
    groups = " ".join(kit.document["code"].split("-")[number - 1] for number in kit.document["confirm"])
    assert store.run("vault", "recovery-kit", "--confirm", "--groups-file", file_of(store, "groups", groups)).status == 0
    assert unlock_by_recovery(folder, kit.document["code"]) == unlock(folder, PASSPHRASE)


def test_the_keychain_says_why_it_is_not_there_and_nothing_is_asked_with_json(store, no_keychain):
    answer = store.run("vault", "keychain", "on")
    assert answer.status == 1
    assert answer.document["error"]["code"] == "vault.keychain_unavailable"
    unasked = store.run("vault", "passphrase")
    assert (unasked.status, unasked.document["error"]["code"]) == (1, "app.passphrase_needed")
    assert json.loads((store.root / "vault.json").read_text())["epoch"] == 1


def test_a_typed_pass_phrase_is_asked_for_twice_and_never_by_a_script(monkeypatch):
    def ask(*typed, is_script=False):
        answers = iter(typed)
        monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        return read_new_secret(None, Text("新口令: ", "New pass phrase: "), Namespace(json=is_script), "zh")

    assert ask(NEW, NEW) == NEW
    with pytest.raises(PassphrasesDiffer):
        ask(NEW, NEWER)
    with pytest.raises(PassphraseNeeded):
        ask(NEW, NEW, is_script=True)


def test_the_keychain_is_switched_on_and_off(store, keychain):
    assert store.run("vault", "keychain", "on").document["is_enabled"] is True
    assert [way["kind"] for way in store.run("vault", "show").document["wrappers"]] == ["passphrase", "keychain"]
    assert store.run("vault", "keychain", "off").document["is_enabled"] is False
    assert [way["kind"] for way in store.run("vault", "show").document["wrappers"]] == ["passphrase"]


@pytest.mark.long
def test_a_new_pass_phrase_given_to_a_running_program_signs_every_browser_out(tmp_path):
    store = Store(tmp_path)
    assert store.run("init").status == 0
    with serving(store) as (_program, client):
        client.sign_in()
        assert client.call("GET", "/api/v1/settings")[0] == 200
        assert store.run("vault", "passphrase", "--new-passphrase-file", file_of(store, "new", NEW)).status == 0
        status, answer = client.call("GET", "/api/v1/settings")
        assert (status, answer["code"]) == (401, "web.sign_in_needed")
        assert client.call("POST", "/api/v1/vault/unlock", {"passphrase": PASSPHRASE})[0] == 403
        assert client.call("POST", "/api/v1/vault/unlock", {"passphrase": NEW})[0] == 200

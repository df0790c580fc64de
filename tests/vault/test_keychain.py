from __future__ import annotations

import base64

import keyring
import pytest

from quantbox.vault.access import VaultAccess
from quantbox.vault.errors import KeychainUnavailable, PassphraseWrong
from quantbox.vault.service import unlock, unlock_by_keychain
from tests.vault.conftest import NEW_PHRASE, PHRASE, MemoryKeychain, use


def test_this_users_keychain_opens_the_vault_without_a_pass_phrase(vault, access, keychain):
    assert unlock_by_keychain(vault) is None
    access.enable_keychain(PHRASE)
    assert unlock_by_keychain(vault) == unlock(vault, PHRASE)
    assert access.describe()["keychain"] == {"is_available": True, "reason": None}
    ((service, entry),) = keychain.kept
    assert service == "QuantBox"
    assert len(base64.b64decode(keychain.kept[service, entry])) == 32
    assert keychain.kept[service, entry] not in vault.vault_file.read_text()


def test_promise_6_the_folder_without_this_users_keychain_asks_for_a_proof(vault, access, keychain):
    access.enable_keychain(PHRASE)
    elsewhere = use(MemoryKeychain())  # another user or machine, with a keychain of its own
    next(elsewhere)
    assert unlock_by_keychain(vault) is None
    with pytest.raises(PassphraseWrong):
        unlock(vault, PHRASE + "!")
    assert unlock(vault, PHRASE)
    next(elsewhere, None)
    assert unlock_by_keychain(vault) is not None


def test_enabling_again_leaves_one_key_and_disabling_none(vault, access, keychain):
    access.enable_keychain(PHRASE)
    first = dict(keychain.kept)
    access.enable_keychain(PHRASE)
    assert len(keychain.kept) == 1
    assert keychain.kept != first
    assert unlock_by_keychain(vault) is not None
    access.change_passphrase(PHRASE, NEW_PHRASE)
    assert unlock_by_keychain(vault) == unlock(vault, NEW_PHRASE)
    with pytest.raises(PassphraseWrong):
        access.disable_keychain(PHRASE)
    access.disable_keychain(NEW_PHRASE)
    assert keychain.kept == {}
    assert unlock_by_keychain(vault) is None
    assert [way["kind"] for way in access.describe()["wrappers"]] == ["passphrase"]


def test_a_wrong_pass_phrase_leaves_no_key_behind(vault, access, keychain):
    with pytest.raises(PassphraseWrong):
        access.enable_keychain(PHRASE + "!")
    assert keychain.kept == {}


def test_a_changed_keychain_entry_opens_nothing(vault, access, keychain):
    access.enable_keychain(PHRASE)
    for kept in ("", "not base64!", base64.b64encode(bytes(31)).decode(), base64.b64encode(bytes(32)).decode()):
        for place in keychain.kept:
            keychain.kept[place] = kept
        assert unlock_by_keychain(vault) is None


def test_a_machine_without_a_keychain_says_so_and_changes_nothing(vault, access, no_keychain):
    before = vault.vault_file.read_bytes()
    shown = access.describe()["keychain"]
    assert shown["is_available"] is False
    assert "钥匙串" in shown["reason"].in_language("zh")
    with pytest.raises(KeychainUnavailable) as caught:
        access.enable_keychain(PHRASE)
    assert caught.value.message("en") == shown["reason"].in_language("en")
    assert vault.vault_file.read_bytes() == before


def test_a_vault_enabled_elsewhere_opens_by_pass_phrase_where_there_is_no_keychain(vault, clock, sign_ins):
    desktop = use(MemoryKeychain())
    next(desktop)
    keys = unlock(vault, PHRASE)
    VaultAccess(vault, keys, clock, sign_ins).enable_keychain(PHRASE)
    next(desktop, None)
    from keyring.backends.fail import Keyring

    headless = use(Keyring())
    next(headless)
    assert unlock_by_keychain(vault) is None
    assert unlock(vault, PHRASE) == keys
    next(headless, None)


def test_a_backend_that_keeps_plain_files_is_not_used(vault, access, monkeypatch):
    plain = use(MemoryKeychain())
    next(plain)
    monkeypatch.setattr(type(keyring.get_keyring()), "__module__", "keyrings.alt.file")
    with pytest.raises(KeychainUnavailable):
        access.enable_keychain(PHRASE)
    next(plain, None)

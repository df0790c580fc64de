from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from quantbox.vault.changes import Change, check_of_groups, prepared, with_kit, with_passphrase
from quantbox.vault.errors import (
    PassphraseShort,
    PassphraseWrong,
    RecoveryCodeMistyped,
    RecoveryCodeWrong,
    RecoveryKitMissing,
    RecoveryKitNotConfirmed,
    RecoveryKitVoid,
    VaultChanged,
    VaultDamaged,
)
from quantbox.vault.recovery_code import read_code, write_code
from quantbox.vault.service import create, store_id, unlock, unlock_by_recovery, unlock_document
from tests.conftest import TODAYS_MEMORY_KIB
from tests.program import ROOT
from tests.vault.conftest import NEW_PHRASE, PHRASE


def content_of(folder):
    return json.loads(folder.vault_file.read_bytes())


def rewrite(folder, change):
    """Edit vault.json as somebody who knows the format would: with a fitting check sum."""
    content = content_of(folder)
    change(content)
    content.pop("checksum")
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    content["checksum"] = hashlib.sha256(canonical).hexdigest()
    folder.vault_file.write_text(json.dumps(content))


def groups_asked(kit):
    return [kit.code.split("-")[number - 1] for number in kit.confirm]


@pytest.fixture
def with_confirmed_kit(access):
    kit = access.make_recovery_kit(PHRASE)
    access.confirm_recovery_kit(groups_asked(kit))
    return kit


# --- the pass phrase ---


def test_a_new_pass_phrase_opens_the_same_keys_under_a_new_salt_and_the_old_one_nothing(vault, access, sign_ins):
    keys, before = unlock(vault, PHRASE), content_of(vault)
    access.change_passphrase(PHRASE, NEW_PHRASE, keep_session="mine")
    after = content_of(vault)
    assert unlock(vault, NEW_PHRASE) == keys
    with pytest.raises(PassphraseWrong):
        unlock(vault, PHRASE)
    (old,), (new,) = before["wrappers"], after["wrappers"]
    assert old["parameters"]["salt"] != new["parameters"]["salt"]
    assert old["ciphertext"] not in vault.vault_file.read_text()
    assert (before["store_id"], before["epoch"], before["data_keys"]) == (after["store_id"], after["epoch"], after["data_keys"])
    assert sign_ins.ended == ["mine"]


def test_a_refused_pass_phrase_change_changes_nothing_and_ends_nobody(vault, access, sign_ins):
    before = vault.vault_file.read_bytes()
    for old, new, refusal in (
        (PHRASE + "!", NEW_PHRASE, PassphraseWrong),
        (PHRASE, "eleven char", PassphraseShort),
        (PHRASE, "the owner's own password", PassphraseWrong),
    ):
        with pytest.raises(refusal):
            access.change_passphrase(old, new)
    assert vault.vault_file.read_bytes() == before
    assert sign_ins.ended == []


def test_of_two_changes_proven_by_one_pass_phrase_the_second_is_refused(vault, access, clock):
    change = prepared(vault, PHRASE, clock.now(), with_passphrase("a pass phrase prepared before"))
    access.change_passphrase(PHRASE, NEW_PHRASE)
    with pytest.raises(VaultChanged):
        access.apply(change)
    unlock(vault, NEW_PHRASE)


def test_a_change_travels_as_json_without_a_secret(vault, access, clock):
    change = prepared(vault, PHRASE, clock.now(), with_passphrase(NEW_PHRASE))
    kit, kit_change = with_kit(vault, PHRASE, clock.now())
    for made in (change, kit_change):
        sent = json.dumps(made.to_json())
        assert Change.from_json(json.loads(sent)) == made
        for secret in (PHRASE, NEW_PHRASE, kit.code, *kit.code.split("-")):
            assert secret not in sent


def test_promise_8_every_wrong_pass_phrase_gets_the_same_answer(vault):
    refusals = set()
    for wrong in (PHRASE + "!", PHRASE[:-1], PHRASE.upper(), "", "x", "量" * 4096):
        with pytest.raises(PassphraseWrong) as caught:
            unlock(vault, wrong)
        refusals.add((caught.value.code, str(caught.value.facts), caught.value.message("zh"), caught.value.__cause__))
    assert len(refusals) == 1


# --- cost ---


def test_promise_7_the_cost_is_the_one_written_down():
    code = "from quantbox.vault.wrappers import passphrase as p; print(p.STANDARD_MEMORY_KIB, p.STANDARD_ITERATIONS)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert told.stdout.split() == [str(TODAYS_MEMORY_KIB), "3"] == ["262144", "3"]


def test_promise_7_one_guess_takes_a_quarter_of_a_second_and_at_least_64_mib(data_folder, todays_cost):
    vault = data_folder
    create(vault, PHRASE)
    parameters = content_of(vault)["wrappers"][0]["parameters"]
    assert parameters["memory_kib"] >= 64 * 1024
    assert parameters["iterations"] >= 3
    assert len(base64.b64decode(parameters["salt"])) == 16
    began = time.perf_counter()
    with pytest.raises(PassphraseWrong):
        unlock(vault, PHRASE + "!")
    assert time.perf_counter() - began >= 0.25


def test_promise_7_a_vault_made_at_a_lower_accepted_cost_is_wrapped_anew_at_unlock(vault, todays_cost):
    data_folder = vault
    keys = unlock_document(vault.vault_file.read_bytes(), passphrase=PHRASE)
    low = content_of(data_folder)["wrappers"][0]["parameters"]
    assert (low["memory_kib"], low["iterations"]) == (65536, 3)
    with pytest.raises(PassphraseWrong):
        unlock(data_folder, PHRASE + "!")
    assert content_of(data_folder)["wrappers"][0]["parameters"] == low  # only who proves the pass phrase raises it
    assert unlock(data_folder, PHRASE) == keys
    wrapper = content_of(data_folder)["wrappers"][0]
    high = wrapper["parameters"]
    assert (high["memory_kib"], high["iterations"]) == (262144, 3)
    assert high["salt"] != low["salt"]
    # by hand: the new wrapper really was made at the new cost
    secret = hash_secret_raw(PHRASE.encode(), base64.b64decode(high["salt"]), 3, 262144, 4, 32, Type.ID)
    bound = {
        "created_at": wrapper["created_at"],
        "epoch": 1,
        "holds": "key-encryption key",
        "parameters": high,
        "store_id": store_id(data_folder),
        "vault": 3,
        "wrapper": "passphrase",
    }
    data = json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()
    AESGCM(secret).decrypt(base64.b64decode(wrapper["nonce"]), base64.b64decode(wrapper["ciphertext"]), data)
    text = data_folder.vault_file.read_bytes()
    unlock(data_folder, PHRASE)
    assert data_folder.vault_file.read_bytes() == text  # once


# --- the recovery kit ---


def test_a_confirmed_kit_opens_the_vault_with_the_same_keys(vault, access, with_confirmed_kit):
    keys = unlock_by_recovery(vault, with_confirmed_kit.code.lower().replace("-", " "))
    assert keys == unlock(vault, PHRASE)
    assert access.describe()["recovery_kit"]["is_confirmed"]


def test_the_kit_opens_by_hand_with_hkdf_and_aes_gcm(vault, with_confirmed_kit):
    content = content_of(vault)
    wrapper = next(one for one in content["wrappers"] if one["kind"] == "recovery")
    # HKDF-SHA256 by its definition (RFC 5869): extract with the salt, one block of expand
    extracted = hmac.digest(base64.b64decode(wrapper["parameters"]["salt"]), read_code(with_confirmed_kit.code), "sha256")
    proof = hmac.digest(extracted, b"quantbox recovery kit 1\x01", "sha256")
    bound = {"created_at": wrapper["created_at"], "epoch": 1, "holds": "key-encryption key", "wrapper": "recovery"}
    bound |= {"parameters": wrapper["parameters"], "store_id": content["store_id"], "vault": 3}
    data = json.dumps(bound, sort_keys=True, separators=(",", ":")).encode()
    kek = AESGCM(proof).decrypt(base64.b64decode(wrapper["nonce"]), base64.b64decode(wrapper["ciphertext"]), data)
    sealed = content["data_keys"]["database"]
    data = f'{{"epoch":1,"holds":"data key","name":"database","store_id":"{content["store_id"]}","vault":3}}'.encode()
    database = AESGCM(kek).decrypt(base64.b64decode(sealed["nonce"]), base64.b64decode(sealed["ciphertext"]), data)
    assert database == unlock(vault, PHRASE).database


def test_a_kit_that_was_not_confirmed_opens_nothing_and_is_replaced_by_the_next(vault, access):
    first = access.make_recovery_kit(PHRASE)
    assert access.describe()["recovery_kit"] == {"created_at": first.created_at.isoformat(), "is_confirmed": False}
    with pytest.raises(RecoveryCodeWrong):
        unlock_by_recovery(vault, first.code)
    second = access.make_recovery_kit(PHRASE)
    if groups_asked(first) != groups_asked(second):
        with pytest.raises(RecoveryKitNotConfirmed):
            access.confirm_recovery_kit([first.code.split("-")[number - 1] for number in second.confirm])
    access.confirm_recovery_kit([group.lower() for group in groups_asked(second)])
    assert unlock_by_recovery(vault, second.code) == unlock(vault, PHRASE)
    with pytest.raises(RecoveryCodeWrong):
        unlock_by_recovery(vault, first.code)


def test_a_kit_not_confirmed_within_a_day_is_thrown_away(access, clock):
    kit = access.make_recovery_kit(PHRASE)
    clock.advance(timedelta(days=1, seconds=1).total_seconds())
    assert access.describe()["recovery_kit"] is None
    with pytest.raises(RecoveryKitMissing):
        access.confirm_recovery_kit(groups_asked(kit))


def test_a_confirmed_kit_goes_on_until_the_new_one_is_confirmed_and_is_void_then(vault, access, with_confirmed_kit):
    new = access.make_recovery_kit(PHRASE)
    unlock_by_recovery(vault, with_confirmed_kit.code)
    access.confirm_recovery_kit(groups_asked(new))
    with pytest.raises(RecoveryKitVoid) as caught:
        unlock_by_recovery(vault, with_confirmed_kit.code)
    assert "2026-11-20" in caught.value.message("zh")
    unlock_by_recovery(vault, new.code)
    assert len(access.describe()["void_kits"]) == 1


def test_a_removed_kit_is_void(vault, access, with_confirmed_kit):
    with pytest.raises(PassphraseWrong):
        access.remove_recovery_kit(PHRASE + "!")
    unlock_by_recovery(vault, with_confirmed_kit.code)
    access.remove_recovery_kit(PHRASE)
    with pytest.raises(RecoveryKitVoid):
        unlock_by_recovery(vault, with_confirmed_kit.code)
    assert access.describe()["recovery_kit"] is None


def test_a_wrong_code_is_denied_alike_with_a_kit_and_without_and_a_mistyped_one_names_its_group(vault, access):
    foreign = write_code(b"sixteen letters.")
    refusals = []
    for _ in range(2):
        with pytest.raises(RecoveryCodeWrong) as caught:
            unlock_by_recovery(vault, foreign)
        refusals.append((caught.value.code, caught.value.facts))
        access.confirm_recovery_kit(groups_asked(access.make_recovery_kit(PHRASE)))
    assert refusals[0] == refusals[1] == ("vault.recovery_code_wrong", {})
    with pytest.raises(RecoveryCodeMistyped) as mistyped:
        unlock_by_recovery(vault, foreign[:7] + ("A" if foreign[7] != "A" else "B") + foreign[8:])
    assert mistyped.value.facts["groups"] == "2"


def test_the_kit_survives_a_change_of_the_pass_phrase(vault, access, with_confirmed_kit):
    access.change_passphrase(PHRASE, NEW_PHRASE)
    assert unlock_by_recovery(vault, with_confirmed_kit.code) == unlock(vault, NEW_PHRASE)


def test_neither_the_code_nor_its_groups_stand_in_the_file_and_the_check_needs_the_open_vault(vault, access):
    kit = access.make_recovery_kit(PHRASE)
    text = vault.vault_file.read_text()
    secret = read_code(kit.code)
    for spelled in (*kit.code.split("-"), secret.hex(), base64.b64encode(secret).decode()):
        assert spelled not in text
    other = unlock(vault, PHRASE)
    forged = type(other)(**{name: bytes(32) for name in other.to_pipe()})
    with pytest.raises(RecoveryKitNotConfirmed):
        access.confirm_by_check(check_of_groups(forged, groups_asked(kit)))


# --- what is bound to what ---


def test_a_copy_of_the_document_opens_outside_its_folder(vault, with_confirmed_kit):
    document, keys = vault.vault_file.read_bytes(), unlock(vault, PHRASE)
    assert unlock_document(document, passphrase=PHRASE) == keys
    assert unlock_document(document, recovery_code=with_confirmed_kit.code) == keys
    with pytest.raises(PassphraseWrong):
        unlock_document(document, passphrase=PHRASE + "!")
    with pytest.raises(VaultDamaged) as caught:
        unlock_document(document[:-50], passphrase=PHRASE, path="backup.qbk")
    assert caught.value.facts["path"] == "backup.qbk"


def swap_wrappers(content):
    one, other = content["wrappers"]
    for name in ("nonce", "ciphertext"):
        one[name], other[name] = other[name], one[name]


def other_store(content):
    content["store_id"] = "0" * 32


def other_epoch(content):
    content["epoch"] = 2


def other_time(content):
    for wrapper in content["wrappers"]:
        wrapper["created_at"] = "2020-01-01T00:00:00+00:00"


def test_wrappers_exchanged_or_put_under_another_store_epoch_or_time_open_nothing(vault, with_confirmed_kit):
    whole = vault.vault_file.read_bytes()
    for change in (swap_wrappers, other_store, other_epoch, other_time):
        vault.vault_file.write_bytes(whole)
        rewrite(vault, change)
        with pytest.raises(PassphraseWrong):
            unlock(vault, PHRASE)
        with pytest.raises(RecoveryCodeWrong):
            unlock_by_recovery(vault, with_confirmed_kit.code)


def test_a_parameter_that_no_derivation_uses_is_bound_too(vault, with_confirmed_kit):
    rewrite(vault, lambda content: content["wrappers"][1]["parameters"].update(kit_id=base64.b64encode(bytes(8)).decode()))
    with pytest.raises(RecoveryCodeWrong):
        unlock_by_recovery(vault, with_confirmed_kit.code)


def test_two_data_keys_exchanged_are_damage(vault):
    def swap(content):
        keys = content["data_keys"]
        keys["fields"], keys["audit"] = keys["audit"], keys["fields"]

    rewrite(vault, swap)
    with pytest.raises(VaultDamaged) as caught:
        unlock(vault, PHRASE)
    assert caught.value.facts["part"] == "data_keys.fields"


WRONG_PARTS = [
    (lambda c: c.update(store_id="x"), "store_id"),
    (lambda c: c.update(epoch=0), "epoch"),
    (lambda c: c.update(epoch=True), "epoch"),
    (lambda c: c.update(rotated_at="yesterday"), "rotated_at"),
    (lambda c: c["wrappers"].append(c["wrappers"][0]), "wrappers"),
    (lambda c: c.update(wrappers=c["wrappers"][1:]), "wrappers"),
    (lambda c: c["wrappers"][0].update(kind="telepathy"), "wrappers.kind"),
    (lambda c: c["wrappers"][0].update(created_at="2026-11-20T00:00:00"), "wrappers.passphrase.created_at"),
    (lambda c: c["wrappers"][1]["parameters"].update(salt="AA=="), "wrappers.recovery.salt"),
    (lambda c: c["wrappers"][1]["parameters"].update(more=1), "wrappers.recovery.parameters"),
    (lambda c: c["wrappers"][1].update(nonce="AA=="), "wrappers.recovery.nonce"),
    (lambda c: c.update(pending_kit={}), "pending_kit"),
    (lambda c: c.update(void_kits=[{"kit_id": "AA==", "created_at": "", "voided_at": ""}]), "void_kits.kit_id"),
    (lambda c: c["data_keys"].pop("audit"), "data_keys"),
]


def test_each_wrong_part_is_named(vault, with_confirmed_kit):
    whole = vault.vault_file.read_bytes()
    for change, part in WRONG_PARTS:
        vault.vault_file.write_bytes(whole)
        rewrite(vault, change)
        with pytest.raises(VaultDamaged) as caught:
            store_id(vault)
        assert caught.value.facts["part"] == part

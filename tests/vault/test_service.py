import base64
import hashlib
import hmac
import json
import sys
import threading
import unicodedata
import zlib

import pytest
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantbox.core.paths import DataFolder
from quantbox.vault.errors import PassphraseShort, PassphraseWrong, StoreExists, StoreMissing, VaultDamaged, VaultTooNew
from quantbox.vault.models import Keys
from quantbox.vault.service import create, exists, unlock

PHRASE = "correct horse 电池 staple"


@pytest.fixture(scope="module")
def vault(tmp_path_factory):
    """A vault made once; tests that change it work on their copy."""
    folder = DataFolder(tmp_path_factory.mktemp("vault") / "data")
    keys = create(folder, PHRASE)
    return folder.vault_file.read_bytes(), keys


@pytest.fixture
def copy(vault, data_folder):
    data_folder.vault_file.write_bytes(vault[0])
    return data_folder


def rewrite(folder, change) -> None:
    """Edit vault.json as somebody who knows the format would: with a fitting check sum."""
    content = json.loads(folder.vault_file.read_bytes())
    change(content)
    content.pop("checksum", None)
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    content["checksum"] = hashlib.sha256(canonical).hexdigest()
    folder.vault_file.write_text(json.dumps(content))


def test_the_pass_phrase_opens_a_copy_of_the_vault_with_the_same_keys(vault, copy):
    assert exists(copy)
    assert unlock(copy, PHRASE) == vault[1]
    assert len(vault[1].database) == 32


def test_keys_unwrap_by_hand_with_argon2_aes_gcm_and_hkdf(vault):
    content, keys = json.loads(vault[0]), vault[1]
    (wrapper,) = content["wrappers"]
    kdf = wrapper["parameters"]
    assert (kdf["algorithm"], kdf["memory_kib"], kdf["iterations"], kdf["parallelism"]) == ("argon2id", 65536, 3, 4)
    salt = base64.b64decode(kdf["salt"])
    assert len(salt) == 16
    secret = hash_secret_raw(PHRASE.encode(), salt, 3, 65536, 4, 32, Type.ID)
    store_id = content["store_id"]
    wrapper_data = (
        f'{{"created_at":"{wrapper["created_at"]}","epoch":1,"holds":"key-encryption key","parameters":{{"algorithm":"argon2id",'
        f'"iterations":3,"memory_kib":65536,"parallelism":4,"salt":"{kdf["salt"]}"}},"store_id":"{store_id}","vault":3,'
        '"wrapper":"passphrase"}'
    )
    nonce, ciphertext = (base64.b64decode(wrapper[name]) for name in ("nonce", "ciphertext"))
    kek = AESGCM(secret).decrypt(nonce, ciphertext, wrapper_data.encode())
    nonce, ciphertext = (base64.b64decode(content["data_keys"]["database"][name]) for name in ("nonce", "ciphertext"))
    data = f'{{"epoch":1,"holds":"data key","name":"database","store_id":"{store_id}","vault":3}}'
    database = AESGCM(kek).decrypt(nonce, ciphertext, data.encode())
    assert database == keys.database
    # HKDF-SHA256 by its definition (RFC 5869): extract with a zero salt, one block of expand
    extracted = hmac.digest(bytes(32), kek, "sha256")
    assert hmac.digest(extracted, b"quantbox handover 1\x01", "sha256") == keys.handover


def test_nothing_in_the_file_is_a_key_or_the_pass_phrase(vault):
    text, keys = vault
    for secret in (keys.database, keys.handover, PHRASE.encode()):
        for spelled in (secret, secret.hex().encode(), base64.b64encode(secret), zlib.compress(secret)):
            assert spelled not in text
    assert "database" not in repr(keys)
    assert keys.database.hex() not in repr(keys)


def test_two_vaults_of_one_pass_phrase_share_no_secret(vault, tmp_path):
    other = create(DataFolder(tmp_path / "other"), PHRASE)
    assert other.database != vault[1].database
    assert other.handover != vault[1].handover


def test_a_wrong_pass_phrase_is_denied(copy):
    with pytest.raises(PassphraseWrong):
        unlock(copy, PHRASE + " ")
    with pytest.raises(PassphraseWrong):
        unlock(copy, "")


def test_composed_and_decomposed_spellings_are_one_pass_phrase(tmp_path):
    folder = DataFolder(tmp_path / "data")
    keys = create(folder, unicodedata.normalize("NFD", "café résumé Ångström"))
    assert unlock(folder, unicodedata.normalize("NFC", "café résumé Ångström")) == keys


def test_eleven_characters_are_refused_with_both_numbers_and_nothing_is_written(tmp_path):
    folder = DataFolder(tmp_path / "data")
    with pytest.raises(PassphraseShort) as caught:
        create(folder, unicodedata.normalize("NFD", "é" * 11))  # 22 code points, 11 characters
    assert caught.value.facts == {"characters": 11, "minimum": 12}
    assert not folder.root.exists()


@pytest.mark.parametrize("phrase", ["twelve chars", " " * 12, "一二三四五六七八九十百千", "\ud800" * 12])
def test_twelve_characters_of_any_kind_are_accepted(tmp_path, phrase):
    folder = DataFolder(tmp_path / "data")
    assert create(folder, phrase) == unlock(folder, phrase)


def test_an_existing_store_is_refused_and_stays_untouched(vault, copy):
    with pytest.raises(StoreExists) as caught:
        create(copy, "another pass phrase")
    assert str(copy.root) in caught.value.message("zh")
    assert copy.vault_file.read_bytes() == vault[0]


def test_a_database_whose_vault_is_missing_is_not_given_a_new_vault(data_folder):
    data_folder.database.write_bytes(b"encrypted")
    with pytest.raises(StoreExists):
        create(data_folder, PHRASE)
    assert not data_folder.vault_file.exists()


def test_of_eight_creators_at_once_one_wins_and_its_keys_open_the_vault(data_folder):
    made, refused = [], []

    def work(number):
        try:
            made.append((f"pass phrase number {number}", create(data_folder, f"pass phrase number {number}")))
        except StoreExists:
            refused.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert len(refused) == 7
    assert unlock(data_folder, made[0][0]) == made[0][1]


def test_a_folder_without_a_store_is_named(data_folder):
    assert not exists(data_folder)
    with pytest.raises(StoreMissing) as caught:
        unlock(data_folder, PHRASE)
    assert caught.value.facts == {"data_dir": str(data_folder.root)}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps others out by the profile's access list")
def test_folder_and_file_are_readable_by_the_owner_only(tmp_path):
    folder = DataFolder(tmp_path / "new" / "data")
    create(folder, PHRASE)
    assert folder.root.stat().st_mode & 0o777 == 0o700
    assert folder.vault_file.stat().st_mode & 0o777 == 0o600


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_changed_byte_is_called_damage_and_not_a_wrong_pass_phrase(vault, copy, data):
    text = vault[0]
    place = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != text[place]))
    copy.vault_file.write_bytes(text[:place] + bytes([byte]) + text[place + 1 :])
    try:
        same_content = json.loads(copy.vault_file.read_bytes()) == json.loads(text)  # a changed blank means nothing
    except ValueError:
        same_content = False
    if not same_content:
        with pytest.raises((VaultDamaged, VaultTooNew)):
            unlock(copy, PHRASE)


@pytest.mark.parametrize("length", [0, 1, 100, -1, -60])
def test_a_cut_file_is_damaged(vault, copy, length):
    copy.vault_file.write_bytes(vault[0].rstrip()[:length])
    with pytest.raises(VaultDamaged):
        unlock(copy, PHRASE)


def flip(text: str) -> str:
    """Change one bit in the middle of a base64 text."""
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(raw).decode()


@pytest.mark.parametrize("name", ["nonce", "ciphertext"])
def test_an_edited_wrapper_with_a_fitting_check_sum_opens_nothing(copy, name):
    rewrite(copy, lambda content: content["wrappers"][0].update({name: flip(content["wrappers"][0][name])}))
    with pytest.raises(PassphraseWrong):
        unlock(copy, PHRASE)


@pytest.mark.parametrize("name", ["nonce", "ciphertext"])
def test_an_edited_data_key_is_damage_though_the_pass_phrase_is_right(copy, name):
    rewrite(copy, lambda content: content["data_keys"]["database"].update({name: flip(content["data_keys"]["database"][name])}))
    with pytest.raises(VaultDamaged) as caught:
        unlock(copy, PHRASE)
    assert caught.value.facts["part"] == "data_keys.database"


def test_the_wrapper_put_in_the_place_of_the_data_key_is_refused(copy):
    def swap(content):
        wrapper = content["wrappers"][0]
        content["data_keys"]["database"] = {name: wrapper[name] for name in ("nonce", "ciphertext")}

    rewrite(copy, swap)
    with pytest.raises(VaultDamaged):
        unlock(copy, PHRASE)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("memory_kib", 65535),
        ("memory_kib", 8),
        ("memory_kib", 1024 * 1024 + 1),
        ("memory_kib", True),
        ("memory_kib", 65536.0),
        ("iterations", 2),
        ("iterations", 10**9),
        ("parallelism", 0),
        ("parallelism", 2**24),
        ("algorithm", "argon2i"),
        ("salt", "AAAA"),
        ("salt", None),
        ("salt", "not base64!"),
    ],
)
def test_derivation_parameters_outside_floor_and_ceiling_are_refused_before_deriving(copy, name, value):
    rewrite(copy, lambda content: content["wrappers"][0]["parameters"].update({name: value}))
    with pytest.raises(VaultDamaged) as caught:
        unlock(copy, PHRASE)
    assert caught.value.facts["part"] == f"wrappers.passphrase.{name}"


@pytest.mark.parametrize(("name", "value"), [("iterations", 4), ("parallelism", 2), ("memory_kib", 65544)])
def test_other_accepted_parameters_than_those_written_open_nothing(copy, name, value):
    rewrite(copy, lambda content: content["wrappers"][0]["parameters"].update({name: value}))
    with pytest.raises(PassphraseWrong):
        unlock(copy, PHRASE)


def remove_wrappers(content):
    content["wrappers"] = []


def add_field(content):
    content["extra"] = 1


def lower_version(content):
    content["version"] = 0


def boolean_version(content):
    content["version"] = True


@pytest.mark.parametrize("change", [remove_wrappers, add_field, lower_version, boolean_version])
def test_a_document_of_another_shape_is_damaged(copy, change):
    rewrite(copy, change)
    with pytest.raises(VaultDamaged):
        unlock(copy, PHRASE)


def test_a_newer_version_asks_for_an_upgrade(copy):
    rewrite(copy, lambda content: content.update(version=4, unknown="kept"))
    with pytest.raises(VaultTooNew) as caught:
        unlock(copy, PHRASE)
    assert caught.value.facts["version"] == 4
    assert caught.value.facts["supported"] == 3


def test_keys_travel_through_a_pipe_unchanged(vault):
    sent = json.loads(json.dumps(vault[1].to_pipe()))
    assert Keys.from_pipe(sent) == vault[1]

from __future__ import annotations

import json
import ssl

import pytest
import trustme

from quantbox.vault.access import VaultAccess
from quantbox.vault.errors import KmsAccessKeyNeeded, KmsNotEnabled, KmsRefused, KmsUnreachable, PassphraseWrong
from quantbox.vault.models import AccessKey, KmsAddress
from quantbox.vault.service import unlock, unlock_by_kms
from quantbox.vault.wrappers import aliyun_kms
from quantbox.vault.wrappers.aliyun_kms import AliyunKms
from tests.vault.conftest import PHRASE
from tests.vault.kms_origin import ACCESS_KEY_ID, ACCESS_KEY_SECRET, KEY_ID, kms_origin

ACCESS_KEY = AccessKey(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
KEY = bytes(range(32))


def connect(address, access_key):
    """Aliyun's SDK, speaking to the service on this machine."""
    return AliyunKms(address, access_key, protocol="http")


@pytest.fixture(scope="module")
def service():
    with kms_origin() as origin:
        yield origin


@pytest.fixture
def origin(service):
    service.asked.clear()
    service.is_enabled, service.answers = True, None
    return service


@pytest.fixture
def access(vault, clock, sign_ins):
    return VaultAccess(vault, unlock(vault, PHRASE), clock, sign_ins, connect)


def provider(origin, **changed):
    address = KmsAddress(origin.endpoint, changed.pop("key_id", KEY_ID))
    return connect(address, AccessKey(ACCESS_KEY_ID, changed.pop("secret", ACCESS_KEY_SECRET)))


def test_the_provider_wraps_and_unwraps_under_one_context_only(origin):
    wrapped = provider(origin).wrap(KEY, {"store_id": "a b"})
    assert provider(origin).unwrap(wrapped, {"store_id": "a b"}) == KEY
    with pytest.raises(KmsRefused) as caught:
        provider(origin).unwrap(wrapped, {"store_id": "other"})
    assert caught.value.facts["problem"] == "InvalidCiphertext"


def test_no_key_travels_in_an_address_and_nothing_is_logged(origin, capfd):
    wrapped = provider(origin).wrap(KEY, {})
    provider(origin).unwrap(wrapped, {})
    assert len(origin.asked) == 2
    assert not any("Plaintext" in path for path in origin.asked)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("changed", "problem"),
    [({"secret": "another secret"}, "SignatureDoesNotMatch"), ({"key_id": "alias/other"}, "Forbidden.KeyNotFound")],
)
def test_a_refusal_is_told_by_the_services_own_code(origin, changed, problem):
    with pytest.raises(KmsRefused) as caught:
        provider(origin, **changed).wrap(KEY, {})
    assert caught.value.facts == {"endpoint": origin.endpoint, "problem": problem}


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b"{}", b'{"Plaintext": 7}', b'{"Plaintext": "AAAA", "CiphertextBlob": "AAAA"}']
)
def test_an_answer_that_makes_no_sense_is_an_error_of_ours(origin, answer):
    origin.answers = [answer, answer]
    with pytest.raises((KmsRefused, KmsUnreachable)):
        provider(origin).wrap(KEY, {})


def test_a_service_that_is_away_is_unreachable_and_its_address_not_repeated(origin):
    with kms_origin() as gone:
        address = gone.endpoint
    with pytest.raises(KmsUnreachable) as caught:
        connect(KmsAddress(address, KEY_ID), ACCESS_KEY).wrap(KEY, {})
    assert caught.value.facts == {"endpoint": address}


def test_promise_14_the_service_must_show_a_certificate_this_machine_trusts(tmp_path, monkeypatch):
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    with kms_origin(context) as stranger, kms_origin(context) as trusted:
        with pytest.raises(KmsUnreachable):
            aliyun_kms.connect(KmsAddress(stranger.endpoint, KEY_ID), ACCESS_KEY).wrap(KEY, {})
        assert stranger.asked == []
        monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "authority.pem"))
        secure = aliyun_kms.connect(KmsAddress(trusted.endpoint, KEY_ID), ACCESS_KEY)
        assert secure.unwrap(secure.wrap(KEY, {}), {}) == KEY


def test_the_key_service_opens_the_vault_and_the_keychain_keeps_the_access_key(vault, access, origin, keychain):
    access.enable_kms(PHRASE, KmsAddress(origin.endpoint, KEY_ID), ACCESS_KEY)
    assert unlock_by_kms(vault, connect=connect) == unlock(vault, PHRASE)
    (kept,) = keychain.kept.values()
    assert json.loads(kept) == [ACCESS_KEY_ID, ACCESS_KEY_SECRET]
    for file in vault.root.iterdir():
        content = file.read_bytes()
        assert ACCESS_KEY_SECRET.encode() not in content
        assert ACCESS_KEY_ID.encode() not in content
    access.disable_kms(PHRASE)
    assert keychain.kept == {}
    with pytest.raises(KmsNotEnabled):
        unlock_by_kms(vault, ACCESS_KEY, connect=connect)


def test_without_a_keychain_the_access_key_is_asked_for_at_every_unlock(vault, access, origin, no_keychain):
    access.enable_kms(PHRASE, KmsAddress(origin.endpoint, KEY_ID), ACCESS_KEY)
    with pytest.raises(KmsAccessKeyNeeded):
        unlock_by_kms(vault, connect=connect)
    assert unlock_by_kms(vault, ACCESS_KEY, connect=connect) == unlock(vault, PHRASE)


def test_a_key_disabled_in_the_cloud_opens_nothing_any_more(vault, access, origin, no_keychain):
    access.enable_kms(PHRASE, KmsAddress(origin.endpoint, KEY_ID), ACCESS_KEY)
    origin.is_enabled = False
    with pytest.raises(KmsRefused) as caught:
        unlock_by_kms(vault, ACCESS_KEY, connect=connect)
    assert caught.value.facts["problem"] == "Rejected.Disabled"
    assert unlock(vault, PHRASE)


def test_another_master_key_or_a_wrong_pass_phrase_changes_nothing(vault, access, origin, no_keychain):
    before = vault.vault_file.read_bytes()
    address = KmsAddress(origin.endpoint, KEY_ID)
    with pytest.raises(PassphraseWrong):
        access.enable_kms(PHRASE + "!", address, ACCESS_KEY)
    origin.is_enabled = False
    with pytest.raises(KmsRefused):
        access.enable_kms(PHRASE, address, ACCESS_KEY)
    assert vault.vault_file.read_bytes() == before

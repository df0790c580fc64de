from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from quantbox.vault.credentials import Credentials
from quantbox.vault.errors import FieldDamaged
from quantbox.vault.fields import FieldCipher

KEY = bytes(range(32))
SECRETS = {"access_key_id": "LTAI-example", "access_key_secret": "密-example-secret"}


@pytest.fixture
def credentials(sessions, clock):
    return Credentials(sessions, FieldCipher(KEY), clock)


def row_of(sessions, name):
    with sessions() as session:
        return session.execute(text("SELECT version, sealed FROM credentials WHERE name = :name"), {"name": name}).one()


def test_credentials_come_back_per_account_and_name(credentials):
    credentials.put("owner", "sms", SECRETS)
    credentials.put("owner", "offsite.s3", {"secret": "x"})
    assert credentials.get("owner", "sms") == SECRETS
    assert credentials.get("other", "sms") is None
    assert credentials.names("owner") == ["offsite.s3", "sms"]
    credentials.delete("owner", "sms")
    credentials.delete("owner", "sms")
    assert credentials.get("owner", "sms") is None
    assert credentials.names("owner") == ["offsite.s3"]


def test_every_change_counts_and_the_row_opens_by_hand_at_its_place_only(credentials, sessions):
    credentials.put("owner", "sms", {"secret": "old"})
    first = row_of(sessions, "sms")
    credentials.put("owner", "sms", SECRETS)
    second = row_of(sessions, "sms")
    assert (first.version, second.version) == (1, 2)
    place = b'["credentials", "owner/sms", "sealed", 2]'
    assert json.loads(AESGCM(KEY).decrypt(second.sealed[1:13], second.sealed[13:], place)) == SECRETS
    assert b"example" not in second.sealed


@pytest.mark.parametrize(
    "moved", ["UPDATE credentials SET sealed = :old WHERE name = 'sms'", "UPDATE credentials SET version = 1"]
)
def test_an_older_value_put_back_or_a_version_set_back_is_detected(credentials, sessions, moved):
    credentials.put("owner", "sms", {"secret": "old"})
    old = row_of(sessions, "sms").sealed
    credentials.put("owner", "sms", SECRETS)
    with sessions.begin() as session:
        session.execute(text(moved), {"old": old} if ":old" in moved else {})
    with pytest.raises(FieldDamaged):
        credentials.get("owner", "sms")


def test_two_values_exchanged_are_detected(credentials, sessions):
    credentials.put("owner", "sms", {"secret": "one"})
    credentials.put("owner", "wechat", {"secret": "two"})
    other = row_of(sessions, "wechat").sealed
    with sessions.begin() as session:
        session.execute(text("UPDATE credentials SET sealed = :other WHERE name = 'sms'"), {"other": other})
    with pytest.raises(FieldDamaged):
        credentials.get("owner", "sms")


@pytest.mark.parametrize("name", ["", "a/b", "Sms", "../x", "a" * 65])
def test_a_name_that_could_be_read_as_another_place_is_refused(credentials, name):
    with pytest.raises(ValueError, match="no name"):
        credentials.put("owner", name, SECRETS)

"""Passkeys, answered by a software authenticator through the real verification."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import FixedClock
from quantbox.user_auth.factors.errors import (
    CodeRefused,
    PasskeyMissing,
    PasskeyRefused,
    PasskeysImpossible,
    TooManyPasskeys,
)
from quantbox.user_auth.factors.passkeys import passkey_place
from quantbox.user_auth.factors.service import Factors
from tests.user_auth.factors.authenticator import Authenticator, decode, encode
from tests.user_auth.factors.setting import ORIGIN, add_person, cipher, factors, person_id

__all__ = ["cipher", "factors", "person_id"]

LAN = "https://qb-7f3a.local:8443"


def enrol(factors: Factors, person_id: str, origin: str = ORIGIN, rp_id: str = "localhost", name: str = "指纹") -> Authenticator:
    """Return a device whose key is enrolled."""
    device = Authenticator(origin, rp_id)
    options = factors.passkeys.registration_options(person_id, "李雷", origin)
    factors.passkeys.register(person_id, name, origin, device.create(options))
    return device


@pytest.mark.parametrize(
    ("origin", "rp_id"),
    [
        ("http://localhost:8000", "localhost"),
        ("http://localhost", "localhost"),
        ("https://qb-7f3a.local:8443", "qb-7f3a.local"),
        ("http://127.0.0.1:8000", None),
        ("http://[::1]:8000", None),
        ("https://192.168.1.20:8443", None),
        ("http://qb-7f3a.local:8443", None),
        ("https://local", None),
        ("https://qb-7f3a.local.evil.example", None),
        ("http://localhost.evil.example", None),
        ("", None),
    ],
)
def test_passkeys_are_offered_only_where_browsers_have_them(
    factors: Factors, person_id: str, origin: str, rp_id: str | None
) -> None:
    place = passkey_place(origin)
    assert place.rp_id == rp_id
    assert (place.reason is None) == (rp_id is not None)
    if rp_id is None:
        assert place.reason is not None
        assert origin in place.reason.in_language("zh")
        for call in (
            lambda: factors.passkeys.registration_options(person_id, "李雷", origin),
            lambda: factors.passkey_options(person_id, origin),
        ):
            with pytest.raises(PasskeysImpossible):
                call()
    else:
        assert factors.passkeys.registration_options(person_id, "李雷", origin)["rp"]["id"] == rp_id


@pytest.mark.parametrize(("origin", "rp_id"), [(ORIGIN, "localhost"), (LAN, "qb-7f3a.local")])
def test_a_passkey_is_enrolled_and_proves_its_person(
    factors: Factors, person_id: str, clock: FixedClock, origin: str, rp_id: str
) -> None:
    device = Authenticator(origin, rp_id)
    options = factors.passkeys.registration_options(person_id, "李雷", origin)
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    assert len(decode(options["challenge"])) >= 16
    codes = factors.passkeys.register(person_id, "指纹", origin, device.create(options))
    assert codes is not None
    assert len(codes) == 10
    assert factors.methods_of(person_id) == ("passkey", "recovery")
    clock.advance(60)
    asked = factors.passkey_options(person_id, origin)
    assert asked["rpId"] == rp_id
    assert asked["userVerification"] == "required"
    assert [one["id"] for one in asked["allowCredentials"]] == [encode(device.credential_id)]
    assert asked["allowCredentials"][0]["transports"] == ["internal"]
    factors.check_passkey(person_id, origin, device.get(asked, encode(person_id.encode())))
    (passkey,) = factors.passkeys.list_passkeys(person_id)
    assert (passkey.name, passkey.last_used_at) == ("指纹", clock.now())


def refused(factors: Factors, person_id: str, credential: dict[str, Any], origin: str = ORIGIN) -> bool:
    """Return whether the answer is refused with the one refusal."""
    with pytest.raises(CodeRefused) as refusal:
        factors.check_passkey(person_id, origin, credential)
    return refusal.value.facts == {}


def test_an_answer_of_another_origin_is_refused(factors: Factors, person_id: str) -> None:
    device = enrol(factors, person_id)
    for origin in ("http://localhost:8001", "https://localhost:8000", "http://evil.example"):
        device.origin = origin
        assert refused(factors, person_id, device.get(factors.passkey_options(person_id, ORIGIN)))
    device.origin = ORIGIN
    answer = device.get(factors.passkey_options(person_id, ORIGIN))
    assert refused(factors, person_id, answer, origin=LAN)


def test_an_answer_for_another_name_is_refused(factors: Factors, person_id: str) -> None:
    device = enrol(factors, person_id)
    device.rp_id = "evil.example"
    assert refused(factors, person_id, device.get(factors.passkey_options(person_id, ORIGIN)))


def test_a_challenge_is_answered_once(factors: Factors, person_id: str) -> None:
    device = enrol(factors, person_id)
    options = factors.passkey_options(person_id, ORIGIN)
    answer = device.get(options)
    factors.check_passkey(person_id, ORIGIN, answer)
    assert refused(factors, person_id, answer)
    assert refused(factors, person_id, device.get(options))  # a fresh signature under the spent challenge


def test_a_wrong_answer_spends_the_challenge_too(factors: Factors, person_id: str) -> None:
    device = enrol(factors, person_id)
    options = factors.passkey_options(person_id, ORIGIN)
    device.is_user_verified = False
    assert refused(factors, person_id, device.get(options))
    device.is_user_verified = True
    assert refused(factors, person_id, device.get(options))


def test_a_challenge_lives_five_minutes(factors: Factors, person_id: str, clock: FixedClock) -> None:
    device = enrol(factors, person_id)
    options = factors.passkey_options(person_id, ORIGIN)
    clock.advance(299)
    factors.check_passkey(person_id, ORIGIN, device.get(options))
    options = factors.passkey_options(person_id, ORIGIN)
    clock.advance(300)
    assert refused(factors, person_id, device.get(options))


def test_a_challenge_is_of_one_person_and_one_purpose(factors: Factors, sessions: sessionmaker[Session], person_id: str) -> None:
    device = enrol(factors, person_id)
    other = add_person(sessions, "韩梅梅")
    others_device = enrol(factors, other)
    assert refused(factors, person_id, device.get(factors.passkey_options(other, ORIGIN)))
    assert refused(factors, person_id, others_device.get(factors.passkey_options(person_id, ORIGIN)))
    assert refused(factors, person_id, device.get(factors.passkeys.registration_options(person_id, "x", ORIGIN)))
    answer = Authenticator(ORIGIN, "localhost").create(factors.passkey_options(person_id, ORIGIN))
    with pytest.raises(PasskeyRefused):
        factors.passkeys.register(person_id, "x", ORIGIN, answer)


def test_a_challenge_nobody_drew_is_refused(factors: Factors, person_id: str) -> None:
    device = enrol(factors, person_id)
    assert refused(factors, person_id, device.get({"challenge": encode(b"\x01" * 32)}))


def test_the_person_must_be_verified_by_the_device(factors: Factors, person_id: str) -> None:
    device = Authenticator(ORIGIN, "localhost")
    device.is_user_verified = False
    answer = device.create(factors.passkeys.registration_options(person_id, "李雷", ORIGIN))
    with pytest.raises(PasskeyRefused):
        factors.passkeys.register(person_id, "x", ORIGIN, answer)
    device = enrol(factors, person_id)
    device.is_user_verified = False
    assert refused(factors, person_id, device.get(factors.passkey_options(person_id, ORIGIN)))


def test_a_copied_key_is_found_out_by_its_counter(factors: Factors, person_id: str) -> None:
    device = enrol(factors, person_id)
    copy = Authenticator(ORIGIN, "localhost")
    copy.key, copy.credential_id, copy.counter = device.key, device.credential_id, device.counter
    for _ in range(3):
        factors.check_passkey(person_id, ORIGIN, device.get(factors.passkey_options(person_id, ORIGIN)))
    assert refused(factors, person_id, copy.get(factors.passkey_options(person_id, ORIGIN)))
    factors.check_passkey(person_id, ORIGIN, device.get(factors.passkey_options(person_id, ORIGIN)))


def test_a_key_without_counter_works_on(factors: Factors, person_id: str) -> None:
    """Passkeys that are synchronised between devices always say 0 (WebAuthn level 2, 6.1.1)."""
    device = enrol(factors, person_id)
    for _ in range(2):
        device.counter = -1
        factors.check_passkey(person_id, ORIGIN, device.get(factors.passkey_options(person_id, ORIGIN)))


def test_a_signature_of_another_key_is_refused(factors: Factors, person_id: str) -> None:
    device = enrol(factors, person_id)
    device.key = Authenticator(ORIGIN, "localhost").key
    assert refused(factors, person_id, device.get(factors.passkey_options(person_id, ORIGIN)))


def test_a_passkey_of_the_window_is_not_asked_for_on_the_lan(factors: Factors, person_id: str) -> None:
    enrol(factors, person_id)
    assert factors.methods_of(person_id, ORIGIN) == ("passkey", "recovery")
    assert factors.methods_of(person_id, LAN) == ("recovery",)
    for _ in range(10):
        factors.check_code(person_id, "recovery", factors.recovery.renew(person_id)[0])
    with pytest.raises(PasskeyMissing):
        factors.passkey_options(person_id, LAN)


def test_a_factor_that_cannot_be_used_here_does_not_look_like_none(factors: Factors, person_id: str) -> None:
    enrol(factors, person_id)
    for code in factors.recovery.renew(person_id):
        factors.check_code(person_id, "recovery", code)
    assert factors.methods_of(person_id, LAN) == ("passkey",)


def test_a_key_that_says_it_is_anothers_is_refused(factors: Factors, person_id: str) -> None:
    device = enrol(factors, person_id)
    assert refused(factors, person_id, device.get(factors.passkey_options(person_id, ORIGIN), encode(b"somebody else")))


def test_a_key_is_enrolled_once(factors: Factors, person_id: str) -> None:
    device = enrol(factors, person_id)
    options = factors.passkeys.registration_options(person_id, "李雷", ORIGIN)
    assert [one["id"] for one in options["excludeCredentials"]] == [encode(device.credential_id)]
    with pytest.raises(PasskeyRefused):
        factors.passkeys.register(person_id, "again", ORIGIN, device.create(options))
    assert len(factors.passkeys.list_passkeys(person_id)) == 1


def test_passkeys_are_removed_one_by_one_and_only_ones_own(
    factors: Factors, sessions: sessionmaker[Session], person_id: str
) -> None:
    enrol(factors, person_id, name="一")
    device = enrol(factors, person_id, name="二")
    first, second = factors.passkeys.list_passkeys(person_id)
    with pytest.raises(PasskeyMissing):
        factors.passkeys.remove(add_person(sessions, "韩梅梅"), first.id)
    factors.passkeys.remove(person_id, first.id)
    assert factors.recovery.count(person_id) == 10
    factors.check_passkey(person_id, ORIGIN, device.get(factors.passkey_options(person_id, ORIGIN)))
    factors.passkeys.remove(person_id, second.id)
    assert factors.recovery.count(person_id) == 0
    assert factors.methods_of(person_id) == ()
    with pytest.raises(PasskeyMissing):
        factors.passkeys.remove(person_id, second.id)


def test_there_is_an_end_to_passkeys_and_to_open_challenges(
    factors: Factors, sessions: sessionmaker[Session], person_id: str, clock: FixedClock
) -> None:
    for _ in range(20):
        enrol(factors, person_id)
    with pytest.raises(TooManyPasskeys):
        factors.passkeys.registration_options(person_id, "李雷", ORIGIN)
    for _ in range(25):
        clock.advance(1)
        factors.passkey_options(person_id, ORIGIN)
    with sessions() as session:
        assert session.scalar(text("SELECT count(*) FROM passkey_challenges")) == 20


def test_forgetting_a_person_leaves_nothing(factors: Factors, sessions: sessionmaker[Session], person_id: str) -> None:
    enrol(factors, person_id)
    factors.totp.begin(person_id, "李雷")
    factors.passkey_options(person_id, ORIGIN)
    other = add_person(sessions, "韩梅梅")
    enrol(factors, other)
    factors.forget(person_id)
    tables = ("totp_factors", "passkeys", "passkey_challenges", "recovery_codes", "sms_phones", "sms_codes")
    with sessions() as session:
        for table in tables:
            mine = text(f"SELECT count(*) FROM {table} WHERE person_id = :person")
            assert session.scalar(mine, {"person": person_id}) == 0, table
    assert factors.methods_of(person_id) == ()
    assert factors.methods_of(other) == ("passkey", "recovery")


# Something is taken out, emptied, or put in another's place, anywhere in an answer.
SPOILED = st.sampled_from(["", "A", "!!!", "\ud800", None, 0, -1, [], {}, [[]], "A" * 5000, encode(b"{}"), encode(b"[" * 3000)])
PLACES = st.sampled_from(
    ["id", "rawId", "type", "response", "clientDataJSON", "authenticatorData", "signature", "attestationObject", "userHandle"]
)


@pytest.fixture
def device(factors: Factors, person_id: str) -> Authenticator:
    """A device whose key is enrolled, and stays so whatever is sent."""
    return enrol(factors, person_id)


@settings(max_examples=60, deadline=timedelta(seconds=5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=PLACES, value=SPOILED, is_left_out=st.booleans())
def test_a_spoiled_answer_is_refused_and_breaks_nothing(
    factors: Factors, person_id: str, device: Authenticator, place: str, value: Any, is_left_out: bool
) -> None:
    made = Authenticator(ORIGIN, "localhost").create(factors.passkeys.registration_options(person_id, "李雷", ORIGIN))
    with pytest.raises(PasskeyRefused):
        factors.passkeys.register(person_id, "x", ORIGIN, spoil(made, place if place in made else "attestationObject", value))
    got = device.get(factors.passkey_options(person_id, ORIGIN))
    spoiled = spoil(got, place if place != "attestationObject" else "signature", None if is_left_out else value)
    if place != "userHandle" or spoiled["response"]["userHandle"]:  # devices may leave it out
        assert refused(factors, person_id, spoiled)
    factors.check_passkey(person_id, ORIGIN, device.get(factors.passkey_options(person_id, ORIGIN)))
    assert len(factors.passkeys.list_passkeys(person_id)) == 1


def spoil(credential: dict[str, Any], place: str, value: Any) -> dict[str, Any]:
    """Return the answer with one field replaced."""
    spoiled: dict[str, Any] = json.loads(json.dumps(credential))
    target = spoiled if place in spoiled else spoiled["response"]
    target[place] = value
    return spoiled

"""Passwords: which are taken, at what cost they are kept, and that the cost can rise."""

from __future__ import annotations

import argon2
import pytest

from quantbox.user_auth.errors import PasswordCommon, PasswordShort
from quantbox.user_auth.people.passwords import is_outdated, is_right, make_verifier, nobodys_verifier, refuse_weak
from tests.user_auth.setting import cheap_passwords

__all__ = ["cheap_passwords"]

GOOD = "青瓦檐下 rain 七声"


@pytest.fixture(scope="module")
def verifier() -> str:
    return make_verifier(GOOD)


def test_a_verifier_names_argon2id_of_at_least_64_mib_three_passes_and_a_salt_of_16_bytes(verifier: str) -> None:
    parameters = argon2.extract_parameters(verifier)
    assert parameters.type is argon2.Type.ID
    assert parameters.memory_cost >= 64 * 1024
    assert parameters.time_cost >= 3
    assert parameters.salt_len == 16
    assert parameters.hash_len == 32
    assert argon2.extract_parameters(nobodys_verifier()) == parameters, "for nobody it takes as long"


def test_another_implementations_verifier_is_understood(verifier: str) -> None:
    theirs = argon2.PasswordHasher(time_cost=3, memory_cost=65536, parallelism=4).hash(GOOD)
    assert is_right(theirs, GOOD)
    assert argon2.PasswordHasher().verify(verifier, GOOD)


def test_only_the_very_password_is_right_however_a_keyboard_spells_it(cheap_passwords: None) -> None:
    verifier = make_verifier(GOOD)
    assert is_right(verifier, GOOD)
    assert not is_right(verifier, GOOD + " ")
    assert not is_right(verifier, GOOD.upper())
    assert not is_right(None, GOOD)
    assert not is_right("not a verifier", GOOD)
    accented = make_verifier("crème brûlée, twice")
    assert is_right(accented, "cre\u0300me bru\u0302le\u0301e, twice")


def test_a_verifier_below_todays_cost_is_outdated(verifier: str) -> None:
    assert not is_outdated(verifier)
    assert is_outdated(argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(GOOD))


@pytest.mark.parametrize("password", ["", "十一个字符还是不够长啊", "elevenchars", "e\u0301" * 11])
def test_a_short_password_is_refused_with_its_length(password: str) -> None:
    with pytest.raises(PasswordShort) as refused:
        refuse_weak(password, "lin")
    assert refused.value.facts["minimum"] == 12
    assert refused.value.facts["characters"] in {0, 11}


@pytest.mark.parametrize(
    "password",
    [
        "password1234",  # the most common ones of the published lists, as people lengthen them to twelve characters and more
        "Password1234",
        "123456789012",
        "012345678910",
        "987654321012",
        "qwertyuiop[]",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "iloveyou1234",
        "123456123456",
        "aaaaaaaaaaaa",
        "abcdefghijkl",
        "woaini1314520",
        "quantbox2026",
        "admin8888888",
        "linxilinxi12",  # the name
    ],
)
def test_a_common_password_is_refused(password: str) -> None:
    with pytest.raises(PasswordCommon):
        refuse_weak(password, "linxi")


@pytest.mark.parametrize(
    "password", [GOOD, "tall grass, 9 herons", "correct horse 青石板渡口", "kT9#vLq2!xW4", "床前明月光，疑是地上霜。"]
)
def test_an_uncommon_password_is_taken(password: str) -> None:
    refuse_weak(password, "linxi")

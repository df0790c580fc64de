"""Recovery codes: ten, long enough, each once."""

from __future__ import annotations

import hashlib
import re

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import FixedClock
from quantbox.user_auth.factors.errors import CodeRefused, FactorMissing
from quantbox.user_auth.factors.service import Factors
from tests.user_auth.factors.setting import add_person, cipher, factors, person_id
from tests.user_auth.factors.test_totp import code_at

__all__ = ["cipher", "factors", "person_id"]


@pytest.fixture
def codes(factors: Factors, person_id: str, clock: FixedClock) -> list[str]:
    """The codes given with the first factor."""
    secret = factors.totp.begin(person_id, "李雷").secret
    codes = factors.totp.confirm(person_id, code_at(secret, clock))
    assert codes is not None
    return codes


def test_ten_codes_of_eighty_bits_come_with_the_first_factor(codes: list[str]) -> None:
    assert len(set(codes)) == 10
    for code in codes:
        # 16 signs of an alphabet of 32: 16 x 5 = 80 bits; I, L, O and U are left out
        assert re.fullmatch(r"(?:[0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code)
    assert len({character for code in codes for character in code}) > 20


def test_each_code_is_good_once(factors: Factors, person_id: str, codes: list[str]) -> None:
    for left, code in zip(range(9, -1, -1), codes, strict=True):
        factors.check_code(person_id, "recovery", code)
        assert factors.recovery.count(person_id) == left
        with pytest.raises(CodeRefused):
            factors.check_code(person_id, "recovery", code)
    assert factors.methods_of(person_id) == ("totp",)


def test_codes_are_read_as_they_are_copied_from_paper(factors: Factors, person_id: str, codes: list[str]) -> None:
    factors.check_code(person_id, "recovery", codes[0].lower().replace("-", " "))
    misread = next(code for code in codes[1:] if "0" in code or "1" in code)  # none of nine has one: once in 10,000 runs
    factors.check_code(person_id, "recovery", misread.replace("0", "O").replace("1", "l"))


def test_new_codes_void_the_old_ones(factors: Factors, person_id: str, codes: list[str]) -> None:
    newer = factors.recovery.renew(person_id)
    assert set(newer).isdisjoint(codes)
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "recovery", codes[0])
    factors.check_code(person_id, "recovery", newer[0])
    assert factors.recovery.count(person_id) == 9


def test_codes_are_of_one_person(factors: Factors, sessions: sessionmaker[Session], codes: list[str]) -> None:
    with pytest.raises(CodeRefused):
        factors.check_code(add_person(sessions, "韩梅梅"), "recovery", codes[0])


def test_only_hashes_are_kept(sessions: sessionmaker[Session], person_id: str, codes: list[str]) -> None:
    with sessions() as session:
        keys = set(session.scalars(text("SELECT key FROM recovery_codes")))
    plain = [code.replace("-", "") for code in codes]
    assert keys == {hashlib.sha256(f"{person_id}:{code}".encode()).hexdigest() for code in plain}


def test_codes_stand_in_for_a_factor_and_never_alone(factors: Factors, person_id: str) -> None:
    with pytest.raises(FactorMissing):
        factors.recovery.renew(person_id)

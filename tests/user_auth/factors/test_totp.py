"""Authenticator apps: RFC 6238's own codes, the window, and that no code is taken twice."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pyotp
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import FixedClock
from quantbox.core.database import open_engine, session_factory
from quantbox.core.paths import DataFolder
from quantbox.user_auth.factors.errors import CodeRefused
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.factors.sms.settings import SmsSettingsService
from quantbox.user_auth.factors.tables import TotpRow
from quantbox.vault.credentials import Credentials
from quantbox.vault.fields import FieldCipher, Place
from tests.user_auth.factors.setting import add_person, cipher, factors, person_id

__all__ = ["cipher", "factors", "person_id"]


def code_at(secret: str, clock: FixedClock, seconds: int = 0) -> str:
    """Return what an app shows so many seconds from now."""
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + seconds)


@pytest.fixture
def secret(factors: Factors, person_id: str, clock: FixedClock) -> str:
    """The secret of an app in use, confirmed two minutes ago."""
    secret = factors.totp.begin(person_id, "李雷").secret
    factors.totp.confirm(person_id, code_at(secret, clock))
    clock.advance(120)
    return secret


# RFC 6238, appendix B, SHA-1: the secret is the ASCII text 12345678901234567890; of its eight digits an app shows the last six.
RFC_VECTORS = [
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
]


@pytest.mark.parametrize(("moment", "code"), RFC_VECTORS)
def test_the_codes_of_rfc_6238_are_taken(
    sessions: sessionmaker[Session], cipher: FieldCipher, person_id: str, moment: int, code: str
) -> None:
    clock = FixedClock(datetime.fromtimestamp(moment, UTC))
    factors = Factors(sessions, cipher, clock, SmsSettingsService(sessions, clock, Credentials(sessions, cipher, clock)))
    factors.totp.begin(person_id, "x")
    with sessions.begin() as session:
        row_id = session.scalars(select(TotpRow.id)).one()
        sealed = cipher.seal(Place("totp_factors", row_id, "secret"), b"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
        session.execute(update(TotpRow).values(secret=sealed, confirmed_at=clock.now()))
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "totp", f"{(int(code[-6:]) + 1) % 1000000:06d}")
    factors.check_code(person_id, "totp", code[-6:])


def test_an_app_counts_only_once_its_first_code_has_come(factors: Factors, person_id: str, clock: FixedClock) -> None:
    secret = factors.totp.begin(person_id, "李雷").secret
    assert factors.methods_of(person_id) == ()
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "totp", code_at(secret, clock))
    with pytest.raises(CodeRefused):
        factors.totp.confirm(person_id, code_at(secret, clock, 90))
    codes = factors.totp.confirm(person_id, code_at(secret, clock))
    assert codes is not None
    assert len(codes) == 10
    assert factors.methods_of(person_id) == ("totp", "recovery")


def test_the_code_that_confirmed_does_not_sign_in(factors: Factors, person_id: str, clock: FixedClock) -> None:
    secret = factors.totp.begin(person_id, "李雷").secret
    factors.totp.confirm(person_id, code_at(secret, clock))
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "totp", code_at(secret, clock))
    factors.check_code(person_id, "totp", code_at(secret, clock, 30))


def test_a_code_counts_half_a_minute_early_or_late_and_no_more(
    factors: Factors, person_id: str, secret: str, clock: FixedClock
) -> None:
    for seconds in (-60, 60):
        with pytest.raises(CodeRefused):
            factors.check_code(person_id, "totp", code_at(secret, clock, seconds))
    for seconds in (-30, 0, 30):
        factors.check_code(person_id, "totp", code_at(secret, clock, seconds))


def test_no_code_is_taken_again_nor_an_older_one_after_it(
    factors: Factors, person_id: str, secret: str, clock: FixedClock
) -> None:
    now, before = code_at(secret, clock), code_at(secret, clock, -30)
    factors.check_code(person_id, "totp", now)
    for code in (now, before):
        with pytest.raises(CodeRefused):
            factors.check_code(person_id, "totp", code)
    clock.advance(30)
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "totp", now)
    factors.check_code(person_id, "totp", code_at(secret, clock))


def test_of_two_processes_that_take_a_code_at_once_one_takes_it(
    data_folder: DataFolder,
    database_key: bytes,
    cipher: FieldCipher,
    person_id: str,
    secret: str,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two engines on one file stand for two processes; both have read the row before either writes."""
    both_have_read = threading.Barrier(2, timeout=20)
    taken: list[bool] = []

    def take() -> None:
        engine = open_engine(data_folder.database, database_key)
        sessions = session_factory(engine)
        totp = Factors(sessions, cipher, clock, SmsSettingsService(sessions, clock, Credentials(sessions, cipher, clock))).totp
        find_step = totp._find_step

        def find_and_wait(row: TotpRow, code: str) -> int | None:
            step = find_step(row, code)
            both_have_read.wait()
            return step

        totp._find_step = find_and_wait  # type: ignore[method-assign]
        try:
            totp.check(person_id, code_at(secret, clock))
            taken.append(True)
        except CodeRefused:
            taken.append(False)
        finally:
            engine.dispose()

    threads = [threading.Thread(target=take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == [False, True]


def test_wrong_old_replayed_and_missing_are_told_apart_to_nobody(
    factors: Factors, sessions: sessionmaker[Session], person_id: str, secret: str, clock: FixedClock
) -> None:
    used = code_at(secret, clock)
    factors.check_code(person_id, "totp", used)
    other = add_person(sessions, "韩梅梅")
    told = set()
    for who, method, code in (
        (person_id, "totp", used),
        (person_id, "totp", code_at(secret, clock, -600)),
        (person_id, "totp", "000000"),
        (person_id, "totp", ""),
        (person_id, "totp", "字" * 64),
        (person_id, "recovery", "0000-0000-0000-0000"),
        (person_id, "sms", "000000"),
        (person_id, "password", "000000"),
        (other, "totp", used),
    ):
        with pytest.raises(CodeRefused) as refusal:
            factors.check_code(who, method, code)
        told.add((refusal.value.code, refusal.value.message("zh"), refusal.value.next_step("zh"), str(refusal.value.facts)))
    assert len(told) == 1


@pytest.mark.parametrize(
    ("tries", "now"),
    [(40, time.thread_time), pytest.param(200, time.perf_counter, marks=pytest.mark.long)],
    ids=["this thread's own", "by the clock"],
)
def test_wrong_old_and_replayed_take_the_same_time(
    factors: Factors, person_id: str, secret: str, clock: FixedClock, tries: int, now: Callable[[], float]
) -> None:
    used = code_at(secret, clock)
    factors.check_code(person_id, "totp", used)
    cases = {"replayed": used, "older": code_at(secret, clock, -30), "wrong": code_at(secret, clock, 5000), "empty": "x"}
    seconds: dict[str, list[float]] = {case: [] for case in cases}
    for _ in range(tries):
        for case, code in cases.items():
            begun = now()
            with pytest.raises(CodeRefused):
                factors.check_code(person_id, "totp", code)
            seconds[case].append(now() - begun)
    medians = [statistics.median(times) for times in seconds.values()]
    assert max(medians) - min(medians) < 0.010


def test_codes_may_be_grouped_and_of_full_width(factors: Factors, person_id: str, secret: str, clock: FixedClock) -> None:
    code = code_at(secret, clock)
    full_width = "".join(chr(0xFF10 + int(digit)) for digit in code)
    factors.check_code(person_id, "totp", f"{full_width[:3]}\N{IDEOGRAPHIC SPACE}{full_width[3:]}")


def test_the_secret_has_160_bits_and_lies_sealed(
    factors: Factors, sessions: sessionmaker[Session], cipher: FieldCipher, person_id: str
) -> None:
    enrolment = factors.totp.begin(person_id, "李雷")
    assert len(enrolment.secret) * 5 == 160
    with sessions() as session:
        row_id, sealed = session.execute(text("SELECT id, secret FROM totp_factors")).one()
    assert enrolment.secret.encode() not in sealed
    assert cipher.open(Place("totp_factors", row_id, "secret"), sealed) == enrolment.secret.encode()
    assert enrolment.secret not in repr(enrolment)


def test_the_address_for_the_app_names_issuer_and_person(factors: Factors, person_id: str) -> None:
    enrolment = factors.totp.begin(person_id, "李雷")
    address = urlsplit(enrolment.uri)
    assert (address.scheme, address.netloc, unquote(address.path)) == ("otpauth", "totp", "/QuantBox:李雷")
    query = parse_qs(address.query)
    assert (query["secret"], query["issuer"]) == ([enrolment.secret], ["QuantBox"])
    assert enrolment.qr_svg.startswith("<svg")
    assert "style=" not in enrolment.qr_svg  # the pages' policy takes no inline style
    assert "<script" not in enrolment.qr_svg


def test_a_new_app_replaces_the_old_one_only_when_it_is_confirmed(
    factors: Factors, person_id: str, secret: str, clock: FixedClock
) -> None:
    newer = factors.totp.begin(person_id, "李雷").secret
    factors.check_code(person_id, "totp", code_at(secret, clock))
    assert factors.totp.confirm(person_id, code_at(newer, clock)) is None  # the recovery codes there are stay good
    clock.advance(60)
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "totp", code_at(secret, clock))
    factors.check_code(person_id, "totp", code_at(newer, clock))


def test_an_app_that_is_not_confirmed_in_ten_minutes_is_forgotten(factors: Factors, person_id: str, clock: FixedClock) -> None:
    secret = factors.totp.begin(person_id, "李雷").secret
    clock.advance(600)
    with pytest.raises(CodeRefused):
        factors.totp.confirm(person_id, code_at(secret, clock))


def test_removing_the_last_factor_voids_the_recovery_codes(
    factors: Factors, person_id: str, secret: str, clock: FixedClock
) -> None:
    assert factors.recovery.count(person_id) == 10
    factors.totp.remove(person_id)
    assert factors.methods_of(person_id) == ()
    assert factors.recovery.count(person_id) == 0
    with pytest.raises(CodeRefused):
        factors.check_code(person_id, "totp", code_at(secret, clock))

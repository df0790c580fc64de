"""Wrong guesses are answered slower and slower, on each device by itself, also after a restart."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.errors import Denied
from quantbox.user_auth.errors import TooManyAttempts
from quantbox.user_auth.signing_in.attempts import Attempts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "run" / "attempts.json"


@pytest.fixture
def attempts(file: Path, clock: FixedClock) -> Attempts:
    return Attempts(file, clock)


def fail(attempts: Attempts, account: str = "owner", device: str = "") -> None:
    with pytest.raises(Denied) as refused, attempts.attempt(account, device):
        raise Denied
    assert not isinstance(refused.value, TooManyAttempts)


def wait_of(attempts: Attempts, account: str = "owner", device: str = "") -> int:
    """Return the seconds an attempt has to wait; none is made while it waits."""
    with pytest.raises(TooManyAttempts) as refused, attempts.attempt(account, device):
        pytest.fail("it must not be tried while the wait goes on")
    return int(refused.value.facts["retry_after_seconds"])


def test_the_wait_doubles_after_five_failures_and_stays_at_a_minute(attempts: Attempts, clock: FixedClock) -> None:
    for _ in range(4):
        fail(attempts)
    waits = []
    for _ in range(9):
        fail(attempts)
        waits.append(wait_of(attempts))
        clock.advance(waits[-1])
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_what_comes_too_soon_is_not_counted(attempts: Attempts, clock: FixedClock) -> None:
    for _ in range(5):
        fail(attempts)
    for _ in range(50):
        assert wait_of(attempts) == 1
    clock.advance(1)
    fail(attempts)
    assert wait_of(attempts) == 2


def test_a_right_one_forgives_what_was_wrong_before(attempts: Attempts) -> None:
    for _ in range(2):
        for _ in range(4):
            fail(attempts)
        with attempts.attempt("owner", ""):
            pass


def test_a_fault_that_is_no_refusal_is_not_held_against_anybody(attempts: Attempts) -> None:
    for _ in range(10):
        with pytest.raises(OSError, match="gone"), attempts.attempt("owner", ""):
            raise OSError("the supervisor is gone")
    fail(attempts)


def test_a_thousand_guesses_from_elsewhere_never_delay_a_known_device(
    attempts: Attempts, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts.know("the owner's own laptop")
    monkeypatch.setattr("quantbox.user_auth.signing_in.attempts.write_atomically", lambda *_: None)  # a thousand syncs
    for number in range(1000):
        attempts.begin("owner", f"made up {number}")
        clock.advance(0.01)
    assert wait_of(attempts, device="another made up") > 0, "unknown devices share one count"
    assert wait_of(attempts, device="") > 0
    with attempts.attempt("owner", "the owner's own laptop"):
        pass
    for _ in range(5):
        fail(attempts, device="the owner's own laptop")
    assert wait_of(attempts, device="the owner's own laptop") == 1
    with attempts.attempt("somebody else", "the owner's own laptop"):
        pass


def test_a_device_that_was_revoked_counts_among_the_unknown(attempts: Attempts, file: Path) -> None:
    attempts.know("tablet")
    fail(attempts, device="tablet")
    (key,) = json.loads(file.read_text())["devices"]
    attempts.forget(key)
    assert not attempts.knows("tablet")
    assert json.loads(file.read_text())["counts"] == {}
    for _ in range(5):
        fail(attempts)
    assert wait_of(attempts, device="tablet") == 1


def test_counts_and_known_devices_outlive_the_program(file: Path, clock: FixedClock) -> None:
    before = Attempts(file, clock)
    before.know("window", is_window=True)
    for _ in range(11):  # the waits are 1, 2, 4, 8, 16, 32 seconds until then, and a minute after it
        before.begin("owner", "")
        clock.advance(40)
    after = Attempts(file, clock)
    assert wait_of(after) == 60 - 40
    assert after.is_window("window")
    with after.attempt("owner", "window"):
        pass


def test_a_killed_attempt_counts(file: Path, clock: FixedClock) -> None:
    for _ in range(5):
        Attempts(file, clock).begin("owner", "")  # and never heard of again
    assert wait_of(Attempts(file, clock)) == 1


def test_attempts_at_the_same_moment_find_no_gap(attempts: Attempts) -> None:
    with ThreadPoolExecutor(16) as pool:
        tried = list(pool.map(lambda _: attempts.begin("owner", "") == 0, range(64)))
    assert sum(tried) == 5


def test_a_clock_that_was_put_back_makes_nobody_wait_longer(attempts: Attempts, clock: FixedClock) -> None:
    for _ in range(12):
        attempts.begin("owner", "")
        clock.advance(60)
    attempts.begin("owner", "")
    clock.advance(-365 * 24 * 3600)
    assert wait_of(attempts) == 60
    clock.advance(60)
    fail(attempts)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"version": 2, "counts": {}, "devices": {}}',
        b'{"version": 1, "counts": {"a": 1}, "devices": {}}',
        b'{"version": 1, "counts": {"a": ["x", 0]}, "devices": {}}',
        b'{"version": 1, "counts": {"a": [1, 1e400]}, "devices": {}}',
        b'{"version": 1, "counts": {}, "devices": []}',
        b'{"version": 1, "counts": {"a": [1, NaN]}, "devices": {}}',
    ],
)
def test_a_damaged_file_is_begun_anew_and_told_of_once(file: Path, clock: FixedClock, content: bytes) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    told: list[str] = []
    attempts = Attempts(file, clock, lambda: told.append("damaged"))
    for _ in range(5):
        fail(attempts)
    assert wait_of(attempts) == 1
    assert told == ["damaged"]
    assert wait_of(Attempts(file, clock, lambda: pytest.fail("it is whole again"))) == 1


def test_the_file_is_the_owners_and_holds_no_cookie(attempts: Attempts, file: Path) -> None:
    attempts.know("the secret of a device's cookie")
    fail(attempts, device="the secret of a device's cookie")
    assert "secret" not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert [path.name for path in file.parent.iterdir()] == ["attempts.json"], "written whole, nothing left beside it"

"""Token buckets by hand calculation, and what a client over its share is told."""

from __future__ import annotations

import pytest

from quantbox.core.clock import FixedClock
from quantbox.web import rate_limits
from quantbox.web.errors import TooManyRequests
from quantbox.web.rate_limits import Buckets, Rate, RateLimits
from tests.web.program import PASSWORD, Browser


def test_a_bucket_gives_its_burst_at_once_and_one_every_two_seconds_after_that(clock: FixedClock) -> None:
    buckets = Buckets(Rate(burst=3, per_second=0.5), clock.monotonic)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]
    clock.advance(1.5)
    assert buckets.take("a") == pytest.approx(0.5)
    clock.advance(0.5)
    assert [buckets.take("a"), buckets.take("a")] == [0, 2]
    clock.advance(6)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]
    clock.advance(3600)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]  # it holds no more than its burst


def test_every_key_has_a_bucket_of_its_own_and_full_ones_are_forgotten(
    clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rate_limits, "MAX_KEYS", 5)
    buckets = Buckets(Rate(burst=1, per_second=1), clock.monotonic)
    assert [buckets.take(str(number)) for number in range(5)] == [0] * 5
    assert buckets.take("4") == 1
    clock.advance(1)
    assert buckets.take("new") == 0
    assert len(buckets._full_at) == 1


def test_a_client_over_its_share_is_told_how_long_to_wait(clock: FixedClock) -> None:
    limits = RateLimits(clock.monotonic)
    for _ in range(20):
        limits.charge_address("192.168.1.66", is_change_of_unknown=True)
    with pytest.raises(TooManyRequests) as refused:
        limits.charge_address("192.168.1.66", is_change_of_unknown=True)
    assert refused.value.facts == {"retry_after_seconds": 2}
    limits.charge_address("192.168.1.66", is_change_of_unknown=False)
    limits.charge_address("192.168.1.7", is_change_of_unknown=True)
    clock.advance(2)
    limits.charge_address("192.168.1.66", is_change_of_unknown=True)


def test_reading_over_the_lan_is_bounded_too(clock: FixedClock) -> None:
    limits = RateLimits(clock.monotonic)
    for _ in range(400):
        limits.charge_address("192.168.1.66", is_change_of_unknown=False)
    with pytest.raises(TooManyRequests):
        limits.charge_address("192.168.1.66", is_change_of_unknown=False)


#: What keeps somebody's phone or the machine busy, or derives a key, though only whoever is signed in may ask for it.
COSTLY_OF_PEOPLE = {
    "POST /me/password",
    "POST /me/sms",
    "POST /people",
    "POST /people/<person_id>/password",
    "POST /session/step-up",
    "POST /session/step-up/sms",
    "POST /settings/sms/test",
}


def test_messages_and_derived_passwords_count_as_expensive(stranger: Browser) -> None:
    endpoints = stranger.client.application.extensions["quantbox.endpoints"]
    assert {f"{one.method} {one.rule}" for one in endpoints if one.is_expensive} >= COSTLY_OF_PEOPLE
    signing_in = [one.rule for one in endpoints if one.role is None and one.is_expensive]
    assert signing_in == ["/restore"], "strangers would share what the owner needs to come in"


def test_proving_oneself_again_gives_no_fresh_share(browser: Browser, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "EXPENSIVE_OF_SESSION", Rate(burst=3, per_second=1))
    browser.client.application.extensions["quantbox.rate_limits"] = RateLimits(clock.monotonic)

    def prove(code: str) -> int:
        return browser.post("/session/step-up", {"method": "password", "code": code}).status_code

    assert [prove(PASSWORD), prove("wrong"), prove(PASSWORD), prove(PASSWORD)] == [200, 403, 200, 429]
    clock.advance(1)
    assert prove(PASSWORD) == 200


def test_a_made_up_cookie_has_no_share_of_its_own(stranger: Browser, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "EXPENSIVE_OF_SESSION", Rate(burst=3, per_second=1))
    app = stranger.client.application
    app.extensions["quantbox.rate_limits"] = RateLimits(clock.monotonic)

    def ask(number: int) -> None:
        with app.test_request_context("/", headers={"Cookie": f"quantbox_session=made-up-{number}"}):
            rate_limits.charge_expensive()

    for number in range(3):
        ask(number)
    with pytest.raises(TooManyRequests):
        ask(4)

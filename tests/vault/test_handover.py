import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from quantbox.core.clock import FixedClock, SystemClock
from quantbox.vault.handover import HandoverRefused, HandoverVerifier, sign

KEY = bytes(range(32))
PATH = "/api/v1/commands/data.show"


def test_a_signed_request_is_accepted_once():
    verifier = HandoverVerifier(KEY, SystemClock())
    header = sign(KEY, "POST", PATH, b"{}")
    verifier.check(header, "POST", PATH, b"{}")
    with pytest.raises(HandoverRefused):
        verifier.check(header, "POST", PATH, b"{}")


def test_the_signature_is_the_hmac_of_method_path_time_id_and_body_hash():
    scheme, value = sign(KEY, "POST", PATH, b"body").split(" ")
    identity, moment, signature = value.split(".")
    text = f"POST\n{PATH}\n{moment}\n{identity}\n{hashlib.sha256(b'body').hexdigest()}"
    assert scheme == "QuantBox-Handover"
    assert signature == hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "request_seen",
    [("GET", PATH, b"{}"), ("POST", PATH + "x", b"{}"), ("POST", PATH, b"{ }")],
)
def test_another_request_under_the_same_signature_is_refused(request_seen):
    with pytest.raises(HandoverRefused):
        HandoverVerifier(KEY, SystemClock()).check(sign(KEY, "POST", PATH, b"{}"), *request_seen)


def test_another_key_is_refused():
    with pytest.raises(HandoverRefused):
        HandoverVerifier(KEY, SystemClock()).check(sign(bytes(32), "POST", PATH, b""), "POST", PATH, b"")


@pytest.mark.parametrize(("seconds", "accepted"), [(-60, True), (60, True), (-61, False), (61, False)])
def test_the_window_is_a_minute_either_way(seconds, accepted):
    header = sign(KEY, "POST", PATH, b"")
    signed_at = int(header.split(".")[1])
    verifier = HandoverVerifier(KEY, FixedClock(datetime.fromtimestamp(signed_at + seconds, UTC)))
    if accepted:
        verifier.check(header, "POST", PATH, b"")
    else:
        with pytest.raises(HandoverRefused):
            verifier.check(header, "POST", PATH, b"")


@pytest.mark.parametrize(
    "header",
    ["", "Bearer x", "QuantBox-Handover", "QuantBox-Handover a.b.c", "QuantBox-Handover a.１.c", "QuantBox-Handover a.1.é"],
)
def test_a_malformed_header_is_refused(header):
    with pytest.raises(HandoverRefused):
        HandoverVerifier(KEY, SystemClock()).check(header, "POST", PATH, b"")

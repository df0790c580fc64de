"""Promise 23: one code, one tablet, two minutes, bound to the certificate; with a clock that stands still."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading

import pytest

from quantbox.core.clock import FixedClock
from quantbox.core.roles import Role
from quantbox.user_auth.pairing.errors import PairingCodeRefused, PairingNotReady, PairingUnknown
from quantbox.user_auth.pairing.models import Invitation, PairingState, Tablet
from quantbox.user_auth.pairing.service import Pairings
from quantbox.user_auth.pairing.words import six_words

FINGERPRINT = hashlib.sha256(b"the authority's certificate").digest()
TABLET = Tablet("iPad", "192.168.1.20")


class PairedDevices:
    """Keeps what became a device."""

    def __init__(self) -> None:
        self.paired: list[tuple[str, Role, str]] = []

    def pair_device(self, name: str, max_role: Role, address: str) -> str:
        self.paired.append((name, max_role, address))
        return f"token {len(self.paired)}"


@pytest.fixture
def devices() -> PairedDevices:
    return PairedDevices()


@pytest.fixture
def pairings(devices: PairedDevices, clock: FixedClock) -> Pairings:
    return Pairings(devices, clock)


@pytest.fixture
def invitation(pairings: Pairings) -> Invitation:
    return pairings.invite(Role.VIEWER, FINGERPRINT)


def text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def content(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


NONCE = text(bytes(range(16)))


def test_the_code_has_128_bits_and_the_qr_names_the_certificate(invitation: Invitation, pairings: Pairings) -> None:
    assert len(content(invitation.code)) * 8 == 128
    assert content(invitation.fingerprint) == FINGERPRINT
    assert pairings.invite(Role.VIEWER, FINGERPRINT).code != invitation.code
    fields = dict(part.split("=") for part in invitation.fragment().split("&"))
    assert fields == {"c": invitation.code, "f": invitation.fingerprint, "n": invitation.commitment}


def test_a_tablet_becomes_a_device_only_by_the_owners_word(
    pairings: Pairings, invitation: Invitation, devices: PairedDevices
) -> None:
    with pytest.raises(PairingNotReady):
        pairings.confirm(invitation.id, "客厅的 iPad")
    ticket, nonce = pairings.take(invitation.code, TABLET, NONCE)
    assert hashlib.sha256(content(nonce)).digest() == content(invitation.commitment)
    assert pairings.look(ticket) == (PairingState.COMPARE, None)
    shown = pairings.get(invitation.id)
    assert (shown.state, shown.tablet, len(shown.words)) == (PairingState.COMPARE, TABLET, 6)
    assert devices.paired == []
    assert pairings.confirm(invitation.id, "客厅的 iPad").state is PairingState.DONE
    assert devices.paired == [("客厅的 iPad", Role.VIEWER, "192.168.1.20")]
    assert pairings.look(ticket) == (PairingState.DONE, "token 1")
    assert pairings.look(ticket) == (PairingState.DONE, None)  # the cookie's value is told once
    with pytest.raises(PairingNotReady):
        pairings.confirm(invitation.id, "again")
    assert len(devices.paired) == 1


def test_the_words_follow_from_code_certificate_and_both_nonces() -> None:
    parts = [bytes([number]) * length for number, length in ((1, 16), (2, 32), (3, 16), (4, 16))]
    # sha256sum of the purpose and the four parts begins with 360dbdcf258e; these stand on those lines of the list, from 0
    assert six_words(*parts) == ("灰狼 wolf", "萝卜 radish", "梳子 comb", "帽子 hat", "果汁 juice", "汽车 car")
    for index, part in enumerate(parts):
        changed = [*parts[:index], part[:-1] + b"\xff", *parts[index + 1 :]]
        assert six_words(*changed) != six_words(*parts)


def test_a_code_is_used_once(pairings: Pairings, invitation: Invitation) -> None:
    pairings.take(invitation.code, TABLET, NONCE)
    with pytest.raises(PairingCodeRefused):
        pairings.take(invitation.code, Tablet("thief", "192.168.1.66"), text(secrets.token_bytes(16)))
    assert pairings.get(invitation.id).tablet == TABLET


def test_of_twenty_tablets_at_once_one_gets_the_code(pairings: Pairings, invitation: Invitation) -> None:
    taken: list[str] = []
    refused: list[str] = []
    gate = threading.Barrier(20)

    def bring(number: int) -> None:
        gate.wait()
        try:
            pairings.take(invitation.code, Tablet(f"tablet {number}", f"192.168.1.{number}"), NONCE)
            taken.append(f"tablet {number}")
        except PairingCodeRefused:
            refused.append(f"tablet {number}")

    threads = [threading.Thread(target=bring, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(taken), len(refused)) == (1, 19)
    tablet = pairings.get(invitation.id).tablet
    assert tablet is not None
    assert tablet.name == taken[0]


def test_it_ends_after_two_minutes_at_every_point(pairings: Pairings, clock: FixedClock, devices: PairedDevices) -> None:
    unused = pairings.invite(Role.VIEWER, FINGERPRINT)
    clock.advance(119)
    assert pairings.get(unused.id).state is PairingState.WAITING
    clock.advance(1)
    with pytest.raises(PairingCodeRefused):
        pairings.take(unused.code, TABLET, NONCE)
    assert pairings.get(unused.id).state is PairingState.EXPIRED
    compared = pairings.invite(Role.VIEWER, FINGERPRINT)
    ticket, _nonce = pairings.take(compared.code, TABLET, NONCE)
    clock.advance(120)
    with pytest.raises(PairingNotReady):
        pairings.confirm(compared.id, "late")
    assert pairings.look(ticket) == (PairingState.EXPIRED, None)
    assert pairings.get(compared.id).words == ()
    assert devices.paired == []


def test_a_cookie_nobody_collects_within_two_minutes_is_lost(
    pairings: Pairings, invitation: Invitation, clock: FixedClock
) -> None:
    ticket, _nonce = pairings.take(invitation.code, TABLET, NONCE)
    pairings.confirm(invitation.id, "iPad")
    clock.advance(120)
    assert pairings.look(ticket) == (PairingState.DONE, None)


def test_a_refused_pairing_stays_refused_and_a_new_invitation_voids_the_one_before(
    pairings: Pairings, invitation: Invitation, devices: PairedDevices
) -> None:
    ticket, _nonce = pairings.take(invitation.code, TABLET, NONCE)
    assert pairings.refuse(invitation.id).state is PairingState.REFUSED
    assert pairings.look(ticket) == (PairingState.REFUSED, None)
    with pytest.raises(PairingNotReady):
        pairings.confirm(invitation.id, "iPad")
    first = pairings.invite(Role.VIEWER, FINGERPRINT)
    pairings.invite(Role.VIEWER, FINGERPRINT)
    with pytest.raises(PairingCodeRefused):
        pairings.take(first.code, TABLET, NONCE)
    assert devices.paired == []


def test_what_is_no_code_is_refused_in_the_same_words(pairings: Pairings, invitation: Invitation) -> None:
    guesses = ["", "x", "A" * 22, "!" * 22, invitation.code[:-2], invitation.code + "AA", invitation.code.swapcase(), "é" * 22]
    messages = set()
    for guess in [*guesses, *(text(secrets.token_bytes(16)) for _ in range(1000))]:
        with pytest.raises(PairingCodeRefused) as refused:
            pairings.take(guess, TABLET, NONCE)
        messages.add((refused.value.message("zh"), str(refused.value.facts)))
    assert len(messages) == 1
    with pytest.raises(PairingCodeRefused):
        pairings.take(invitation.code, TABLET, "short")
    assert pairings.get(invitation.id).state is PairingState.WAITING  # guesses do not end it
    for stranger in ("", "guess", "é"):
        with pytest.raises(PairingUnknown):
            pairings.look(stranger)

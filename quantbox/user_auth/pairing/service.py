"""Pairings under way: in memory only, so that locking the vault or a restart ends them."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from dataclasses import dataclass, replace

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.core.roles import Role
from quantbox.user_auth.pairing.errors import PairingCodeRefused, PairingNotReady, PairingUnknown
from quantbox.user_auth.pairing.models import PAIRING_LIFE, Devices, Invitation, Pairing, PairingState, Tablet
from quantbox.user_auth.pairing.words import NONCE_BYTES, commitment_to, six_words
from quantbox.user_auth.random_tokens import hash_of, new_token

__all__ = ["Pairings"]

CODE_BYTES = 16
#: The tablet picks its cookie up within so long after the owner's word; then the pairing is forgotten.
COLLECT_LIFE = PAIRING_LIFE
MAX_UNDER_WAY = 8

_OPEN = (PairingState.WAITING, PairingState.COMPARE)


@dataclass(frozen=True)
class _Secrets:
    """What only the program knows of a pairing."""

    max_role: Role
    code: bytes
    fingerprint: bytes
    nonce: bytes
    ticket_hash: str = ""
    device_token: str | None = None


class Pairings:
    """Invites tablets, lets one take each invitation, and makes it a known device once the owner says the words agree.

    Parameters
    ----------
    devices : Devices
        Keeps the paired tablet.
    clock : Clock
        Ends invitations.
    """

    def __init__(self, devices: Devices, clock: Clock) -> None:
        self._devices, self._clock = devices, clock
        self._lock = threading.Lock()
        self._pairings: dict[str, tuple[Pairing, _Secrets]] = {}

    # --- the owner's side ---

    def invite(self, max_role: Role, fingerprint: bytes) -> Invitation:
        """Make an invitation, bound to the certificate with this fingerprint; the ones before end."""
        now = self._clock.now()
        pairing = Pairing(new_id(), PairingState.WAITING, (), None, now + PAIRING_LIFE)
        kept = _Secrets(max_role, secrets.token_bytes(CODE_BYTES), fingerprint, secrets.token_bytes(NONCE_BYTES))
        with self._lock:
            self._refuse_open()
            self._forget_old()
            self._pairings[pairing.id] = (pairing, kept)
        return Invitation(
            pairing.id, to_text(kept.code), to_text(fingerprint), to_text(commitment_to(kept.nonce)), pairing.expires_at
        )

    def get(self, pairing_id: str) -> Pairing:
        """Return how far the pairing is."""
        with self._lock:
            return self._find(pairing_id)[0]

    def confirm(self, pairing_id: str, name: str) -> Pairing:
        """Take the owner's word that both screens show the same six words: the tablet is a known device from now on.

        Raises
        ------
        PairingNotReady
            No tablet has brought the code yet, or the pairing has ended.
        """
        with self._lock:
            pairing, kept = self._find(pairing_id)
            if pairing.state is not PairingState.COMPARE or pairing.tablet is None:
                raise PairingNotReady
            token = self._devices.pair_device(name, kept.max_role, pairing.tablet.address)
            done = replace(
                pairing,
                state=PairingState.DONE,
                tablet=Tablet(name, pairing.tablet.address),
                expires_at=self._clock.now() + COLLECT_LIFE,
            )
            self._pairings[pairing_id] = (done, replace(kept, device_token=token))
            return done

    def refuse(self, pairing_id: str) -> Pairing:
        """End the pairing; nothing happens to one that has ended already."""
        with self._lock:
            pairing = self._find(pairing_id)[0]
            if pairing.state in _OPEN:
                self._end(pairing_id, PairingState.REFUSED)
            return self._find(pairing_id)[0]

    def refuse_all(self) -> None:
        """End every pairing under way: the certificate they are bound to is no longer shown."""
        with self._lock:
            self._refuse_open()
            self._pairings = {one: (pairing, replace(kept, device_token=None)) for one, (pairing, kept) in self._pairings.items()}

    # --- the tablet's side ---

    def take(self, code: str, tablet: Tablet, tablet_nonce: str) -> tuple[str, str]:
        """Let the first that brings the code be the tablet of its invitation.

        Returns
        -------
        tuple of str
            The ticket by which the tablet is known until the end, and the program's nonce.

        Raises
        ------
        PairingCodeRefused
            The code is wrong, old, or was used.
        """
        given, nonce = from_text(code, CODE_BYTES), from_text(tablet_nonce, NONCE_BYTES)
        if given is None or nonce is None:
            raise PairingCodeRefused
        with self._lock:
            for pairing, kept in [self._find(one) for one in self._pairings]:
                if secrets.compare_digest(kept.code, given) and pairing.state is PairingState.WAITING:
                    ticket = new_token()
                    words = six_words(kept.code, kept.fingerprint, kept.nonce, nonce)
                    compared = replace(pairing, state=PairingState.COMPARE, words=words, tablet=tablet)
                    self._pairings[pairing.id] = (compared, replace(kept, ticket_hash=hash_of(ticket)))
                    return ticket, to_text(kept.nonce)
        raise PairingCodeRefused

    def look(self, ticket: str) -> tuple[PairingState, str | None]:
        """Return how far the pairing of this ticket is, and the device cookie's value once it is done: once."""
        with self._lock:
            for pairing, kept in [self._find(one) for one in self._pairings]:
                if kept.ticket_hash and secrets.compare_digest(kept.ticket_hash, hash_of(ticket)):
                    if kept.device_token:
                        self._pairings[pairing.id] = (pairing, replace(kept, device_token=None))
                    return pairing.state, kept.device_token
        raise PairingUnknown

    # --- under the lock ---

    def _find(self, pairing_id: str) -> tuple[Pairing, _Secrets]:
        if pairing_id not in self._pairings:
            raise PairingUnknown
        pairing, kept = self._pairings[pairing_id]
        if self._clock.now() >= pairing.expires_at:
            if pairing.state in _OPEN:
                self._end(pairing_id, PairingState.EXPIRED)
            elif kept.device_token:
                self._pairings[pairing_id] = (pairing, replace(kept, device_token=None))
        return self._pairings[pairing_id]

    def _end(self, pairing_id: str, state: PairingState) -> None:
        pairing, kept = self._pairings[pairing_id]
        self._pairings[pairing_id] = (replace(pairing, state=state, words=()), kept)

    def _refuse_open(self) -> None:
        for pairing, _kept in list(self._pairings.values()):
            if pairing.state in _OPEN:
                self._end(pairing.id, PairingState.REFUSED)

    def _forget_old(self) -> None:
        while len(self._pairings) >= MAX_UNDER_WAY:
            del self._pairings[next(iter(self._pairings))]


def to_text(content: bytes) -> str:
    """Return bytes as base64url text, which needs no escaping in an address."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_text(text: str, length: int) -> bytes | None:
    """Return the bytes of base64url text; None where it is none of this length."""
    try:
        content = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
    return content if len(content) == length else None

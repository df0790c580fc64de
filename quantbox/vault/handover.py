"""How a command proves to the running program that it knows the pass phrase, without sending it.

Both sides derive the same key from the vault; the command signs one request with it. A signature holds for one
method, path and body, for a minute, and once.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
import time

from quantbox.core.clock import Clock
from quantbox.core.errors import Denied
from quantbox.core.ids import new_id
from quantbox.core.text import Text

__all__ = ["SCHEME", "HandoverRefused", "HandoverVerifier", "sign"]

#: Name of the scheme in the Authorization header.
SCHEME = "QuantBox-Handover"

#: How far apart the two readings of the clock may be.
WINDOW_SECONDS = 60


class HandoverRefused(Denied):
    """The signature does not prove that this command knows the pass phrase."""

    code = "vault.handover_refused"
    sentence = Text("命令的签名无效或已用过", "The command's signature is not valid, or was used before")
    hint = Text("请重新运行这个命令", "Run the command again")


def sign(key: bytes, method: str, path: str, body: bytes) -> str:
    """Return the Authorization header for one request, signed now."""
    identity, moment = new_id(), str(int(time.time()))
    return f"{SCHEME} {identity}.{moment}.{_signature(key, body, method, path, moment, identity)}"


class HandoverVerifier:
    """Checks signatures, each of which opens the door once.

    Parameters
    ----------
    key : bytes
        `Keys.handover` of the unlocked vault.
    clock : Clock
        Tells the time.
    """

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key, self._clock = key, clock
        self._used: dict[str, float] = {}
        self._lock = threading.Lock()

    def check(self, authorization: str, method: str, path: str, body: bytes) -> None:
        """Return when `authorization` signs this very request for the first time; raise HandoverRefused otherwise."""
        scheme, _, rest = authorization.partition(" ")
        parts = rest.split(".")
        if scheme != SCHEME or len(parts) != 3 or not (parts[1].isascii() and parts[1].isdigit() and len(parts[1]) <= 12):
            raise HandoverRefused
        identity, moment, given = parts
        now = self._clock.now().timestamp()
        expected = _signature(self._key, body, method, path, moment, identity)
        if not hmac.compare_digest(given.encode(), expected.encode()) or abs(now - int(moment)) > WINDOW_SECONDS:
            raise HandoverRefused
        with self._lock:
            # one past its window is refused by its time, so it need not be remembered longer
            self._used = {used: until for used, until in self._used.items() if until >= now}
            if identity in self._used:
                raise HandoverRefused
            self._used[identity] = int(moment) + WINDOW_SECONDS


def _signature(key: bytes, body: bytes, *signed: str) -> str:
    text = "\n".join((*signed, hashlib.sha256(body).hexdigest()))
    return hmac.digest(key, text.encode(), "sha256").hex()

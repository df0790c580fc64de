"""The services of people for other rooms: who there is, what they have open, and how they sign in."""

from __future__ import annotations

from quantbox.user_auth.devices.service import Devices
from quantbox.user_auth.people.service import People
from quantbox.user_auth.sessions.service import Sessions
from quantbox.user_auth.signing_in.attempts import Attempts
from quantbox.user_auth.signing_in.service import SignIns

__all__ = ["Attempts", "Devices", "People", "Sessions", "SignIns"]

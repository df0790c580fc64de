"""The audit log of a store, with the places outside its database where its end is kept: a file of the user, the keychain."""

from __future__ import annotations

import hmac

from sqlalchemy.orm import Session, sessionmaker

from quantbox.audit.anchors import Anchorage, AnchorPlace, FilePlace
from quantbox.audit.service import Audit
from quantbox.core.clock import Clock
from quantbox.core.paths import DataFolder, anchors_folder
from quantbox.vault.errors import KeychainUnavailable
from quantbox.vault.models import Keys
from quantbox.vault.service import exists, store_id
from quantbox.vault.wrappers import keychain

__all__ = ["anchor_places", "open_audit"]


def open_audit(
    folder: DataFolder, keys: Keys, sessions: sessionmaker[Session], clock: Clock, *, is_throw_away: bool = False
) -> Audit:
    """Return the audit log of the store in `folder`, anchored from its beginning."""
    # a database may be opened apart from its vault.json, by keys that came with it
    identity = store_id(folder) if exists(folder) else hmac.digest(keys.audit, b"quantbox store", "sha256").hex()[:32]
    audit = Audit(sessions, clock, Anchorage(identity, keys.audit, anchor_places(folder, identity, is_throw_away=is_throw_away)))
    audit.begin()
    return audit


def anchor_places(folder: DataFolder, identity: str, *, is_throw_away: bool) -> list[AnchorPlace]:
    """Return the places for one store; a throw-away store leaves nothing behind outside its own folder."""
    if is_throw_away:
        return [FilePlace(folder.root / "run" / "anchor.json")]
    return [FilePlace(anchors_folder() / f"{identity}.json"), KeychainPlace(f"{identity}/audit-anchor")]


class KeychainPlace:
    """The keychain of this user, where the system has one that answers."""

    name = "keychain"
    is_required = False

    def __init__(self, entry: str) -> None:
        self._entry = entry

    def read(self) -> str | None:
        """Return what the keychain holds; None also where there is no keychain."""
        return keychain.read_entry(self._entry)

    def write(self, text: str) -> None:
        """Keep the text, where there is a keychain."""
        if keychain.unavailable_because() is not None:
            return
        try:
            keychain.write_entry(self._entry, text)
        except KeychainUnavailable as refusal:
            raise OSError(str(refusal)) from refusal

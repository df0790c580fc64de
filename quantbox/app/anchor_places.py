"""Where the end of a store's audit log is kept outside its database: the user's state folder, and the system's keychain."""

from __future__ import annotations

from quantbox.audit.anchors import AnchorPlace, FilePlace
from quantbox.core.paths import DataFolder, anchors_folder
from quantbox.vault.errors import KeychainUnavailable
from quantbox.vault.wrappers import keychain

__all__ = ["anchor_places"]


def anchor_places(folder: DataFolder, store_id: str, *, is_throw_away: bool) -> list[AnchorPlace]:
    """Return the places for one store; a throw-away store leaves nothing behind outside its own folder."""
    if is_throw_away:
        return [FilePlace(folder.root / "run" / "anchor.json")]
    return [FilePlace(anchors_folder() / f"{store_id}.json"), KeychainPlace(f"{store_id}/audit-anchor")]


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

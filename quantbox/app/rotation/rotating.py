"""The rotation of one store, with what stands above the vault: the newest schema, every table, the audit log's anchor."""

from __future__ import annotations

from typing import Any

from quantbox.app.store_access import open_services_here
from quantbox.core.clock import SystemClock
from quantbox.core.database import Base
from quantbox.core.paths import DataFolder
from quantbox.vault.rotation.new_database import Progress
from quantbox.vault.rotation.rotating import Rotation, rotate
from quantbox.vault.service import unlock

__all__ = ["answer_of", "rotate_store"]


def rotate_store(
    folder: DataFolder,
    passphrase: str,
    *,
    new_passphrase: str | None,
    progress: Progress,
    is_throw_away: bool = False,
) -> Rotation:
    """Rotate every key of the store; the caller holds its lock.

    The audit log's anchor is signed with the old and the new key before the commit, so that it fits on either side of
    it; the next record then moves it on under the new key alone.
    """
    services = open_services_here(folder, unlock(folder, passphrase), is_throw_away=is_throw_away)
    try:  # opening it has brought the schema up to date
        if new_passphrase is not None:
            services.vault_access.refuse_passphrase(new_passphrase)
    finally:
        services.close()
    return rotate(
        folder,
        passphrase,
        Base.metadata,
        SystemClock(),
        new_passphrase=new_passphrase,
        before_commit=lambda keys: services.audit.countersign(keys.audit),
        progress=progress,
    )


def answer_of(rotation: Rotation) -> dict[str, Any]:
    """Return what a page or a command tells of a rotation; the code of the new recovery kit is shown this once."""
    kit = rotation.kit
    return {
        "epoch": rotation.epoch,
        "recovery_code": None if kit is None else kit.code,
        "confirm": [] if kit is None else list(kit.confirm),
    }

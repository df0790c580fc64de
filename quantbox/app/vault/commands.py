"""What `quantbox vault` does on an open store: puts in place what the terminal's side has prepared."""

from __future__ import annotations

from typing import Any

from quantbox.app.services import Services
from quantbox.vault.changes import Change
from quantbox.vault.wrappers.base import decode

__all__ = ["apply_change", "confirm_kit"]

Progress = Any  # the commands below end at once


def apply_change(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Put a prepared change in place; a new pass phrase ends every session."""
    services.vault_access.apply(Change.from_json(arguments["change"]))
    return {"store_id": services.vault_access.describe()["store_id"]}


def confirm_kit(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Let the recovery kit count whose groups were typed."""
    services.vault_access.confirm_by_check(decode(arguments["check"]))
    return {"store_id": services.vault_access.describe()["store_id"]}

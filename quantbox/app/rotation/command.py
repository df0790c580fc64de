"""`quantbox vault rotate` where it is typed: the keys are rotated here, while no program has the store open."""

from __future__ import annotations

import argparse
import time
from typing import Any

from quantbox.app.errors import StoreBusy, StoreOpen
from quantbox.app.rotation.rotating import answer_of, rotate_store
from quantbox.app.store_access import (
    LOCK_STEP_SECONDS,
    open_services_here,
    print_progress,
    read_passphrase,
    read_passphrase_file,
    require_store,
    unlock_noted,
)
from quantbox.audit.models import COMMAND_LINE, Outcome
from quantbox.core.errors import Denied, QuantBoxError
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock
from quantbox.core.program_file import find_program
from quantbox.core.text import Language
from quantbox.vault.service import unlock

__all__ = ["rotate_keys"]

_ACT = "vault.rotate"


def rotate_keys(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Encrypt everything anew under new keys; the pass phrases stay in this process."""
    require_store(folder)
    passphrase = read_passphrase(options, language)
    new_passphrase = read_passphrase_file(options.new_passphrase_file) if options.new_passphrase_file else None
    unlock_noted(folder, lambda: unlock(folder, passphrase))
    lock = _take_store(folder, options.wait)
    try:
        return _rotate(folder, passphrase, new_passphrase, show_progress=not options.json)
    finally:
        lock.release()


def _take_store(folder: DataFolder, wait_seconds: float) -> FileLock:
    deadline = time.monotonic() + wait_seconds
    lock = FileLock(folder.lock_file)
    while not lock.acquire(LOCK_STEP_SECONDS):
        program = find_program(folder)
        if program is not None and program.is_unlocked:
            raise StoreOpen
        if time.monotonic() >= deadline:
            raise StoreBusy(wait_seconds=f"{wait_seconds:g}")
    return lock


def _rotate(folder: DataFolder, passphrase: str, new_passphrase: str | None, *, show_progress: bool) -> dict[str, Any]:
    def tell(stage: str, fraction: float) -> None:
        if show_progress:
            print_progress(fraction, stage)

    try:
        rotation = rotate_store(folder, passphrase, new_passphrase=new_passphrase, progress=tell)
    except QuantBoxError as refusal:
        outcome = Outcome.REFUSED if isinstance(refusal, Denied) else Outcome.FAILED
        _record(folder, passphrase, outcome, {"code": refusal.code})
        raise
    services = open_services_here(folder, rotation.keys)
    try:
        if new_passphrase is not None:
            services.vault_access.passphrase_changed()
        services.audit.record(COMMAND_LINE, _ACT, Outcome.DONE, {"epoch": rotation.epoch})
    finally:
        services.close()
    return answer_of(rotation)


def _record(folder: DataFolder, passphrase: str, outcome: Outcome, facts: dict[str, Any]) -> None:
    services = open_services_here(folder, unlock(folder, passphrase))
    try:
        services.audit.record(COMMAND_LINE, _ACT, outcome, facts)
    finally:
        services.close()

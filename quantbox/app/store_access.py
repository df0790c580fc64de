"""How a command reaches the store: through the running program after proving the pass phrase, else under the folder's lock."""

from __future__ import annotations

import argparse
import getpass
import http.client
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from quantbox.app.errors import (
    FileUnreadable,
    ForwardedError,
    PassphraseFileUnreadable,
    PassphraseNeeded,
    PassphrasesDiffer,
    ProgramSilent,
    StoreBusy,
    StoreMissing,
)
from quantbox.app.unrecorded import UnrecordedActs
from quantbox.audit.models import COMMAND_LINE, Outcome
from quantbox.backup.switching import settle_unless_in_use
from quantbox.core.bus import LocalBus
from quantbox.core.clock import SystemClock
from quantbox.core.errors import Denied
from quantbox.core.ids import new_id
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock
from quantbox.core.program_file import RunningProgram, find_program
from quantbox.core.text import Language, Text
from quantbox.vault.handover import sign
from quantbox.vault.models import Keys
from quantbox.vault.rotation.epochs import key_set, settle
from quantbox.vault.service import exists, unlock

__all__ = [
    "examine",
    "open_services_here",
    "read_new_passphrase",
    "read_new_secret",
    "read_passphrase_file",
    "read_strategy",
    "require_store",
    "run_on_store",
    "run_opened",
]

LOCK_STEP_SECONDS = 0.25
MAX_SOURCE_BYTES = 1 << 20
_PASSPHRASE, _AGAIN = Text("口令: ", "Pass phrase: "), Text("再输一次: ", "Again: ")


def read_passphrase_file(path: Path) -> str:
    """Return the first line of the file without its line end."""
    try:
        first = path.read_text(encoding="utf-8-sig").split("\n", 1)[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as problem:
        raise PassphraseFileUnreadable(path=str(path)) from problem
    if not first:
        raise PassphraseFileUnreadable(path=str(path))
    return first


def read_passphrase(options: argparse.Namespace, language: Language) -> str:
    """Return the pass phrase from the file given, else from a prompt (never with --json)."""
    return read_secret(options.passphrase_file, _PASSPHRASE, options, language)


def read_new_passphrase(options: argparse.Namespace, language: Language) -> str:
    """Return the pass phrase of a new store; a typed one is asked for twice."""
    return read_new_secret(options.passphrase_file, _PASSPHRASE, options, language)


def read_secret(file: Path | None, prompt: Text, options: argparse.Namespace, language: Language) -> str:
    """Return a secret from the file given, else from a prompt (never with --json)."""
    if file:
        return read_passphrase_file(file)
    if options.json or not sys.stdin.isatty():
        raise PassphraseNeeded
    return getpass.getpass(prompt.in_language(language))


def read_new_secret(file: Path | None, prompt: Text, options: argparse.Namespace, language: Language) -> str:
    """Return a secret as `read_secret` does; a typed one is asked for twice."""
    first = read_secret(file, prompt, options, language)
    if not file and first != getpass.getpass(_AGAIN.in_language(language)):
        raise PassphrasesDiffer
    return first


def read_strategy(path: Path) -> str:
    """Return the text of a strategy file."""
    try:
        if path.stat().st_size > MAX_SOURCE_BYTES:
            raise FileUnreadable(path=str(path), problem=f"> {MAX_SOURCE_BYTES} bytes")
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise FileUnreadable(path=str(path), problem=str(problem)) from problem


def run_on_store(
    options: argparse.Namespace,
    folder: DataFolder,
    name: str,
    arguments: dict[str, Any],
    *,
    prepare: Callable[[str, Keys], dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Run the command `name`; waits for other commands up to --wait seconds.

    `prepare` returns further arguments from the pass phrase and the keys, which themselves stay in this process.
    """
    require_store(folder)
    passphrase = read_passphrase(options, arguments["language"])
    return run_opened(
        options,
        folder,
        name,
        arguments,
        open_vault=lambda: unlock(folder, passphrase),
        prepare=lambda keys: {} if prepare is None else prepare(passphrase, keys),
    )


def require_store(folder: DataFolder) -> None:
    """Finish a restore that was cut off, and raise where no store lies."""
    settle_unless_in_use(folder)
    if not exists(folder):
        raise StoreMissing(folder=str(folder.root))


def run_opened(
    options: argparse.Namespace,
    folder: DataFolder,
    name: str,
    arguments: dict[str, Any],
    *,
    open_vault: Callable[[], Keys],
    prepare: Callable[[Keys], dict[str, Any]],
) -> dict[str, Any]:
    """Run the command `name` as `run_on_store` does, where `open_vault` proves who asks."""

    def prove() -> tuple[tuple[str, int], Keys, dict[str, Any]]:
        known, keys = key_set(folder), unlock_noted(folder, open_vault)
        return known, keys, {**arguments, **prepare(keys)}

    known, keys, prepared = prove()
    lock = FileLock(folder.lock_file)
    if find_program(folder) is None:
        load_for(name)  # before the lock is held, so that commands that wait for it wait less
    deadline = time.monotonic() + options.wait  # from now on: the wait is for other commands, not for our own loading
    while True:
        if key_set(folder) != known:  # whoever we waited for has rotated them
            known, keys, prepared = prove()
        program = find_program(folder)
        if program is not None and program.is_unlocked:
            try:
                return hand_over(program, keys, name, prepared)
            except ConnectionRefusedError:  # it ended, or was locked, since we read its file
                pass
        if lock.acquire(LOCK_STEP_SECONDS):
            try:
                settle(folder)
                if key_set(folder) != known:
                    known, keys, prepared = prove()
                return run_here(folder, keys, name, prepared, show_progress=not options.json)
            finally:
                lock.release()
        if time.monotonic() >= deadline:
            raise StoreBusy(wait_seconds=f"{options.wait:g}")


def unlock_noted(folder: DataFolder, open_vault: Callable[[], Keys]) -> Keys:
    """Open the vault; a wrong proof is counted for the audit log, which it cannot open."""
    try:
        return open_vault()
    except Denied as refusal:
        UnrecordedActs(folder).note(COMMAND_LINE, "vault.unlock", Outcome.REFUSED, refusal.code, SystemClock().now())
        raise


def load_for(name: str) -> None:
    """Load what opening the store and running the command `name` needs."""
    from sqlalchemy.orm import configure_mappers

    from quantbox.app.commands import COMMANDS
    from quantbox.vault.wrappers import keychain

    command = COMMANDS[name]
    command.preload()
    configure_mappers()
    if command.act is not None:  # its record is anchored in the keychain, which takes its time to be found
        keychain.unavailable_because()


def open_services_here(folder: DataFolder, keys: Keys, *, is_throw_away: bool = False) -> Any:
    """Open the store in this process, which then runs its own jobs; the caller holds the folder's lock."""
    from quantbox.app.services import build_services

    clock = SystemClock()
    return build_services(folder, keys, bus=LocalBus(), clock=clock, owner=f"command:{new_id()}", is_throw_away=is_throw_away)


def run_here(folder: DataFolder, keys: Keys, name: str, arguments: dict[str, Any], *, show_progress: bool) -> dict[str, Any]:
    """Run a command with the store opened in this process."""
    from quantbox.app.commands import run_recorded

    services = open_services_here(folder, keys)
    try:
        # Whatever a command that was killed left running is ended truthfully by the next one that holds the lock.
        services.jobs.recover_lost(older_than_seconds=0)
        return run_recorded(services, name, arguments, print_progress if show_progress else ignore_progress)
    finally:
        services.close()


def ignore_progress(_fraction: float, _stage: str) -> None:
    """Say nothing."""


def print_progress(fraction: float, stage: str) -> None:
    """Show how far a command is, on one line of stderr."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{fraction:6.1%} {stage:<24}" + ("\n" if fraction >= 1 else ""))
        sys.stderr.flush()


def hand_over(program: RunningProgram, keys: Keys, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Let the running program run the command; proves the pass phrase by a signature and sends none."""
    path = f"/api/v1/commands/{name}"
    body = json.dumps(arguments, ensure_ascii=False).encode()
    address = urlsplit(program.url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port)
    headers = {"Content-Type": "application/json", "Authorization": sign(keys.handover, "POST", path, body)}
    try:
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        answer = json.loads(response.read())
    except ConnectionRefusedError:
        raise
    except (OSError, http.client.HTTPException, ValueError) as problem:
        raise ProgramSilent(problem=str(problem)) from problem
    finally:
        connection.close()
    if response.status == http.client.OK:
        document: dict[str, Any] = answer
        return document
    if answer.get("code") == "vault.locked":
        raise ConnectionRefusedError
    raise ForwardedError(answer["code"], answer["detail"], answer.get("hint", ""), answer.get("facts", {}))


def examine(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Return the doctor's document; without a pass phrase what needs the store is reported as locked or busy."""
    from quantbox.app.doctor import examine as examine_folder

    if options.passphrase_file and exists(folder):
        try:
            return run_on_store(options, folder, "doctor", {"language": language})
        except StoreBusy:
            return examine_folder(folder, None, language, is_busy=True)
    return examine_folder(folder, None, language)

"""`quantbox backup create|verify|rehearse|restore`: the first on an open store, the others on a file alone.

Pass phrases never leave this process: a running program is handed the key a backup's own pass phrase stands for, sealed.
"""

from __future__ import annotations

import argparse
import getpass
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantbox.app.backup.offsite_commands import add_offsite_commands, run_offsite
from quantbox.core.errors import QuantBoxError
from quantbox.core.paths import DataFolder
from quantbox.core.text import Language

if TYPE_CHECKING:  # the parser is built by every command, also by those that never open a database
    from quantbox.app.services import Services
    from quantbox.backup.locks import Header
    from quantbox.backup.models import Examined, Proof
    from quantbox.vault.models import Keys

__all__ = ["add_backup_commands", "count_store", "create_backup", "run_backup"]


def add_backup_commands(add: Callable[..., argparse.ArgumentParser], group: Any, run: Any, store: Any) -> None:
    """Add the commands to the parser; `run` is called with the options of any of them."""
    actions = group.add_subparsers(dest="backup_command", required=True, metavar="ACTION")
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--backup-passphrase-file", type=Path, metavar="FILE", help="备份自己的口令 / the backup's own pass phrase")
    file = argparse.ArgumentParser(add_help=False, parents=[own])
    file.add_argument("file", type=Path, metavar="FILE")
    file.add_argument(
        "--recovery-code-file", type=Path, metavar="FILE", help="恢复码文件 / file whose first line is the recovery code"
    )
    creating = add(actions, "create", "备份全部数据到一个加密文件 / save the whole store to one encrypted file", run, store, own)
    creating.add_argument("--out", type=Path, metavar="FILE")
    creating.add_argument(
        "--without-downloads",
        action="store_true",
        help="不含数据源可重新下载的行情 / leave out bars that a source can give again",
    )
    add(actions, "verify", "完整打开并核对备份 / open a backup in full and check it", run, store, file)
    add(actions, "rehearse", "演练恢复后清除 / restore into a scratch folder, compare, clean up", run, store, file)
    restoring = add(actions, "restore", "恢复到文件夹 / bring a store back", run, store, file)
    restoring.add_argument("--replace", action="store_true", help="替换已有数据 / replace the store that is there")
    add_offsite_commands(add, actions.add_parser("offsite", help="异地备份 / off-site backup"), run, store)


def run_backup(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Run one of the commands and return its document."""
    commands = {"create": _create, "verify": _verify, "rehearse": _rehearse, "restore": _restore, "offsite": run_offsite}
    return commands[options.backup_command](options, folder, language)


def create_backup(services: Services, arguments: dict[str, Any], progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Make a backup of the open store."""
    from quantbox.backup.locks import Locked
    from quantbox.user_auth.models import OWNER_ACCOUNT

    message = arguments.get("locked")
    return services.backups.create(
        OWNER_ACCOUNT,
        progress,
        out=Path(arguments["out"]) if arguments.get("out") else None,
        locked=Locked.from_message(message, services.keys.backup) if message else None,
        with_downloads=bool(arguments.get("include_downloads", True)),
    )


def count_store(services: Services, _arguments: dict[str, Any], _progress: Callable[[float, str], None]) -> dict[str, Any]:
    """Count what the open store holds, by kind."""
    return {"contents": services.backups.count()}


def _create(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    from quantbox.app.store_access import read_passphrase_file, run_on_store
    from quantbox.backup.locks import lock_by_passphrase
    from quantbox.backup.making import read_vault
    from quantbox.core.clock import SystemClock

    own = read_passphrase_file(options.backup_passphrase_file) if options.backup_passphrase_file else None

    def prepare(_passphrase: str, keys: Keys) -> dict[str, Any]:
        if own is None:
            return {}
        _text, store_id, epoch = read_vault(folder)
        locked = lock_by_passphrase(own, store_id, epoch, SystemClock().now())
        return {"locked": locked.to_message(keys.backup), "has_own_passphrase": True}

    arguments = {
        "out": str(options.out.absolute()) if options.out else None,
        "include_downloads": not options.without_downloads,
        "language": language,
    }
    return run_on_store(options, folder, "backup.create", arguments, prepare=prepare)


def _verify(options: argparse.Namespace, _folder: DataFolder, language: Language) -> dict[str, Any]:
    from quantbox.backup.examination import examine

    key = _find_key(options, language)
    examined = examine(options.file, lambda _header, _name: key, _temporary(), _progress(options))
    return {"path": str(options.file.absolute()), **examined.to_json()}


def _rehearse(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    from quantbox.backup.examination import rehearse

    key = _find_key(options, language)
    examined, compared = rehearse(options.file, lambda _header, _name: key, _temporary(), _progress(options))
    store = _compare_with_store(options, folder, language, examined)
    return {"path": str(options.file.absolute()), **examined.to_json(), "compared": {**compared, "store": store}}


def _restore(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    from quantbox.app.errors import StoreBusy
    from quantbox.backup.errors import ProgramHoldsStore
    from quantbox.backup.examination import read_header
    from quantbox.backup.restoring import refuse_store, restore
    from quantbox.core.clock import SystemClock
    from quantbox.core.program_file import find_program

    if not options.replace:
        refuse_store(folder)  # before a pass phrase is asked for
    program = find_program(folder)
    if program is not None and program.is_unlocked:
        raise ProgramHoldsStore(data_dir=str(folder.root))
    proof = _read_proof(options, read_header(options.file), language)
    clock, told = SystemClock(), _progress(options)
    try:
        restored = restore(
            options.file, proof, folder, replace=options.replace, clock=clock, wait_seconds=options.wait, progress=told
        )
    except ProgramHoldsStore as problem:
        raise StoreBusy(wait_seconds=f"{options.wait:g}") from problem
    return restored.to_json()


def _compare_with_store(
    options: argparse.Namespace, folder: DataFolder, language: Language, examined: Examined
) -> dict[str, Any] | None:
    """Hold a backup against the store in the data folder, where it is that store's and the pass phrase opens it."""
    from quantbox.app.store_access import run_on_store
    from quantbox.backup.models import compare_counts
    from quantbox.vault.service import exists, store_id

    if not options.passphrase_file or not exists(folder) or store_id(folder) != examined.store_id:
        return None
    try:
        now = run_on_store(options, folder, "backup.count", {"language": language})["contents"]
    except QuantBoxError as refusal:
        # the rehearsal itself went well: a store that is busy or has another pass phrase spoils nothing
        return {"same": None, "differences": {}, "error": refusal.message(language)}
    return compare_counts(examined, examined.store_id, now)


def _find_key(options: argparse.Namespace, language: Language) -> bytes:
    from quantbox.backup.examination import read_header

    header = read_header(options.file)
    return header.open(_read_proof(options, header, language), options.file.name).key


def _read_proof(options: argparse.Namespace, header: Header, language: Language) -> Proof:
    """Return what opens the backup, from the files given, else from a prompt (never with --json)."""
    from quantbox.app.store_access import read_passphrase, read_passphrase_file
    from quantbox.backup.models import Proof

    given = {
        name: read_passphrase_file(path)
        for name, path in (
            ("passphrase", options.passphrase_file),
            ("recovery_code", options.recovery_code_file),
            ("backup_passphrase", options.backup_passphrase_file),
        )
        if path
    }
    if header.has_own_passphrase:
        if "backup_passphrase" not in given and not options.json and sys.stdin.isatty():
            given["backup_passphrase"] = getpass.getpass("备份口令: " if language == "zh" else "The backup's pass phrase: ")
    elif not given:
        given["passphrase"] = read_passphrase(options, language)
    return Proof(**given)


def _temporary() -> Path:
    return Path(tempfile.gettempdir())


def _progress(options: argparse.Namespace) -> Callable[[float, str], None]:
    from quantbox.app.store_access import ignore_progress, print_progress

    return ignore_progress if options.json else print_progress

"""`quantbox backup offsite show|test|send|fetch|open`: all but the last on an open store, the last on a folder alone."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quantbox.core.paths import DataFolder
from quantbox.core.text import Language

if TYPE_CHECKING:  # the parser is built by every command, also by those that never open a database
    from quantbox.app.services import Services

__all__ = ["add_offsite_commands", "fetch_copy", "run_offsite", "send_offsite", "show_offsite", "try_offsite"]

Progress = Callable[[float, str], None]


def add_offsite_commands(add: Callable[..., argparse.ArgumentParser], group: Any, run: Any, store: Any) -> None:
    """Add the commands to the parser; `run` is called with the options of any of them."""
    actions = group.add_subparsers(dest="offsite_command", required=True, metavar="ACTION")
    add(actions, "show", "查看去处、状态和那里的备份 / show the place, how it goes, and the backups there", run, store)
    add(actions, "test", "写入、读回并删除一个小文件 / write, read back and delete a small file", run, store)
    add(actions, "send", "立即送出 / send what waits at once", run, store)
    fetching = add(actions, "fetch", "取回一份备份 / fetch a backup", run, store)
    fetching.add_argument("name", metavar="NAME")
    opening = add(actions, "open", "解开下载的目录，得到策略 / open a downloaded folder: the strategies in it", run, store)
    opening.add_argument("folder", type=Path, metavar="FOLDER")
    opening.add_argument("--out", type=Path, metavar="DIR", required=True)
    opening.add_argument("--recovery-code-file", type=Path, metavar="FILE", help="恢复码文件 / file with the recovery code")


def run_offsite(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Run one of the commands and return its document."""
    from quantbox.app.store_access import run_on_store

    if options.offsite_command == "open":
        return _open(options, language)
    arguments = {"language": language}
    if options.offsite_command == "fetch":
        arguments["backup"] = options.name
    return run_on_store(options, folder, f"offsite.{options.offsite_command}", arguments)


def show_offsite(services: Services, arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Tell where pieces go, how sending fares, and which backups lie there."""
    from quantbox.user_auth.models import OWNER_ACCOUNT

    document = services.offsite.overview(OWNER_ACCOUNT)
    state = {name: _text(value) for name, value in document["state"].items()}
    if state["error"] is not None:
        state["error"] = state["error"]["en" if arguments.get("language") == "en" else "zh"]
    copies = [{name: _text(value) for name, value in copy.items()} for copy in document["backups"]]
    return {**document, "kind": document["kind"].value, "state": state, "backups": copies}


def try_offsite(services: Services, _arguments: dict[str, Any], _progress: Progress) -> dict[str, Any]:
    """Write a small object there, read it back, delete it."""
    from quantbox.user_auth.models import OWNER_ACCOUNT

    services.offsite.test(OWNER_ACCOUNT)
    return {"ok": True}


def send_offsite(services: Services, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Have what waits sent at once; here where no worker runs beside us."""
    from quantbox.user_auth.models import OWNER_ACCOUNT

    services.offsite.send_now(OWNER_ACCOUNT)
    if not services.worker_beside:
        services.offsite.send_objects()
        services.offsite.send_copies()
    return show_offsite(services, arguments, progress)


def fetch_copy(services: Services, arguments: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """Bring a copy of a backup back into the folder of backups."""
    from quantbox.user_auth.models import OWNER_ACCOUNT

    services.offsite.fetch(arguments["backup"], OWNER_ACCOUNT, progress)
    return {"path": str(services.folder.backups / arguments["backup"])}


def _open(options: argparse.Namespace, language: Language) -> dict[str, Any]:
    from quantbox.app.store_access import read_passphrase, read_passphrase_file
    from quantbox.backup.offsite.recovery import open_objects
    from quantbox.vault.models import Keys
    from quantbox.vault.service import unlock_document

    code = read_passphrase_file(options.recovery_code_file) if options.recovery_code_file else None
    passphrase = read_passphrase(options, language) if code is None else None

    def unlock(vault: bytes) -> Keys:
        return unlock_document(vault, passphrase=passphrase, recovery_code=code)

    return open_objects(options.folder, options.out, unlock)


def _text(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value

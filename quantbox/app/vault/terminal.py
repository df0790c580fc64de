"""`quantbox vault` where it is typed: asks, prepares, and hands over no secret."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable
from typing import Any

from quantbox.app.errors import PassphraseNeeded, StoreMissing
from quantbox.app.rotation.command import rotate_keys
from quantbox.app.store_access import read_new_secret, read_passphrase_file, require_store, run_on_store, run_opened
from quantbox.core.clock import SystemClock
from quantbox.core.paths import DataFolder
from quantbox.core.text import Language, Text
from quantbox.vault import changes
from quantbox.vault.access import describe
from quantbox.vault.errors import RecoveryKitMissing
from quantbox.vault.models import Keys, NewKit
from quantbox.vault.service import exists, unlock_by_recovery
from quantbox.vault.wrappers import keychain, recovery
from quantbox.vault.wrappers.base import encode

__all__ = ["ACTIONS"]

_NEW = Text("新口令: ", "New pass phrase: ")
_WRITE_DOWN = Text(
    "请把恢复码抄在纸上，它只显示这一次：\n\n    {code}\n\n数据编号 {store_id}，生成于 {day}\n",
    "Write the recovery code down; it is shown this once:\n\n    {code}\n\nStore {store_id}, made on {day}\n",
)
_GROUP = Text("请照纸上输入第 {number} 组: ", "Type group {number} from your paper: ")


def show_vault(_options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Say how the vault is opened; needs no pass phrase, for nothing private is in it."""
    if not exists(folder):
        raise StoreMissing(folder=str(folder.root))
    shown = describe(folder, SystemClock().now())
    reason = shown["keychain"]["reason"]
    shown["keychain"]["reason"] = reason and reason.in_language(language)
    return shown


def change_passphrase(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Change the pass phrase, proven by itself or by the recovery kit's code."""
    prepare = changes.with_passphrase(read_new_secret(options.new_passphrase_file, _NEW, options, language))
    if options.recovery_code_file is None:
        return _run(options, folder, language, "vault.passphrase", lambda passphrase, _keys: _change(folder, passphrase, prepare))
    require_store(folder)
    code = read_passphrase_file(options.recovery_code_file)
    return run_opened(
        options,
        folder,
        "vault.passphrase",
        {"language": language, "method": "recovery"},
        open_vault=lambda: unlock_by_recovery(folder, code),
        prepare=lambda _keys: {"change": changes.prepared_by_kit(folder, code, SystemClock().now(), prepare).to_json()},
    )


def keep_recovery_kit(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Make, confirm or remove the recovery kit; with a terminal at hand a new one is confirmed at once."""
    if options.remove:
        closing = changes.closing(recovery.KIND.name)
        remove = lambda passphrase, _keys: _change(folder, passphrase, closing)  # noqa: E731
        return _run(options, folder, language, "vault.recovery_kit.remove", remove)
    if options.confirm:
        return _confirm(options, folder, language)
    kits: list[NewKit] = []

    def make(passphrase: str, _keys: Keys) -> dict[str, Any]:
        kit, change = changes.with_kit(folder, passphrase, SystemClock().now())
        kits.append(kit)
        return {"change": change.to_json()}

    _run(options, folder, language, "vault.recovery_kit.make", make)
    kit = kits[-1]  # made again where the keys were rotated while the command waited
    day = kit.created_at.date().isoformat()
    shown = {"store_id": kit.store_id, "created_at": kit.created_at.isoformat(), "confirm": list(kit.confirm)}
    if options.json or not sys.stdin.isatty():
        return {"code": kit.code, **shown, "is_confirmed": False}
    sys.stderr.write(_WRITE_DOWN.with_facts(code=kit.code, store_id=kit.store_id, day=day).in_language(language))
    _confirm(options, folder, language)
    return {**shown, "is_confirmed": True}


def change_keychain(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    """Let this user's keychain open the vault at the start, or no longer."""
    is_enabled = options.state == "on"
    prepare: changes.Prepare = changes.with_keychain if is_enabled else changes.closing(keychain.KIND.name)

    def change(passphrase: str, _keys: Keys) -> dict[str, Any]:
        return {**_change(folder, passphrase, prepare), "is_enabled": is_enabled}

    return {**_run(options, folder, language, "vault.keychain", change), "is_enabled": is_enabled}


def _confirm(options: argparse.Namespace, folder: DataFolder, language: Language) -> dict[str, Any]:
    numbers = show_vault(options, folder, language)["pending_kit"]
    if numbers is None:
        raise RecoveryKitMissing
    if options.groups_file:
        groups = read_passphrase_file(options.groups_file).split()
    elif options.json or not sys.stdin.isatty():
        raise PassphraseNeeded
    else:
        groups = [getpass.getpass(_GROUP.with_facts(number=number).in_language(language)) for number in numbers["confirm"]]

    def confirm(_passphrase: str, keys: Keys) -> dict[str, Any]:
        return {"check": encode(changes.check_of_groups(keys, groups))}

    return {**_run(options, folder, language, "vault.recovery_kit.confirm", confirm), "is_confirmed": True}


def _change(folder: DataFolder, passphrase: str, prepare: changes.Prepare) -> dict[str, Any]:
    return {"change": changes.prepared(folder, passphrase, SystemClock().now(), prepare).to_json()}


def _run(
    options: argparse.Namespace,
    folder: DataFolder,
    language: Language,
    name: str,
    prepare: Callable[[str, Keys], dict[str, Any]],
) -> dict[str, Any]:
    return run_on_store(options, folder, name, {"language": language}, prepare=prepare)


#: By the words after `quantbox vault`.
ACTIONS: dict[str, Callable[[argparse.Namespace, DataFolder, Language], dict[str, Any]]] = {
    "show": show_vault,
    "passphrase": change_passphrase,
    "recovery-kit": keep_recovery_kit,
    "rotate": rotate_keys,
    "keychain": change_keychain,
}

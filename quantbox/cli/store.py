"""The store itself: `quantbox init`, `doctor`, `people`, `vault` and `backup`."""

from __future__ import annotations

import argparse
from pathlib import Path

from quantbox import __version__
from quantbox.cli.answers import DONE, folder_of, language_of, show
from quantbox.cli.words import AddCommand

__all__ = ["add_people_commands", "add_vault_commands", "run_backup", "run_doctor", "run_init"]


def run_init(options: argparse.Namespace) -> int:
    """Create the store."""
    from quantbox.app.store_access import read_new_passphrase
    from quantbox.backup.switching import settle_unless_in_use
    from quantbox.vault.service import create, exists, refuse_existing

    folder = folder_of(options)
    settle_unless_in_use(folder)
    if exists(folder):
        refuse_existing(folder)
    create(folder, read_new_passphrase(options, language_of(options)))
    show(options, {"data_dir": str(folder.root), "version": __version__})
    return DONE


def run_doctor(options: argparse.Namespace) -> int:
    """Examine the program; works before init and without a pass phrase."""
    from quantbox.app.store_access import examine

    show(options, examine(options, folder_of(options), language_of(options)))
    return DONE


def add_people_commands(add: AddCommand, group: argparse.ArgumentParser, store: argparse.ArgumentParser) -> None:
    """Add `people list|add|reset`."""
    people = group.add_subparsers(dest="people_command", required=True, metavar="ACTION")
    add(people, "list", "查看人员 / show the people", run_people, store)
    adding = add(people, "add", "添加人员 / let somebody in", run_people, store)
    resetting = add(people, "reset", "重设密码并清除第二重验证 / new password, second factors cleared", run_people, store)
    for named in (adding, resetting):
        named.add_argument("name", metavar="NAME")
        named.add_argument("--password-file", type=Path, metavar="FILE", help="密码文件 / file with the password")
    adding.add_argument("--role", choices=["viewer", "trader", "owner"], default="viewer")


def run_people(options: argparse.Namespace) -> int:
    """Show or change who may use the store."""
    from quantbox.app.people.terminal import ACTIONS

    show(options, ACTIONS[options.people_command](options, folder_of(options), language_of(options)))
    return DONE


def add_vault_commands(add: AddCommand, group: argparse.ArgumentParser, store: argparse.ArgumentParser) -> None:
    """Add `vault show|passphrase|recovery-kit|rotate|keychain`."""
    vault = group.add_subparsers(dest="vault_command", required=True, metavar="ACTION")
    add(vault, "show", "查看解锁方式，不需口令 / show the ways to unlock; asks for nothing", run_vault, store)
    changing = add(vault, "passphrase", "更换口令 / change the pass phrase", run_vault, store)
    changing.add_argument("--new-passphrase-file", type=Path, metavar="FILE", help="新口令文件 / file with the new pass phrase")
    changing.add_argument(
        "--recovery-code-file",
        type=Path,
        metavar="FILE",
        help="忘记口令时的恢复码文件 / file with the recovery code, where it is forgotten",
    )
    kit = add(vault, "recovery-kit", "生成恢复包 / make a recovery kit", run_vault, store)
    which = kit.add_mutually_exclusive_group()
    which.add_argument("--confirm", action="store_true", help="照纸上确认 / confirm it from paper")
    which.add_argument("--remove", action="store_true", help="作废 / make it void")
    kit.add_argument(
        "--groups-file", type=Path, metavar="FILE", help="所问各组，空格分开 / the groups asked for, parted by blanks"
    )
    rotating = add(vault, "rotate", "更换所有密钥并重新加密 / rotate every key and encrypt anew", run_vault, store)
    rotating.add_argument("--new-passphrase-file", type=Path, metavar="FILE", help="同时更换口令 / change the pass phrase too")
    keychain = add(vault, "keychain", "用系统钥匙串自动解锁 / unlock by the system's keychain", run_vault, store)
    keychain.add_argument("state", choices=["on", "off"])


def run_vault(options: argparse.Namespace) -> int:
    """Show or change how the vault is opened."""
    from quantbox.app.vault.terminal import ACTIONS

    show(options, ACTIONS[options.vault_command](options, folder_of(options), language_of(options)))
    return DONE


def run_backup(options: argparse.Namespace) -> int:
    """Run `backup create|verify|rehearse|restore`."""
    from quantbox.app.backup import commands

    show(options, commands.run_backup(options, folder_of(options), language_of(options)))
    return DONE

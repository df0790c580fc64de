"""The command line: the one entry of every process, and the same services as the pages without the web.

A command imports only what it needs when it runs, so that the supervisor stays small and --help is quick.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from quantbox import __version__
from quantbox.app.backup.commands import add_backup_commands
from quantbox.core.disk import find_disk_error
from quantbox.core.errors import QuantBoxError
from quantbox.core.paths import DataFolder, default_data_folder
from quantbox.core.text import Language

__all__ = ["main"]

DONE, FAILED, WRONG_USAGE = 0, 1, 2
AddCommand = Callable[..., argparse.ArgumentParser]


class WrongUsage(Exception):
    """The words of the command are off."""


class Parser(argparse.ArgumentParser):
    """An argument parser that leaves it to `main` how a mistake is printed."""

    def error(self, message: str) -> NoReturn:
        """Refuse the command line."""
        usage = f"{message}\n{self.format_usage().strip()}"
        raise WrongUsage(usage)


def common_options() -> argparse.ArgumentParser:
    """Return the options every command has."""
    options = Parser(add_help=False)
    options.add_argument("--data-dir", type=Path, metavar="DIR", help="数据文件夹 / the data folder")
    options.add_argument("--json", action="store_true", help="标准输出只有一份 JSON / one JSON document on stdout")
    options.add_argument("--lang", choices=["zh", "en"], help="语言 / language")
    return options


def store_options() -> argparse.ArgumentParser:
    """Return the options of commands that open the store."""
    options = Parser(add_help=False)
    options.add_argument(
        "--passphrase-file", type=Path, metavar="FILE", help="口令文件（UTF-8 首行） / file whose first line is the pass phrase"
    )
    options.add_argument(
        "--wait", type=seconds, default=60.0, metavar="SECONDS", help="等待其他命令的秒数 / seconds to wait for other commands"
    )
    return options


def build_parser() -> Parser:
    """Return the parser of all commands."""
    common, store = common_options(), store_options()
    parser = Parser(prog="quantbox", description="量化宝盒 QuantBox")
    parser.add_argument("--version", action="version", version=f"QuantBox {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    def add(
        group: Any, name: str, help_text: str, run: Callable[..., int], *parents: argparse.ArgumentParser
    ) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = group.add_parser(name, help=help_text, parents=[common, *parents])
        command.set_defaults(run=run)
        return command

    for name, text in (
        ("window", "打开窗口（默认） / open the window (default)"),
        ("serve", "只提供网页 / serve the pages only"),
        ("start", "有显示器开窗口，否则提供网页 / the window where there is a display, else serve"),
    ):
        program = add(commands, name, text, run_program)
        program.add_argument("--port", type=int, metavar="N")
        program.add_argument(
            "--demo", action="store_true", help="临时数据夹、模拟市场、示例回测 / throw-away store, demo market, sample backtest"
        )

    add(commands, "init", "建立数据文件夹 / create the store", run_init, store)
    add(commands, "doctor", "体检 / examine the program", run_doctor, store)

    add_data_commands(add, commands.add_parser("data", help="行情数据 / market data"), store)
    add_backtest_commands(add, commands.add_parser("backtest", help="回测 / backtests"), store)
    add_audit_commands(add, commands.add_parser("audit", help="审计日志 / the audit log"), store)
    add_backup_commands(add, commands.add_parser("backup", help="备份与恢复 / backups"), run_backup, store)
    add_people_commands(add, commands.add_parser("people", help="人员与密码 / people and passwords"), store)
    add_vault_commands(add, commands.add_parser("vault", help="密钥与解锁方式 / keys and ways to unlock"), store)
    add_process_entries(commands, common)
    return parser


def add_data_commands(add: AddCommand, group: argparse.ArgumentParser, store: argparse.ArgumentParser) -> None:
    """Add `data import|update|show|check`."""
    data = group.add_subparsers(dest="data_command", required=True, metavar="ACTION")
    importing = add(data, "import", "导入文件 / import files", run_data_import, store)
    importing.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    importing.add_argument("--symbol")
    importing.add_argument("--adjust", choices=["none", "qfq", "hfq"])
    update = add(data, "update", "从网上补齐 / fetch from the online source", run_data_update, store)
    update.add_argument("symbols", nargs="*", metavar="SYMBOL")
    update.add_argument("--source", default="akshare")
    show = add(data, "show", "查看已存的日线 / show stored bars", run_data_show, store)
    show.add_argument("symbol", metavar="SYMBOL")
    show.add_argument("--adjust", choices=["none", "qfq", "hfq"], default="none")
    checking = add(data, "check", "检查已存的数据 / check stored data", run_data_check, store)
    checking.add_argument("symbols", nargs="*", metavar="SYMBOL")
    for dated in (update, show):
        dated.add_argument("--start", type=iso_date, metavar="YYYY-MM-DD")
        dated.add_argument("--end", type=iso_date, metavar="YYYY-MM-DD")


def add_backtest_commands(add: AddCommand, group: argparse.ArgumentParser, store: argparse.ArgumentParser) -> None:
    """Add `backtest run`."""
    backtest = group.add_subparsers(dest="backtest_command", required=True, metavar="ACTION")
    running = add(backtest, "run", "运行一次回测 / run a backtest", run_backtest, store)
    running.add_argument("file", type=Path, metavar="FILE")
    running.add_argument("--symbols", required=True, metavar="A[,B…]")
    running.add_argument("--start", required=True, type=iso_date, metavar="YYYY-MM-DD")
    running.add_argument("--end", required=True, type=iso_date, metavar="YYYY-MM-DD")
    running.add_argument("--cash", required=True, type=yuan, metavar="N")
    running.add_argument("--param", action="append", default=[], type=key_value, metavar="K=V")
    running.add_argument("--rules", choices=["on", "off"], default="on")
    running.add_argument("--class", dest="class_name", metavar="NAME")
    running.add_argument("--benchmark", metavar="SYMBOL")


def add_audit_commands(add: AddCommand, group: argparse.ArgumentParser, store: argparse.ArgumentParser) -> None:
    """Add `audit verify|list|export|anchor`."""
    audit = group.add_subparsers(dest="audit_command", required=True, metavar="ACTION")
    add(audit, "verify", "检查整份日志 / examine the whole log", run_audit_verify, store)
    listing = add(audit, "list", "查看记录，最新在前 / show records, newest first", run_audit_list, store)
    listing.add_argument("--text", metavar="WORDS", help="操作、人员、地址或内容 / part of an act, person, address or fact")
    listing.add_argument("--act", metavar="ACT")
    listing.add_argument("--outcome", choices=["done", "refused", "failed"])
    listing.add_argument("--limit", type=int, default=50, metavar="N")
    listing.add_argument("--cursor", metavar="CURSOR")
    exporting = add(audit, "export", "导出到文件 / write records to a file", run_audit_export, store)
    exporting.add_argument("--out", type=Path, required=True, metavar="FILE")
    exporting.add_argument("--format", choices=["csv", "jsonl"], default="csv")
    for dated in (listing, exporting):
        dated.add_argument("--start", type=iso_date, metavar="YYYY-MM-DD")
        dated.add_argument("--end", type=iso_date, metavar="YYYY-MM-DD")
    add(audit, "anchor", "数据移到本机后重新锚定 / anchor anew after the data was moved here", run_audit_anchor, store)


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


def add_vault_commands(add: AddCommand, group: argparse.ArgumentParser, store: argparse.ArgumentParser) -> None:
    """Add `vault show|passphrase|recovery-kit|rotate|keychain`."""
    vault = group.add_subparsers(dest="vault_command", required=True, metavar="ACTION")
    add(vault, "show", "查看解锁方式，不需口令 / show the ways to unlock; asks for nothing", run_vault, store)
    changing = add(vault, "passphrase", "更换口令 / change the pass phrase", run_vault, store)
    changing.add_argument("--new-passphrase-file", type=Path, metavar="FILE", help="新口令文件 / file with the new pass phrase")
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


def add_process_entries(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the entries processes start each other by; not shown in the help."""
    for name in ("web", "worker", "job-child", "window-process", "demo-store", "rotate-process"):
        entry = commands.add_parser(name, parents=[common])
        entry.set_defaults(run=run_process_entry, entry=name)


def iso_date(text: str) -> str:
    """Check a date written YYYY-MM-DD."""
    from datetime import date

    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: YYYY-MM-DD") from None


def seconds(text: str) -> float:
    """Check a number of seconds."""
    try:
        wanted = float(text)
    except ValueError:
        wanted = -1.0
    if not 0 <= wanted < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: 秒，不小于 0 / seconds, 0 or more")
    return wanted


def yuan(text: str) -> str:
    """Check an amount in yuan."""
    from decimal import Decimal, InvalidOperation

    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r}: 元 / yuan") from None
    if not amount.is_finite():
        raise argparse.ArgumentTypeError(f"{text!r}: 元 / yuan")
    return str(amount)


def key_value(text: str) -> tuple[str, str]:
    """Split k=v."""
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise argparse.ArgumentTypeError(f"{text!r}: k=v")
    return key, value


def language_of(options: argparse.Namespace) -> Language:
    """Return the language to print in: --lang, else QUANTBOX_LANGUAGE, else Chinese."""
    chosen = options.lang or os.environ.get("QUANTBOX_LANGUAGE", "zh")
    return "en" if chosen == "en" else "zh"


def folder_of(options: argparse.Namespace) -> DataFolder:
    """Return the data folder: --data-dir, else QUANTBOX_DATA_DIR, else the platform's place."""
    chosen = options.data_dir or os.environ.get("QUANTBOX_DATA_DIR")
    return DataFolder(Path(chosen).absolute()) if chosen else default_data_folder()


def show(options: argparse.Namespace, document: dict[str, Any]) -> None:
    """Print a document: as it is with --json, else for a person."""
    if options.json:
        json.dump(document, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
        return
    from quantbox.app.console import write_for_people

    write_for_people(document, language_of(options))


def run_program(options: argparse.Namespace) -> int:
    """Start the window or the server and stay until it ends."""
    from quantbox.desktop.launch import launch

    return launch(
        folder_of(options),
        mode=options.command,
        port=options.port,
        demo=options.demo,
        language=language_of(options),
        as_json=options.json,
    )


def run_process_entry(options: argparse.Namespace) -> int:
    """Become one of the program's own processes."""
    if options.entry == "web":
        from quantbox.app import web_process

        return web_process.main(folder_of(options))
    if options.entry == "worker":
        from quantbox.worker import process

        return process.main(folder_of(options))
    if options.entry == "demo-store":
        from quantbox.app import demo

        return demo.main(folder_of(options), language_of(options))
    if options.entry == "rotate-process":
        from quantbox.app.rotation import process as rotation

        return rotation.main(folder_of(options))
    if options.entry == "job-child":
        from quantbox.worker import job_child

        return job_child.main()
    from quantbox.desktop import window

    return window.main()


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


def run_command(options: argparse.Namespace, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run a command on the open store, here or in the running program."""
    from quantbox.app.store_access import run_on_store

    language = language_of(options)
    return run_on_store(options, folder_of(options), name, {**arguments, "language": language})


def run_data_import(options: argparse.Namespace) -> int:
    """Bring files into the bar store; exit 1 when any file was refused."""
    paths = [str(path.absolute()) for path in options.paths]
    document = run_command(options, "data.import", {"paths": paths, "symbol": options.symbol, "adjust": options.adjust})
    show(options, document)
    return FAILED if any(file["refused"] is not None for file in document["files"]) else DONE


def run_data_update(options: argparse.Namespace) -> int:
    """Fetch what is missing from the online source; exit 1 when any symbol could not be fetched."""
    arguments = {"symbols": options.symbols, "start": options.start, "end": options.end, "source": options.source}
    document = run_command(options, "data.update", arguments)
    show(options, document)
    return FAILED if document.get("failed") else DONE


def run_data_show(options: argparse.Namespace) -> int:
    """Show stored bars."""
    arguments = {"symbol": options.symbol, "adjust": options.adjust, "start": options.start, "end": options.end}
    show(options, run_command(options, "data.show", arguments))
    return DONE


def run_data_check(options: argparse.Namespace) -> int:
    """List what is doubtful in the stored bars."""
    show(options, run_command(options, "data.check", {"symbols": options.symbols}))
    return DONE


def run_backup(options: argparse.Namespace) -> int:
    """Run `backup create|verify|rehearse|restore`."""
    from quantbox.app.backup import commands

    show(options, commands.run_backup(options, folder_of(options), language_of(options)))
    return DONE


def run_backtest(options: argparse.Namespace) -> int:
    """Run one backtest and print its document."""
    from quantbox.app.store_access import read_strategy

    arguments = {
        "source": read_strategy(options.file),
        "file_name": options.file.name,
        "class_name": options.class_name,
        "symbols": [text.strip() for text in options.symbols.split(",") if text.strip()],
        "start": options.start,
        "end": options.end,
        "cash": options.cash,
        "params": dict(options.param),
        "rules": options.rules == "on",
        "benchmark": options.benchmark,
    }
    show(options, run_command(options, "backtest.run", arguments))
    return DONE


def run_audit_verify(options: argparse.Namespace) -> int:
    """Examine the audit log; exit 1 when it is not whole or not anchored."""
    document = run_command(options, "audit.verify", {})
    show(options, document)
    return DONE if document["ok"] else FAILED


def run_audit_list(options: argparse.Namespace) -> int:
    """Show records of the audit log."""
    names = ("text", "act", "outcome", "start", "end", "limit", "cursor")
    show(options, run_command(options, "audit.list", {name: getattr(options, name) for name in names}))
    return DONE


def run_audit_export(options: argparse.Namespace) -> int:
    """Write records of the audit log to a new file."""
    arguments = {"path": str(options.out.absolute()), "format": options.format, "start": options.start, "end": options.end}
    show(options, run_command(options, "audit.export", arguments))
    return DONE


def run_audit_anchor(options: argparse.Namespace) -> int:
    """Accept the audit log as it stands and anchor it anew."""
    document = run_command(options, "audit.anchor", {})
    show(options, document)
    return DONE if document["ok"] else FAILED


def run_people(options: argparse.Namespace) -> int:
    """Show or change who may use the store."""
    from quantbox.app.people.terminal import ACTIONS

    show(options, ACTIONS[options.people_command](options, folder_of(options), language_of(options)))
    return DONE


def run_vault(options: argparse.Namespace) -> int:
    """Show or change how the vault is opened."""
    from quantbox.app.vault.terminal import ACTIONS

    show(options, ACTIONS[options.vault_command](options, folder_of(options), language_of(options)))
    return DONE


def with_command(arguments: list[str]) -> list[str]:
    """Return the command line with the window as the command where none is named."""
    names_none = not arguments or (arguments[0].startswith("-") and arguments[0] not in {"-h", "--help", "--version"})
    return ["window", *arguments] if names_none else arguments


def report_error(as_json: bool, code: str, message: str, hint: str, facts: dict[str, Any]) -> None:
    """Print an error where and how it belongs."""
    if as_json:
        extra = {key: facts[key] for key in ("file", "line", "bar_date") if facts.get(key) is not None}
        json.dump({"error": {"code": code, "message": message, "hint": hint, **extra}}, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        sys.stderr.write(f"{message} [{code}]\n" + (f"{hint}\n" if hint else ""))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 1 refused or failed, 2 wrong usage."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        options = build_parser().parse_args(with_command(arguments))
    except WrongUsage as mistake:
        report_error(as_json, "cli.wrong_usage", str(mistake), "quantbox --help", {})
        return WRONG_USAGE
    language = language_of(options)
    try:
        status: int = options.run(options)
    except QuantBoxError as problem:
        report_error(as_json, problem.code, problem.message(language), problem.next_step(language), problem.facts)
        return FAILED
    except KeyboardInterrupt:
        return 130
    except Exception as fault:  # the edge of the program: a full disk may show anywhere
        refusal = find_disk_error(fault)
        if refusal is None and not as_json:
            raise
        if refusal is None:
            traceback.print_exc()
            report_error(True, "cli.internal_error", f"{type(fault).__name__}: {fault}", "stderr", {})
            return FAILED
        report_error(as_json, refusal.code, refusal.message(language), refusal.next_step(language), refusal.facts)
        return FAILED
    return status


if __name__ == "__main__":
    sys.exit(main())

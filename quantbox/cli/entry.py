"""One command from its words to its exit status."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from quantbox import __version__
from quantbox.app.backup.commands import add_backup_commands
from quantbox.cli.answers import FAILED, WRONG_USAGE, language_of, report_error
from quantbox.cli.audit import add_audit_commands
from quantbox.cli.backtesting import add_backtest_commands
from quantbox.cli.market_data import add_data_commands
from quantbox.cli.processes import add_process_entries, add_programs
from quantbox.cli.store import add_people_commands, add_vault_commands, run_backup, run_doctor, run_init
from quantbox.cli.words import Parser, WrongUsage, common_options, store_options
from quantbox.core.disk import find_disk_error
from quantbox.core.errors import QuantBoxError

__all__ = ["main"]


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

    add_programs(add, commands)
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


def with_command(arguments: list[str]) -> list[str]:
    """Return the command line with the window as the command where none is named."""
    names_none = not arguments or (arguments[0].startswith("-") and arguments[0] not in {"-h", "--help", "--version"})
    return ["window", *arguments] if names_none else arguments


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

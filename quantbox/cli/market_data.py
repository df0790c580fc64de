"""`quantbox data import|update|show|check`."""

from __future__ import annotations

import argparse
from pathlib import Path

from quantbox.cli.answers import DONE, FAILED, run_command, show
from quantbox.cli.words import AddCommand, iso_date

__all__ = ["add_data_commands"]


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

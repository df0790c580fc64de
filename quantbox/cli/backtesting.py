"""`quantbox backtest run`."""

from __future__ import annotations

import argparse
from pathlib import Path

from quantbox.cli.answers import DONE, run_command, show
from quantbox.cli.words import AddCommand, iso_date, key_value, yuan

__all__ = ["add_backtest_commands"]


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

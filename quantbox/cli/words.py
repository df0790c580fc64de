"""How commands are written: the parser, the options many have, and the values they take."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

__all__ = ["AddCommand", "Parser", "WrongUsage", "common_options", "iso_date", "key_value", "seconds", "store_options", "yuan"]

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

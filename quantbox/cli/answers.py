"""Running a command on the store, and printing what it answers."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from quantbox.core.paths import DataFolder, default_data_folder
from quantbox.core.text import Language

__all__ = ["DONE", "FAILED", "WRONG_USAGE", "folder_of", "language_of", "report_error", "run_command", "show"]

DONE, FAILED, WRONG_USAGE = 0, 1, 2


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


def run_command(options: argparse.Namespace, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Run a command on the open store, here or in the running program."""
    from quantbox.app.store_access import run_on_store

    language = language_of(options)
    return run_on_store(options, folder_of(options), name, {**arguments, "language": language})


def report_error(as_json: bool, code: str, message: str, hint: str, facts: dict[str, Any]) -> None:
    """Print an error where and how it belongs."""
    if as_json:
        extra = {key: facts[key] for key in ("file", "line", "bar_date") if facts.get(key) is not None}
        json.dump({"error": {"code": code, "message": message, "hint": hint, **extra}}, sys.stdout, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        sys.stderr.write(f"{message} [{code}]\n" + (f"{hint}\n" if hint else ""))

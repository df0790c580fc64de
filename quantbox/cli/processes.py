"""The program itself, and the entries by which its processes start each other."""

from __future__ import annotations

import argparse
from typing import Any

from quantbox.cli.answers import folder_of, language_of
from quantbox.cli.words import AddCommand

__all__ = ["add_process_entries", "add_programs"]


def add_programs(add: AddCommand, commands: Any) -> None:
    """Add `window|serve|start`."""
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


def add_process_entries(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the entries processes start each other by; not shown in the help."""
    for name in ("web", "worker", "job-child", "window-process", "demo-store", "rotate-process"):
        entry = commands.add_parser(name, parents=[common])
        entry.set_defaults(run=run_process_entry, entry=name)


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

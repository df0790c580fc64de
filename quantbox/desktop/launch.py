"""Starting the program from a terminal: window or pages only, the owner's store or the throw-away one of ``--demo``."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from quantbox.core.paths import DataFolder
from quantbox.core.processes import command_line
from quantbox.core.text import Language, Text
from quantbox.desktop.errors import DemoFailed
from quantbox.desktop.supervisor import run
from quantbox.desktop.window import can_open_window

__all__ = ["launch"]

SERVING = Text("网页地址：{url}\n按 Ctrl+C 结束。", "Serving at {url}\nPress Ctrl+C to end.")
NO_DISPLAY = Text("没有显示器，改为提供网页。", "There is no display; serving the pages instead.")
PREPARING = Text("正在准备模拟市场并运行示例回测……", "Preparing the simulated market and running a sample backtest…")
DEMO_NOTE = Text("模拟数据，结束后全部删除。", "Simulated data; all of it is deleted at the end.")


def launch(folder: DataFolder, *, mode: str, port: int | None, demo: bool, language: Language, as_json: bool = False) -> int:
    """Run the program until it ends and return its exit status.

    Parameters
    ----------
    mode : str
        "serve" shows no window; "window" and "start" show one where there is a display.
    demo : bool
        Use a throw-away store with the demo market and one finished sample backtest, and open on its report.
    as_json : bool
        Print one JSON document, `{url}`, once pages are served, and nothing else on stdout.
    """
    say = partial(write, sys.stderr if as_json else sys.stdout)
    open_window = mode != "serve" and can_open_window()
    if mode == "window" and not open_window:
        say(NO_DISPLAY.in_language(language))

    def announce(url: str) -> None:
        if as_json:
            write(sys.stdout, json.dumps({"url": url}))
        elif not open_window:
            say(SERVING.with_facts(url=url).in_language(language))

    if not demo:
        return run(folder, port=port, open_window=open_window, on_ready=announce)
    from quantbox.vault.service import unlock

    with tempfile.TemporaryDirectory(prefix="quantbox-demo-") as name:
        store = DataFolder(Path(name) / "store")
        passphrase = secrets.token_urlsafe(24)
        say(PREPARING.in_language(language))
        answer = prepare_demo(store, passphrase, language)
        say("\n".join(figures(answer["document"])))
        say(DEMO_NOTE.in_language(language))
        page = f"/backtests/{answer['backtest_id']}"
        keys = unlock(store, passphrase)
        return run(store, port=port, open_window=open_window, on_ready=announce, demo=True, keys=keys, start_path=page)


def write(stream: TextIO, sentence: str) -> None:
    """Print at once, also where the stream is a pipe."""
    stream.write(sentence + "\n")
    stream.flush()


def prepare_demo(store: DataFolder, passphrase: str, language: Language) -> dict[str, Any]:
    """Have another process make the throw-away store, so that this one stays small; the pass phrase goes by pipe."""
    command = command_line("demo-store", "--data-dir", str(store.root), "--lang", language)
    done = subprocess.run(command, input=passphrase + "\n", stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise DemoFailed(status=done.returncode)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def figures(document: dict[str, Any]) -> list[str]:
    """Return the sample's figures as lines."""
    lines = [f"final_value: {document['final_value']:,.2f}", f"trades: {len(document['trades'])}"]
    return lines + [f"{key}: {shorten(value)}" for key, value in document["statistics"].items()]


def shorten(value: Any) -> str:
    """Return a figure with two decimals, a missing one as a dash."""
    if value is None:
        return "–"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)

"""The running program as the browser tests find it: the demo market, one finished backtest and one that failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.program import PASSPHRASE, ROOT, Client, Store, serving, wait_until

__all__ = ["FAILING", "SAMPLE", "DemoProgram", "demo_program", "finished", "sign_in"]

SAMPLE = ROOT / "quantbox" / "backtesting" / "samples" / "sma_cross.py"
SYMBOL, START, END = "610903.SH", "2019-01-01", "2026-10-30"
FAILING = "import backtrader as bt\n\n\nclass Broken(bt.Strategy):\n    def next(self):\n        if len(self) == 10:\n            1 / 0\n"
FINAL = {"succeeded", "failed", "cancelled", "timed_out"}


@dataclass(frozen=True)
class DemoProgram:
    """A running program and what is in its store."""

    client: Client
    store: Store
    finished: str
    failed: str

    @property
    def url(self) -> str:
        """Its address."""
        return self.client.url

    def pages(self) -> dict[str, str]:
        """Return every page of the opened program: name and address."""
        return {
            "overview": "/",
            "market": "/market",
            "instrument": f"/market/{SYMBOL}",
            "data": "/data",
            "backtests": "/backtests",
            "new": "/backtests/new",
            "report": f"/backtests/{self.finished}",
            "failed": f"/backtests/{self.failed}",
            "settings": "/settings",
        }


def request_of(source: str, file_name: str, **changes: Any) -> dict[str, Any]:
    """Return the body of a new backtest on the demo market."""
    body = {
        "source": source,
        "file_name": file_name,
        "symbols": [SYMBOL],
        "start": START,
        "end": END,
        "cash": "1000000",
        "params": {},
        "rules": True,
    }
    return {**body, **changes}


def finished(client: Client, job_id: str) -> dict[str, Any]:
    """Wait for a job's end and return it."""
    job: dict[str, Any] = wait_until(
        lambda: (found := client.call("GET", f"/api/v1/jobs/{job_id}")[1])["state"] in FINAL and found, 60
    )
    return job


@contextmanager
def demo_program(folder: Path) -> Iterator[DemoProgram]:
    """Run the program on a new store with the demo market until the block ends."""
    folder.mkdir(exist_ok=True)
    store = Store(folder)
    with serving(store) as (_supervisor, client):
        assert client.call("POST", "/api/v1/vault/create", {"passphrase": PASSPHRASE})[0] == 201
        status, answer = client.call("POST", "/api/v1/data/demo")
        assert status == 202, answer
        ids = []
        for body in (request_of(SAMPLE.read_text(encoding="utf-8"), SAMPLE.name), request_of(FAILING, "broken.py")):
            status, job = client.call("POST", "/api/v1/backtests", body)
            assert status == 202, job
            ids.append(job["id"])
        assert [finished(client, one)["state"] for one in ids] == ["succeeded", "failed"]
        yield DemoProgram(client, store, *ids)


def sign_in(page: Page, passphrase: str = PASSPHRASE) -> None:
    """Open the store by hand on the unlock page."""
    page.goto("/unlock")
    page.get_by_label("口令", exact=True).fill(passphrase)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")

"""The running program as the browser tests find it: the demo market, one finished backtest and one that failed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.program import OWNER, PASSPHRASE, PASSWORD, ROOT, Client, Store, serving, wait_until

__all__ = [
    "FAILING",
    "SAMPLE",
    "DemoProgram",
    "create_store",
    "demo_program",
    "enter_passphrase",
    "enter_password",
    "finished",
    "sign_in",
    "wait_for_form",
]

SAMPLE = ROOT / "quantbox" / "backtesting" / "samples" / "sma_cross.py"
SYMBOL, START, END = "610903.SH", "2019-01-01", "2026-10-30"
FAILING = "import backtrader as bt\n\n\nclass Broken(bt.Strategy):\n    def next(self):\n        if len(self) == 10:\n            1 / 0\n"
SECTIONS = ("security", "vault", "devices", "lan", "people", "tokens", "backup")
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
            "audit": "/audit",
            "settings": "/settings",
            **{name: f"/settings/{name}" for name in SECTIONS},
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


def create_store(client: Client) -> None:
    """Create the store and sign its owner in, as the wizard does."""
    body = {"passphrase": PASSPHRASE, "name": OWNER, "password": PASSWORD}
    status, answer = client.call("POST", "/api/v1/vault/create", body)
    assert (status, answer["state"]) == (201, "signed_in"), answer


@contextmanager
def demo_program(folder: Path) -> Iterator[DemoProgram]:
    """Run the program on a new store with the demo market until the block ends."""
    folder.mkdir(exist_ok=True)
    store = Store(folder)
    with serving(store) as (_supervisor, client):
        create_store(client)
        status, answer = client.call("POST", "/api/v1/data/demo")
        assert status == 202, answer
        ids = []
        for body in (request_of(SAMPLE.read_text(encoding="utf-8"), SAMPLE.name), request_of(FAILING, "broken.py")):
            status, job = client.call("POST", "/api/v1/backtests", body)
            assert status == 202, job
            ids.append(job["id"])
        assert [finished(client, one)["state"] for one in ids] == ["succeeded", "failed"]
        yield DemoProgram(client, store, *ids)


def sign_in(page: Page) -> None:
    """Open the store by hand where it is locked, and sign its owner in."""
    page.goto("/")
    if "/unlock" in page.url:
        enter_passphrase(page)
        page.wait_for_url("**/sign-in")
    enter_password(page)
    page.wait_for_url(lambda url: "/sign-in" not in url)


def enter_passphrase(page: Page) -> None:
    """Fill the unlock page that is open."""
    wait_for_form(page)
    page.locator("#passphrase").fill(PASSPHRASE)
    page.keyboard.press("Enter")


def enter_password(page: Page) -> None:
    """Fill the sign-in form that is open, on its page or as lock screen."""
    wait_for_form(page)
    page.locator("#sign-in-name:visible").fill(OWNER)
    page.locator("#sign-in-password:visible").fill(PASSWORD)
    page.keyboard.press("Enter")


def wait_for_form(page: Page) -> None:
    """Wait until the page listens: an Enter before that only reads the same page again."""
    page.locator("html[data-ready='true']").wait_for(state="attached")

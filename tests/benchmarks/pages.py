"""Start, pages and idle memory of the real program, seen by a real browser."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.program import OWNER, PASSWORD, Store, serving

#: Alpine has started, and no skeleton is in sight any more.
FILLED = """!document.querySelector('[x-cloak]') && [...document.querySelectorAll('.skeleton')].every(part => part.offsetParent === null)"""
PAGES = ("/", "/market", "/data", "/backtests", "/settings")


def chromium() -> str:
    """Return the browser's path."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("chromium")


def measure(folder: Path) -> Iterator[str]:
    """Yield the lines on start, pages and memory."""
    home = folder / "pages"
    home.mkdir()
    store = Store(home)
    store.run("init")
    began = time.perf_counter()
    with serving(store) as (supervisor, client):
        yield f"program: start to first answer                {time.perf_counter() - began:8.2f} s (design: usable window <= 2.5 s)"
        began = time.perf_counter()
        client.sign_in()
        yield f"  unlock (Argon2id and opening the store)     {time.perf_counter() - began:8.2f} s"
        client.call("POST", "/api/v1/data/demo")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.goto(client.url + "/sign-in")
            page.fill("#sign-in-name", OWNER)
            page.fill("#sign-in-password", PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(client.url + "/")
            for path in PAGES:
                page.goto(client.url + path)
                page.wait_for_load_state("networkidle")
                began = time.perf_counter()
                page.goto(client.url + path, wait_until="load")
                while not page.evaluate(FILLED):  # wait_for_function would need eval, which the pages' policy refuses
                    time.sleep(0.005)
                filled = time.perf_counter() - began
                paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
                yield f"  page {path:<12} first paint {paint:5.0f} ms, filled {filled * 1000:5.0f} ms (design: <= 500 ms to usable)"
            browser.close()
        time.sleep(3)
        everyone = [supervisor, *supervisor.children(recursive=True)]
        parts = [(p.cmdline()[3] if len(p.cmdline()) > 3 else p.name(), p.memory_full_info().uss / 2**20) for p in everyone]
        total = sum(size for _name, size in parts)
        yield f"  idle memory {total:.0f} MiB (design: <= 400 MB): " + ", ".join(f"{name} {size:.0f}" for name, size in parts)

"""`quantbox serve --demo` as the README gives it: the figures, an address that signs in, and nothing left at the end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.browser import context_of, settle
from tests.program import ROOT, environment

pytestmark = pytest.mark.browser


def test_the_demo_prints_its_figures_signs_in_and_leaves_nothing(chromium: Browser, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quantbox.cli", "serve", "--demo", "--lang", "en"]
    places = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path))
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**environment(), **places},
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        printed: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.strip().partition(": ")
            printed[name] = value
            if found := re.search(r"http://\S+", line):
                break
        assert found, printed
        entrance = found.group()
        assert re.fullmatch(r"[\d,]+\.\d\d", printed["final_value"])
        assert int(printed["trades"]) > 0
        assert {"total_return_pct", "max_drawdown_pct", "sharpe"} <= set(printed)
        assert [path.name.startswith("quantbox-demo-") for path in tmp_path.iterdir()] == [True]

        with context_of(chromium, entrance.split("#")[0], locale="en-US") as (page, watch):
            page.goto(entrance)
            expect(page.get_by_role("heading", name=re.compile(r"sma_cross\.py"))).to_be_visible()
            settle(page, watch)
            assert "launch" not in page.url  # a token in the address bar would end in the history
            expect(page.get_by_text("模拟数据").first).to_be_visible()
            document = page.request.get(page.url.replace("/backtests/", "/api/v1/backtests/") + "/report").json()["document"]
            assert f"{document['final_value']:,.2f}" == printed["final_value"]
            assert len(document["trades"]) == int(printed["trades"])
            assert watch.take() == []
        with context_of(chromium, entrance.split("#")[0]) as (page, _watch):
            page.goto(entrance)  # the token was good once
            expect(page.locator("#sign-in-owner")).to_be_visible()  # nobody has a password there

        everyone = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        process.terminate() if os.name != "nt" else process.kill()
        assert process.wait(20) == 0
        assert psutil.wait_procs(everyone, timeout=5)[1] == []
        assert list(tmp_path.iterdir()) == []
    finally:
        process.kill()
        process.communicate()

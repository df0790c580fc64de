"""Locking the vault while something works with it: the key goes everywhere, and what was stopped says so and goes on later."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from tests.faults.test_kills import FINAL_VALUE, SLOW_BUY
from tests.program import finish, serving, wait_until
from tests.test_cli import StoreHere, bars_csv


def files_open(process: psutil.Process, folder: Path) -> list[str]:
    return [
        file.path
        for file in process.open_files()
        if Path(file.path).name.startswith("quantbox.db") and folder in Path(file.path).parents
    ]


def test_a_command_handed_over_ends_with_the_lock_and_its_job_goes_on_after_unlocking(tmp_path: Path) -> None:
    store = StoreHere(tmp_path)
    assert store.run("init").status == 0
    assert store.run("data", "import", str(bars_csv(tmp_path / "sh600000.csv"))).status == 0
    (tmp_path / "slow.py").write_text(SLOW_BUY, encoding="utf-8")
    period = ("--start", "2024-01-01", "--end", "2024-01-31")
    with serving(store) as (supervisor, client):
        client.sign_in()
        command = store.start(
            "backtest",
            "run",
            str(tmp_path / "slow.py"),
            "--symbols",
            "600000.SH",
            *period,
            "--cash",
            "100000",
            "--param",
            "pause=0.3",
        )
        (job,) = wait_until(
            lambda: [
                job for job in client.call("GET", "/api/v1/jobs")[1]["items"] if job["kind"] == "backtest" and job["progress"] > 0
            ]
        )
        locked = time.monotonic()
        assert client.call("POST", "/api/v1/vault/lock")[0] == 200
        answer = finish(command, 10)
        assert time.monotonic() - locked < 5
        assert (answer.status, answer.document["error"]["code"]) == (1, "core.database_closed")
        (web,) = [child for child in supervisor.children(recursive=True) if "web" in child.cmdline()]
        assert supervisor.children(recursive=True) == [web]
        wait_until(lambda: files_open(web, store.root) == [], 5)
        client.sign_in()
        ended = wait_until(
            lambda: (found := client.call("GET", f"/api/v1/jobs/{job['id']}")[1])["state"] == "succeeded" and found, 40
        )
        assert ended["attempt"] == 2
        assert client.call("GET", f"/api/v1/backtests/{job['id']}/report")[1]["document"]["final_value"] == FINAL_VALUE

"""kill -9 of worker, job child, web and supervisor at seeded moments: no acknowledged write is lost, every job ends truthfully."""

from __future__ import annotations

import http.client
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.program import Client, Store, serving, wait_until
from tests.test_cli import StoreHere, bars_csv

#: Slow enough that a kill finds it running, quick enough for many; always ends at the same value.
SLOW_BUY = """
import time

import backtrader as bt


class SlowBuy(bt.Strategy):
    params = (("size", 1000), ("pause", 0.05))

    def next(self):
        time.sleep(self.p.pause)
        if not self.position:
            self.buy(size=self.p.size)
"""
#: 100,000 - 10,100 - 5.00 - 0.10 + 10,900; see tests/test_cli.py for the arithmetic.
FINAL_VALUE = 100_794.9
FINAL_STATES = {"succeeded", "failed", "cancelled", "timed_out"}
VICTIMS = ("worker", "job-child", "web", "supervisor")


@dataclass
class History:
    """What was acknowledged, to be found again."""

    jobs: list[str] = field(default_factory=list)
    cash: int = 0
    kills: dict[str, int] = field(default_factory=dict)


def request_body(pause: float) -> dict[str, Any]:
    return {
        "source": SLOW_BUY,
        "file_name": "slow_buy.py",
        "symbols": ["600000.SH"],
        "start": "2024-01-01",
        "end": "2024-01-31",
        "cash": "100000",
        "params": {"pause": str(pause)},
        "rules": True,
    }


def patiently(client: Client, method: str, path: str, body: Any = None) -> tuple[int, Any] | None:
    """Call once; None when the web process was dead or died under the call, so that nothing was acknowledged."""
    try:
        return client.call(method, path, body)
    except (OSError, http.client.HTTPException, ValueError):
        return None


def find_victim(supervisor: psutil.Process, name: str) -> psutil.Process | None:
    if name == "supervisor":
        return supervisor
    try:
        found = [child for child in supervisor.children(recursive=True) if name in child.cmdline()]
    except psutil.NoSuchProcess:
        return None
    return found[0] if found else None


def find_victim_soon(supervisor: psutil.Process, name: str) -> psutil.Process | None:
    """Wait a moment for the victim: a job child lives for a second or two."""
    deadline = time.monotonic() + 1.5
    while (victim := find_victim(supervisor, name)) is None and time.monotonic() < deadline:
        time.sleep(0.02)
    return victim


def write_something(client: Client, chance: random.Random, history: History) -> None:
    """Submit a backtest and change a setting; remember what was acknowledged."""
    answer = patiently(client, "POST", "/api/v1/backtests", request_body(chance.choice([0.0, 0.02, 0.1])))
    if answer is not None and answer[0] == 202:
        history.jobs.append(answer[1]["id"])
    cash = chance.randrange(10_000, 1_000_000)
    answer = patiently(client, "PUT", "/api/v1/settings", {"initial_cash": str(cash)})
    if answer is not None and answer[0] == 200:
        history.cash = cash
    elif answer is None:
        history.cash = 0  # sent and not acknowledged: either value is truthful


def run_until_killed(store: Store, chance: random.Random, history: History, victims: list[str]) -> None:
    """Serve, write and kill one victim after the other, until it was the supervisor or none is left."""
    with serving(store) as (supervisor, client):
        client.sign_in()
        while victims:
            write_something(client, chance, history)
            time.sleep(chance.uniform(0, 1.2))
            name = victims[-1]
            victim = find_victim_soon(supervisor, name)
            if victim is None:
                continue
            victim.kill()
            history.kills[name] = history.kills.get(name, 0) + 1
            victims.pop()
            if name == "supervisor":
                return
            wait_until(
                lambda: (answer := patiently(client, "GET", "/api/v1/status")) is not None and answer[1]["state"] == "signed_in",
                30,
            )


def check_truth(store: Store, history: History) -> dict[str, int]:
    """Every acknowledged job ends, and what it says is what happened."""
    ends: dict[str, int] = {}
    with serving(store) as (_supervisor, client):
        client.sign_in()
        for job_id in history.jobs:
            job = wait_until(
                lambda job_id=job_id: (
                    (found := client.call("GET", f"/api/v1/jobs/{job_id}")[1])["state"] in FINAL_STATES and found
                ),
                90,
            )
            ends[job["state"]] = ends.get(job["state"], 0) + 1
            if job["state"] == "succeeded":
                status, report = client.call("GET", f"/api/v1/backtests/{job_id}/report")
                assert status == 200
                assert report["document"]["final_value"] == FINAL_VALUE
            else:
                assert job["state"] == "failed"
                assert job["reason"]["code"] in {"jobs.worker_lost", "jobs.child_died"}
        if history.cash:
            assert float(client.call("GET", "/api/v1/settings")[1]["initial_cash"]) == history.cash
        doctor = {check["name"]: check for check in client.call("GET", "/api/v1/doctor")[1]["checks"]}
        assert doctor["schema"]["value"] == "ok"
    return ends


def kill_at_random(tmp_path: Path, seed: int, kills: int) -> None:
    store = StoreHere(tmp_path)
    assert store.run("init").status == 0
    assert store.run("data", "import", str(bars_csv(tmp_path / "sh600000.csv"))).status == 0
    chance, history = random.Random(seed), History()
    victims = [*VICTIMS, *chance.choices(VICTIMS, k=kills - len(VICTIMS))]
    chance.shuffle(victims)
    while victims:
        run_until_killed(store, chance, history, victims)
    ends = check_truth(store, history)
    print(f"seed {seed}: {kills} kills {history.kills}, {len(history.jobs)} jobs acknowledged, ends {ends}")
    assert ends.get("succeeded", 0) > 0


@pytest.mark.timeout(300)
def test_twelve_seeded_kills_lose_nothing(tmp_path: Path) -> None:
    kill_at_random(tmp_path, seed=20261121, kills=12)


@pytest.mark.long
@pytest.mark.timeout(2400)
def test_two_hundred_seeded_kills_lose_nothing(tmp_path: Path) -> None:
    kill_at_random(tmp_path, seed=600519, kills=200)

"""A disk that fills up under the running program, and one that is read-only: said in words, nothing lost, well again afterwards."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quantbox.app.rotation.rotating import rotate_store
from quantbox.app.services import Services, build_services
from quantbox.core.bus import LocalBus
from quantbox.core.clock import SystemClock
from quantbox.core.database.dbapi import DatabaseError
from quantbox.core.disk import DiskFull, DiskTooSmall, find_disk_error
from quantbox.core.paths import DataFolder
from quantbox.vault.rotation.rotating import Rotation
from quantbox.vault.service import create
from tests.backtesting.test_sealing import add_result
from tests.program import PASSPHRASE, Answer, Client, Store, finish, serving, start, wait_until
from tests.test_cli import BUY_AND_HOLD, HEADER, StoreHere, bars_csv

pytestmark = pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root mounts a small disk")

MEGABYTES = 24
#: A megabyte at most is kept of what a strategy prints, and random digits do not shrink much.
TALKATIVE = BUY_AND_HOLD.replace(
    "def next(self):", "def next(self):\n        import random; print(random.randbytes(50_000).hex())"
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(place)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this machine lets nobody mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def store(disk: Path, tmp_path: Path) -> Store:
    made = StoreHere(tmp_path)
    made.root = disk / "store"
    assert made.run("init").status == 0
    assert made.run("data", "import", str(bars_csv(tmp_path / "sh600000.csv"))).status == 0
    return made


def run_backtest(store: Store, tmp_path: Path) -> Answer:
    path = tmp_path / "talkative.py"
    path.write_text(TALKATIVE, encoding="utf-8")
    period = ("--start", "2024-01-01", "--end", "2024-01-31")
    return store.run("backtest", "run", str(path), "--symbols", "600000.SH", *period, "--cash", "100000")


def fill(disk: Path, leave_bytes: int) -> Path:
    free = os.statvfs(disk)
    filler = disk / f"filler-{leave_bytes}"
    filler.write_bytes(bytes(free.f_bavail * free.f_frsize - leave_bytes))
    return filler


def code_of(answer: Answer) -> str:
    code: str = answer.document["error"]["code"]
    return code


def many_bars(folder: Path) -> Path:
    """A file that takes more room than is left."""
    days = [
        (f"{1992 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}", 900 + n % 197, 1000 + n * 7919 % 99_991)
        for n in range(11_000)
    ]
    lines = [f"{day},{price},{price},{price},{price},{volume},{price * volume}\n" for day, price, volume in days]
    path = folder / "sh600001.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def all_ended(client: Client) -> list[dict[str, Any]]:
    jobs: list[dict[str, Any]] = client.call("GET", "/api/v1/jobs?limit=100")[1]["items"]
    return jobs if {job["state"] for job in jobs} <= {"succeeded", "failed"} else []


def checks(client: Client) -> dict[str, Any]:
    return {check["name"]: check["value"] for check in client.call("GET", "/api/v1/doctor")[1]["checks"]}


def test_a_full_disk_is_named_and_the_store_is_intact_and_well_again_afterwards(store: Store, disk: Path, tmp_path: Path) -> None:
    first = run_backtest(store, tmp_path)
    assert first.status == 0, first
    with serving(store) as (_supervisor, client):
        client.sign_in()
        filler = fill(disk, 1_500_000)
        answers = [run_backtest(store, tmp_path) for _ in range(4)]
        refused = [code_of(answer) for answer in answers if answer.status]
        assert refused
        assert set(refused) == {"core.disk_full"}
        assert code_of(store.run("data", "import", str(many_bars(tmp_path)))) == "core.disk_full"
        status, problem = client.call("PUT", "/api/v1/settings", {"initial_cash": "123456"})
        assert status == 200 or problem["code"] == "core.disk_full"  # so little may still find room in the log
        assert client.call("GET", "/api/v1/overview")[0] == 200  # reading goes on
        filler.unlink()
        again = run_backtest(store, tmp_path)
        assert again.document["final_value"] == first.document["final_value"]
        assert client.call("PUT", "/api/v1/settings", {"initial_cash": "123456"})[0] == 200
        assert checks(client)["schema"] == "ok"
    with serving(store) as (_supervisor, client):
        client.sign_in()
        ended = wait_until(lambda: all_ended(client), 60)  # what could not be written is found and done again
        assert {job["reason"]["code"] for job in ended if job["reason"]} <= {"core.disk_full"}
    assert store.run("data", "show", "600000.SH").document["bars"][-1]["close"] == 10.9


def test_a_read_only_folder_is_named_by_every_command(store: Store, disk: Path, tmp_path: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for answer in (
        store.run("data", "import", str(many_bars(tmp_path))),
        run_backtest(store, tmp_path),
        finish(start("serve", "--data-dir", str(store.root), "--json")),
    ):
        assert answer.status == 1, answer
        assert code_of(answer) in {"core.disk_not_writable", "core.database_unavailable"}, answer
    assert "Traceback" not in answer.stderr


def test_a_rotation_on_a_disk_that_fills_up_leaves_the_old_store(disk: Path) -> None:
    folder = DataFolder(disk / "store")
    keys = create(folder, PASSPHRASE)
    (folder.root / "run").mkdir()

    def opened() -> Services:
        return build_services(folder, keys, bus=LocalBus(), clock=SystemClock(), owner="test", is_throw_away=True)

    services = opened()
    ids = [add_result(services, "# " + secrets.token_hex(80_000)) for _ in range(15)]
    services.close()
    fillers: list[Path] = []

    def turn(leave_bytes: int) -> Rotation:
        def progress(stage: str, _fraction: float) -> None:
            if stage == "copying" and not fillers:
                fillers.append(fill(disk, leave_bytes))

        try:
            return rotate_store(folder, PASSPHRASE, new_passphrase=None, progress=progress, is_throw_away=True)
        finally:
            fillers.pop().unlink()

    with pytest.raises(DatabaseError) as caught:
        turn(300_000)
    assert isinstance(find_disk_error(caught.value), DiskFull)
    assert [path.name for path in folder.root.glob("quantbox.db.*")] == []
    services = opened()
    assert [services.backtesting.get(one, "owner")["id"] for one in ids] == ids
    services.close()
    fillers.append(fill(disk, 5_000_000))  # seen before anything is begun
    with pytest.raises(DiskTooSmall):
        turn(0)
    assert turn(10_000_000).epoch == 2

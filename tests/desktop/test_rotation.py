"""Rotation of a running program: the store closes for a moment, sessions go on, and a process that dies on the way costs nothing."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantbox.core.paths import DataFolder
from quantbox.vault.rotation.epochs import key_set
from tests.program import PASSPHRASE, PASSWORD, Client, Store, serving, wait_until
from tests.test_cli import bars_csv

NEW_PASSPHRASE = "another horse 乌篷船码头"
STRATEGY = """
import time
import backtrader as bt


class Slow(bt.Strategy):
    params = (("pause", 0.3),)

    def next(self):
        time.sleep(self.p.pause)
        if not self.position:
            self.buy(size=100)
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, psutil.Process, Client]]:
    """A program with its store open, its owner signed in and one recovery kit."""
    place = tmp_path_factory.mktemp("rotated")
    store = Store(place)
    assert store.run("init").status == 0
    assert store.run("data", "import", str(bars_csv(place / "sh600000.csv"))).status == 0
    with serving(store) as (supervisor, client):
        client.sign_in()
        step_up(client)
        status, kit = client.call("POST", "/api/v1/vault/recovery-kit", {"passphrase": PASSPHRASE})
        assert status == 201, kit
        groups = kit["code"].split("-")
        confirmed = client.call("POST", "/api/v1/vault/recovery-kit/confirm", {"groups": [groups[n - 1] for n in kit["confirm"]]})
        assert confirmed[0] == 200, confirmed
        yield store, supervisor, client


def step_up(client: Client) -> None:
    status, answer = client.call("POST", "/api/v1/session/step-up", {"method": "password", "code": PASSWORD})
    assert status == 200, answer


def submit(client: Client) -> str:
    body = {
        "source": STRATEGY,
        "file_name": "slow.py",
        "symbols": ["600000.SH"],
        "start": "2024-01-01",
        "end": "2024-01-31",
        "cash": "100000",
        "params": {},
        "rules": True,
    }
    status, job = client.call("POST", "/api/v1/backtests", body)
    assert status == 202, job
    return str(job["id"])


def state_of(client: Client, job_id: str) -> Any:
    return client.call("GET", f"/api/v1/jobs/{job_id}")[1]


class Onlooker:
    """Asks, all the time, what anybody may ask of a rotation."""

    def __init__(self, url: str) -> None:
        self.stages: set[str] = set()
        self.refused: set[str] = set()
        self._client, self._stopped = Client(url), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stopped.wait(0.02):
            shown = self._client.call("GET", "/api/v1/vault/rotation")[1]
            if shown["is_running"]:
                self.stages.add(shown["stage"])
                status, answer = self._client.call("GET", "/api/v1/vault")
                if status == 503:
                    self.refused.add(answer["code"])


def rotation_process(supervisor: psutil.Process) -> psutil.Process | None:
    for child in supervisor.children():
        with contextlib.suppress(psutil.Error):
            if "rotate-process" in child.cmdline():
                return child
    return None


def test_a_running_backtest_is_done_again_and_the_session_goes_on(running: tuple[Store, psutil.Process, Client]) -> None:
    store, _supervisor, client = running
    job_id = submit(client)
    wait_until(lambda: state_of(client, job_id)["progress"] > 0)
    onlooker = Onlooker(client.url)
    begun = time.monotonic()
    status, answer = client.call("POST", "/api/v1/vault/rotate", {"passphrase": PASSPHRASE})
    took = time.monotonic() - begun
    onlooker.end()
    assert status == 200, answer
    assert (answer["epoch"], len(answer["confirm"])) == (2, 2)
    assert took < 30
    assert onlooker.refused <= {"vault.rotating"}
    assert onlooker.stages <= {"starting", "copying", "sealing", "checking", "switching"}
    assert onlooker.stages
    shown = client.call("GET", "/api/v1/vault")[1]  # the same session
    assert (shown["epoch"], shown["rotated_at"] is not None, len(shown["void_kits"])) == (2, True, 1)
    ended = wait_until(lambda: (job := state_of(client, job_id))["state"] == "succeeded" and job, 60)
    assert ended["attempt"] == 2
    assert client.call("GET", f"/api/v1/backtests/{job_id}")[1]["request"]["file_name"] == "slow.py"
    groups = answer["recovery_code"].split("-")
    confirmed = {"groups": [groups[number - 1] for number in answer["confirm"]]}
    assert client.call("POST", "/api/v1/vault/recovery-kit/confirm", confirmed)[0] == 200
    records = client.call("GET", "/api/v1/audit?act=vault.rotate")[1]["items"]
    assert [(one["outcome"], one["facts"]["epoch"]) for one in records] == [("done", 2)]
    assert client.call("GET", "/api/v1/audit/verify")[1]["ok"]
    assert store.run("data", "show", "600000.SH").status == 0  # handed over under the new keys


def test_what_is_refused_closes_nothing(running: tuple[Store, psutil.Process, Client]) -> None:
    store, supervisor, client = running
    worker = [child.pid for child in supervisor.children() if "worker" in child.cmdline()]
    epoch = key_set(DataFolder(store.root))
    status, answer = client.call("POST", "/api/v1/vault/rotate", {"passphrase": "wrong " + PASSPHRASE})
    assert (status, answer["code"]) == (403, "vault.passphrase_wrong")
    for refused in ("too short", PASSWORD):
        status, answer = client.call("POST", "/api/v1/vault/rotate", {"passphrase": PASSPHRASE, "new_passphrase": refused})
        assert status in {400, 403, 409}, answer
    answer = store.run("vault", "rotate")
    assert (answer.status, answer.document["error"]["code"]) == (1, "app.store_open")
    assert [child.pid for child in supervisor.children() if "worker" in child.cmdline()] == worker
    assert key_set(DataFolder(store.root)) == epoch


def test_a_killed_rotation_process_leaves_the_program_with_the_old_keys_or_the_new(
    running: tuple[Store, psutil.Process, Client],
) -> None:
    store, supervisor, client = running
    before = key_set(DataFolder(store.root))[1]
    killed = threading.Event()

    def kill() -> None:
        child = wait_until(lambda: rotation_process(supervisor), 20)
        time.sleep(0.3)  # it has hardly loaded its modules
        child.kill()
        killed.set()

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    status, answer = client.call("POST", "/api/v1/vault/rotate", {"passphrase": PASSPHRASE})
    killer.join()
    assert killed.is_set()
    assert (status, answer["code"]) == (503, "desktop.rotation_cut_off"), answer
    assert client.call("GET", "/api/v1/vault")[1]["epoch"] == before
    assert client.call("GET", "/api/v1/backtests")[0] == 200


def test_a_new_pass_phrase_ends_the_others_and_the_command_line_needs_it(
    running: tuple[Store, psutil.Process, Client], tmp_path: Path
) -> None:
    store, _supervisor, client = running
    other = Client(client.url)
    other.sign_in()
    step_up(client)
    body = {"passphrase": PASSPHRASE, "new_passphrase": NEW_PASSPHRASE}
    status, answer = client.call("POST", "/api/v1/vault/rotate", body)
    assert status == 200, answer
    assert client.call("GET", "/api/v1/vault")[0] == 200
    assert other.call("GET", "/api/v1/vault")[0] == 401
    assert store.run("data", "show", "600000.SH").document["error"]["code"] == "vault.passphrase_wrong"
    store.passphrase_file.write_text(NEW_PASSPHRASE + "\n", encoding="utf-8")
    assert store.run("data", "show", "600000.SH").status == 0
    assert client.call("POST", "/api/v1/vault/lock")[0] == 200
    answer = store.run("vault", "rotate")  # locked, the program does not hold the store
    assert (answer.status, answer.document["recovery_code"] is not None) == (0, False), answer
    status, told = client.call("POST", "/api/v1/vault/unlock", {"passphrase": NEW_PASSPHRASE})
    assert status == 200, told
    assert store.run("audit", "verify").document["ok"]

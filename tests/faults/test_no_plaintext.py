"""Nothing private lies readable anywhere while the program is really used, killed and used again: markers are planted and looked for."""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantbox.core.database import open_engine
from quantbox.core.paths import DataFolder
from quantbox.vault.service import unlock
from tests.program import PASSPHRASE, Client, Store, serving, wait_until
from tests.test_cli import bars_csv

#: What nobody may find; every text that is private is made of them.
MARKERS = ("planted均线源码", "PlantedHolding90210", "planted-print-77ab", "planted-raise-55cd", "planted_import_33ef")
SOURCE = """
import time

import backtrader as bt

SECRET = "planted均线源码"


class Planted(bt.Strategy):
    params = (("note", "PlantedHolding90210"), ("end", "well"), ("pause", 0.0))

    def next(self):
        print("planted-print-77ab", self.p.note, SECRET)
        time.sleep(self.p.pause)
        if not self.position:
            self.buy(size=1000)
        if self.p.end == "raise" and len(self) == 5:
            raise ValueError("planted-raise-55cd " + SECRET)
        if self.p.end == "exit" and len(self) == 5:
            import os

            os.write(2, b"planted-print-77ab")
            os._exit(3)
        if self.p.end == "segfault" and len(self) == 5:
            import ctypes

            ctypes.string_at(0)
"""
IMPORTING = "# planted均线源码\nimport planted_import_33ef\n"
BROKEN = "SECRET = 'planted均线源码'\nclass Planted(:\n"


def forms(marker: str) -> dict[str, bytes]:
    """Return how a marker may lie on a disk; for base64 the part that no neighbour changes, at each of three places."""
    found = {form: marker.encode(form) for form in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")}
    found["escaped"] = json.dumps(marker).strip('"').encode()
    for place in range(3):
        shifted = base64.b64encode(bytes(place) + marker.encode())
        found[f"base64+{place}"] = shifted[4 if place else 0 : len(shifted) - 4]
    found["hex"] = marker.encode().hex().encode()
    return found


NEEDLES = [(marker, form, needle) for marker in (*MARKERS, PASSPHRASE) for form, needle in forms(marker).items()]
_ZLIB_HEAD = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08")


def unpacked(content: bytes) -> Iterator[bytes]:
    """Yield whatever in `content` unpacks as zlib or gzip."""
    for found in _ZLIB_HEAD.finditer(content):
        try:
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content[found.start() :], 1 << 22)
        except zlib.error:
            continue


def hits_in(content: bytes, where: str) -> list[str]:
    return [
        f"{where}: {marker} as {form}"
        for text in (content, *unpacked(content))
        for marker, form, needle in NEEDLES
        if needle in text
    ]


def scan(folders: list[Path], known: set[Path]) -> list[str]:
    """Look through names and contents of every file below `folders` that is not in `known`."""
    hits: list[str] = []
    for folder in folders:
        for path in folder.rglob("*"):
            if path in known or not path.is_file() or path.is_symlink():
                continue
            hits += hits_in(str(path.relative_to(folder)).encode(), f"name of {path}")
            try:
                hits += hits_in(path.read_bytes(), str(path))
            except OSError:
                continue  # it ended while we looked
    return hits


class Onlooker:
    """Reads, all the time, what any user of the machine may see of the program's processes."""

    def __init__(self, supervisor: psutil.Process) -> None:
        self.hits: set[str] = set()
        self.children_seen = 0
        self._supervisor, self._stopped = supervisor, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def end(self) -> set[str]:
        self._stopped.set()
        self._thread.join()
        return self.hits

    def _look(self) -> None:
        while not self._stopped.wait(0.05):
            try:
                processes = [self._supervisor, *self._supervisor.children(recursive=True)]
            except psutil.Error:
                continue
            for process in processes:
                try:
                    words = process.cmdline()
                    content = "\0".join([*words, *(f"{key}={value}" for key, value in process.environ().items())]).encode()
                except psutil.Error:
                    continue
                self.children_seen += "job-child" in words
                self.hits.update(hits_in(content, f"arguments or environment of {words[3:4]}"))


def backtest(client: Client, source: str, **params: str) -> str:
    body = {
        "source": source,
        "file_name": "planned.py",
        "symbols": ["600000.SH"],
        "start": "2024-01-01",
        "end": "2024-01-31",
        "cash": "100000",
        "params": params,
        "rules": True,
    }
    status, job = client.call("POST", "/api/v1/backtests", body)
    assert status == 202, job
    return str(job["id"])


def end_of(client: Client, job_id: str) -> dict[str, Any]:
    ended: dict[str, Any] = wait_until(
        lambda: (job := client.call("GET", f"/api/v1/jobs/{job_id}")[1])["state"] in {"succeeded", "failed", "cancelled"} and job,
        60,
    )
    return ended


def use_everything(store: Store, client: Client, supervisor: psutil.Process, strategy: Path) -> None:
    """Every way a private text can take through the program, and every way a run can end."""
    states = [
        end_of(client, backtest(client, SOURCE, note=MARKERS[1], end=end))["state"]
        for end in ("well", "raise", "exit", "segfault")
    ]
    assert states == ["succeeded", "failed", "failed", "failed"]
    for source in (IMPORTING, BROKEN):
        assert end_of(client, backtest(client, source))["state"] == "failed"
    assert client.call("POST", "/api/v1/backtests/inspect", {"source": BROKEN})[0] == 200
    assert client.call("POST", "/api/v1/backtests", {"source": SOURCE, "file_name": 7})[0] == 400
    assert client.call("GET", f"/api/v1/jobs?cursor={MARKERS[1]}")[0] == 400
    cancelled = backtest(client, SOURCE, pause="0.5", note=MARKERS[1])
    wait_until(lambda: client.call("GET", f"/api/v1/jobs/{cancelled}")[1]["progress"] > 0)
    client.call("POST", f"/api/v1/jobs/{cancelled}/cancel")
    assert end_of(client, cancelled)["state"] == "cancelled"
    assert store.run(*command(strategy)).status == 0  # handed over
    for victim in ("job-child", "worker", "web"):
        job = backtest(client, SOURCE, pause="0.2", note=MARKERS[1])
        wait_until(lambda job=job: client.call("GET", f"/api/v1/jobs/{job}")[1]["progress"] > 0)
        next(child for child in supervisor.children(recursive=True) if victim in child.cmdline()).kill()
        wait_until(lambda: answers(client))
        end_of(client, job)


def command(strategy: Path) -> tuple[str, ...]:
    period = ("--start", "2024-01-01", "--end", "2024-01-31")
    return ("backtest", "run", str(strategy), "--symbols", "600000.SH", *period, "--cash", "100000", "--param", "end=well")


def answers(client: Client) -> bool:
    try:
        return client.call("GET", "/api/v1/status")[1]["state"] == "signed_in"
    except (OSError, ValueError):
        return False


def rows_of_every_table(store: Store) -> dict[str, bytes]:
    folder = DataFolder(store.root)
    engine = open_engine(folder.database, unlock(folder, PASSPHRASE).database)
    with engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        rows = {name: connection.exec_driver_sql(f'SELECT * FROM "{name}"').fetchall() for name in names}
    engine.dispose()
    return {
        name: b"\n".join(value if isinstance(value, bytes) else str(value).encode() for row in found for value in row)
        for name, found in rows.items()
    }


@pytest.mark.timeout(180)
@pytest.mark.skipif(sys.platform != "linux", reason="kills and looks as Linux does")
def test_planted_markers_are_found_nowhere_but_inside_the_encrypted_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {name: tmp_path / name for name in ("work", "temporary", "home", "cache")}
    for place in places.values():
        place.mkdir()
    for name, place in {"TMPDIR": "temporary", "HOME": "home", "XDG_CACHE_HOME": "cache"}.items():
        monkeypatch.setenv(name, str(places[place]))
    shared = [Path(place) for place in ("/dev/shm", "/var/tmp") if Path(place).is_dir()]
    before = {path for place in shared for path in place.rglob("*")}
    store = Store(places["work"])
    strategy = tmp_path / "planned.py"
    strategy.write_text(SOURCE, encoding="utf-8")
    assert store.run("init").status == 0
    assert store.run("data", "import", str(bars_csv(tmp_path / "sh600000.csv"))).status == 0
    assert store.run(*command(strategy)).status == 0  # without the program
    owners = {store.passphrase_file}
    with serving(store) as (supervisor, client):
        client.sign_in()
        onlooker = Onlooker(supervisor)
        use_everything(store, client, supervisor, strategy)
        assert scan([*places.values(), *shared], owners | before) == []  # the log of the database is full now
        backtest(client, SOURCE, pause="0.2", note=MARKERS[1])
        wait_until(lambda: any("job-child" in child.cmdline() for child in supervisor.children(recursive=True)))
        everyone = supervisor.children(recursive=True)
        supervisor.kill()
        psutil.wait_procs(everyone, timeout=10)
        assert onlooker.end() == set()
        assert onlooker.children_seen > 0
    assert (store.root / "quantbox.db-wal").stat().st_size > 0
    assert scan([*places.values(), *shared], owners | before) == []
    tables = rows_of_every_table(store)
    queue = {name: content for name, content in tables.items() if name.startswith(("queue", "huey", "task", "kv", "schedule"))}
    assert queue, tables.keys()
    assert [hit for name, content in queue.items() for hit in hits_in(content, name)] == []
    kept = "".join(hit for name, content in tables.items() for hit in hits_in(content, name))
    assert [marker for marker in MARKERS if marker not in kept] == []  # the markers did go through the program
    assert not list(store.root.rglob("core*"))


def test_the_search_finds_a_marker_in_each_form(tmp_path: Path) -> None:
    (marker, *_rest) = MARKERS
    for content in (
        *(b"before" + needle + b"after" for needle in forms(marker).values()),
        b"x" + zlib.compress(json.dumps({"source": marker}).encode()) + b"y",
        base64.b64encode(b"one more" + marker.encode() + b"one more"),
    ):
        (tmp_path / "leak").write_bytes(content)
        assert scan([tmp_path], set()), content
    assert scan([tmp_path], {tmp_path / "leak"}) == []

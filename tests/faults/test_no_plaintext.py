"""Nothing private lies readable anywhere while the program is really used, killed and used again: markers are planted and looked for."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.client
import json
import os
import pickle
import re
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import psutil
import pyotp
import pytest

import quantbox.app.services  # noqa: F401 - every table
from quantbox.core.database import open_engine
from quantbox.core.database.queue import QUEUE_TABLES
from quantbox.core.paths import DataFolder
from quantbox.jobs.queue import make_queue
from quantbox.vault.fields import FieldCipher
from quantbox.vault.service import unlock
from tests.faults.plaintext_search import Onlooker, Search, forms
from tests.program import OWNER, PASSPHRASE, PASSWORD, Client, Store, serving, wait_until
from tests.test_cli import bars_csv
from tests.vault.test_rotation import sealed_fields

#: What nobody may find; every text that is private is made of them.
COMMENT = "planted-comment-青砖41"
SEALED = (COMMENT, "PlantedSecretKey7f3e", "PlantedHolding90210")
RUN = ("planted均线源码", "planted-print-77ab", "planted-raise-55cd", "planted_import_33ef")
HASHED = ("PlantedPassword竹影8812", "PlantedExport月台5511", PASSWORD)
NAMES = ("PlantedPerson沈墨", OWNER)
MARKERS = (*SEALED, *RUN, *HASHED, *NAMES, PASSPHRASE)
HOLDING = SEALED[2]
SOURCE = """
# planted-comment-青砖41
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


def use_secrets(client: Client, search: Search) -> None:
    """Every secret a person gives the program, and every one it makes for him."""
    changed = client.call("POST", "/api/v1/session/step-up", {"method": "password", "code": PASSWORD})
    assert changed[0] == 200, changed
    sms = {"provider": "aliyun_company", "access_key_id": "LTAI0", "access_key_secret": SEALED[1], "sign_name": "x"}
    person = {"name": NAMES[0], "role": "viewer", "password": HASHED[0]}
    for method, path, body, expected in (
        ("PUT", "/api/v1/settings/sms", {**sms, "template_code": "SMS_1"}, 200),
        ("POST", "/api/v1/people", person, 201),
        ("POST", "/api/v1/session/password", {"name": NAMES[0], "password": "not " + HASHED[0]}, 403),
    ):
        status, answer = client.call(method, path, body)
        assert status == expected, answer
    status, kit = client.call("POST", "/api/v1/vault/recovery-kit", {"passphrase": PASSPHRASE})
    assert status == 201, kit
    status, token = client.call("POST", "/api/v1/tokens", {"name": "script", "role": "viewer", "days": 1})
    assert status < 300, token
    status, totp = client.call("POST", "/api/v1/me/totp")
    assert status == 200, totp
    search.add(kit["code"], totp["secret"], token["token"], token["refresh_token"])
    status, answer = client.call("POST", "/api/v1/me/totp/confirm", {"code": pyotp.TOTP(totp["secret"]).now()})
    assert status == 200, answer
    search.add(*answer["recovery_codes"])


def cancel_export(client: Client) -> None:
    """Ask for everything as plain files, and go away before it has come."""
    address = client.url.removeprefix("http://")
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.jar)
    token = client.call("GET", "/api/v1/status")[1]["csrf_token"]
    headers = {"Content-Type": "application/json", "Origin": client.url, "Cookie": cookies, "X-CSRF-Token": token}
    for bytes_read in (0, 100):
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.request("POST", "/api/v1/export", json.dumps({"passphrase": HASHED[1]}).encode(), headers)
        if bytes_read:
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read(bytes_read)
        connection.close()


def use_everything(store: Store, client: Client, supervisor: psutil.Process, strategy: Path) -> None:
    """Every way a strategy can take through the program, and every way a run can end."""
    ends = {"well": "succeeded", "raise": "failed", "exit": "failed", "segfault": "failed"}
    jobs = [(backtest(client, SOURCE, note=HOLDING, end=end), state) for end, state in ends.items()]
    jobs += [(backtest(client, source), "failed") for source in (IMPORTING, BROKEN)]
    assert client.call("POST", "/api/v1/backtests/inspect", {"source": BROKEN})[0] == 200
    assert client.call("POST", "/api/v1/backtests", {"source": SOURCE, "file_name": 7})[0] == 400
    assert client.call("GET", f"/api/v1/jobs?cursor={HOLDING}")[0] == 400
    assert store.run(*command(strategy)).status == 0  # handed over
    assert [end_of(client, job)["state"] for job, _state in jobs] == [state for _job, state in jobs]
    for victims in (["job-child"], ["web", "worker"]):
        job = backtest(client, SOURCE, pause="1", note=HOLDING)  # longer than anything here takes
        wait_until(lambda job=job: client.call("GET", f"/api/v1/jobs/{job}")[1]["progress"] > 0)
        for victim in victims:
            wait_until(lambda victim=victim: kill(supervisor, victim))
            wait_until(lambda: answers(client))
        client.call("POST", f"/api/v1/jobs/{job}/cancel")
        end_of(client, job)
    cancelled = backtest(client, SOURCE, pause="1", note=HOLDING)
    wait_until(lambda: client.call("GET", f"/api/v1/jobs/{cancelled}")[1]["progress"] > 0)
    client.call("POST", f"/api/v1/jobs/{cancelled}/cancel")
    assert end_of(client, cancelled)["state"] == "cancelled"


def kill(supervisor: psutil.Process, entry: str) -> bool:
    """Kill the process of this entry, and return whether there was one."""
    for child in supervisor.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if entry in child.cmdline():
                child.kill()
                return True
    return False


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


def unsealed(store: Store) -> dict[str, bytes]:
    """Return what the second lock holds, opened: by table and column."""
    folder = DataFolder(store.root)
    keys = unlock(folder, PASSPHRASE)
    cipher, found = FieldCipher(keys.fields), {}
    for place, sealed in sealed_fields(folder, keys).items():
        name = f"{place.table}.{place.column}"
        found[name] = found.get(name, b"") + b"\n" + cipher.open(place, sealed)
    return found


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Every folder the program may write to, its own."""
    made = {name: tmp_path / name for name in ("work", "temporary", "home", "cache", "state", "runtime")}
    for place in made.values():
        place.mkdir(mode=0o700)
    variables = {"TMPDIR": "temporary", "HOME": "home", "XDG_CACHE_HOME": "cache", "XDG_STATE_HOME": "state"}
    for name, place in {**variables, "XDG_RUNTIME_DIR": "runtime"}.items():
        monkeypatch.setenv(name, str(made[place]))
    return made


@pytest.mark.timeout(300)
@pytest.mark.skipif(sys.platform != "linux", reason="kills and looks as Linux does")
def test_planted_markers_are_found_nowhere_but_inside_the_encrypted_database(tmp_path: Path, places: dict[str, Path]) -> None:
    shared = [Path(place) for place in ("/dev/shm", "/var/tmp") if Path(place).is_dir()]
    before = {path for place in shared for path in place.rglob("*")}
    store, search = Store(places["work"]), Search(*MARKERS)
    strategy = tmp_path / "planned.py"
    strategy.write_text(SOURCE, encoding="utf-8")
    assert store.run("init").status == 0
    assert store.run("data", "import", str(bars_csv(tmp_path / "sh600000.csv"))).status == 0
    assert store.run(*command(strategy)).status == 0  # without the program
    owners = {store.passphrase_file}
    with serving(store) as (supervisor, client):
        onlooker = Onlooker(supervisor, search)
        client.sign_in()
        use_secrets(client, search)
        use_everything(store, client, supervisor, strategy)
        cancel_export(client)
        assert search.scan([*places.values(), *shared], owners | before) == []  # the log of the database is full now
        status, rotated = client.call("POST", "/api/v1/vault/rotate", {"passphrase": PASSPHRASE})
        assert status == 200, rotated
        backtest(client, SOURCE, pause="0.2", note=HOLDING)
        wait_until(lambda: any("job-child" in child.cmdline() for child in supervisor.children(recursive=True)))
        everyone = supervisor.children(recursive=True)
        supervisor.kill()
        psutil.wait_procs(everyone, timeout=10)
        assert onlooker.end() == set()
        assert onlooker.seen >= {"web", "worker", "job-child", "rotate-process"}
    assert (store.root / "quantbox.db-wal").stat().st_size > 0
    assert search.scan([*places.values(), *shared], owners | before) == []
    assert [path for place in places.values() for path in place.rglob("core*") if path.is_file()] == []
    check_inside(store, search)


def check_inside(store: Store, search: Search) -> None:
    """In the opened database: the queue has ids only, secrets stand under the second lock alone, and nothing was lost."""
    tables = rows_of_every_table(store)
    queue = {name: content for name, content in tables.items() if name in QUEUE_TABLES}
    assert len(queue) == len(QUEUE_TABLES), tables.keys()
    assert [hit for name, content in queue.items() for hit in search.hits_in(content, name)] == []
    hits = {hit for name, content in tables.items() for hit in search.hits_in(content, name)}
    kept = {marker for marker, _form, _needle in search.needles if any(f": {marker} as " in hit for hit in hits)}
    # what a run says of itself when it fails (jobs.reason), file names and people's names have the first lock alone
    assert kept <= {*RUN, *NAMES}, kept - {*RUN, *NAMES}
    sealed = unsealed(store)
    assert {"backtests.request", "backtests.report", "credentials.sealed", "totp_factors.secret"} <= sealed.keys()
    held = " ".join(hit for name, content in sealed.items() for hit in search.hits_in(content, name))
    assert [marker for marker in (*SEALED, *RUN) if marker not in held] == []  # they did go through the program


def test_the_queue_holds_ids_of_jobs_and_nothing_else(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    queue = make_queue(folder.database, bytes(32))
    ids = [f"{number:032x}" for number in range(3)]
    for job_id in ids:
        queue.wake(job_id)
    queue.close()
    engine = open_engine(folder.database, bytes(32))
    with engine.connect() as connection:
        names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars().all()
        rows = {name: connection.exec_driver_sql(f'SELECT * FROM "{name}"').fetchall() for name in names}
    engine.dispose()
    assert names
    assert set(names) == QUEUE_TABLES
    assert [rows[name] for name in sorted(QUEUE_TABLES - {"task"})] == [[], [], []]
    messages = [next(value for value in row if isinstance(value, bytes)) for row in rows["task"]]
    assert [json.loads(message)[1] for message in messages] == ids
    assert all(re.fullmatch(r"[0-9a-f-]{36}|[0-9a-f]{32}", part) for message in messages for part in json.loads(message))


def test_the_search_finds_a_marker_in_each_form(tmp_path: Path) -> None:
    search = Search(*MARKERS)
    for marker in (COMMENT, HASHED[0]):
        for content in (
            *(b"before" + needle + b"after" for needle in forms(marker).values()),
            b"x" + zlib.compress(json.dumps({"source": marker}).encode()) + b"y",
            b"x" + zlib.compress(pickle.dumps({"source": [marker]})) + b"y",
            pickle.dumps({marker: 1}),
            gzip.compress(marker.encode("utf-16-be")),
            base64.b64encode(b"one more" + marker.encode() + b"one more"),
        ):
            (tmp_path / "leak").write_bytes(content)
            assert search.scan([tmp_path], set()), content
    (tmp_path / "leak").rename(tmp_path / f"{COMMENT}.txt")
    (tmp_path / f"{COMMENT}.txt").write_bytes(b"")
    assert search.scan([tmp_path], set())  # a name is enough
    assert search.scan([tmp_path], {tmp_path / f"{COMMENT}.txt"}) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks as Linux does")
def test_the_onlooker_finds_a_marker_in_arguments_and_environment() -> None:
    for arguments, variables in (([COMMENT], {}), ([], {"NOTE": COMMENT})):
        command_line = [sys.executable, "-c", "import time; time.sleep(100)", *arguments]
        process = subprocess.Popen(command_line, env={**os.environ, **variables})
        onlooker = Onlooker(psutil.Process(process.pid), Search(COMMENT))
        wait_until(lambda onlooker=onlooker: onlooker.hits, 60)
        process.kill()
        process.wait()
        assert onlooker.end()

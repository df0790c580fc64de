"""kill -9 of a rotation, at its named steps and at moments spread over all it takes: the store is the old one or the new one."""

from __future__ import annotations

import random
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from quantbox.app.services import Services, build_services
from quantbox.core.bus import LocalBus
from quantbox.core.clock import SystemClock
from quantbox.core.database import dbapi
from quantbox.core.paths import DataFolder
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.vault.access import VaultAccess
from quantbox.vault.errors import FieldDamaged, RecoveryKitVoid
from quantbox.vault.fields import FieldCipher
from quantbox.vault.models import Keys
from quantbox.vault.recovery_code import split_code
from quantbox.vault.rotation.epochs import key_set, settle
from quantbox.vault.service import create, unlock, unlock_by_recovery
from tests.backtesting.test_sealing import add_result
from tests.program import PASSPHRASE, ROOT
from tests.vault.test_rotation import Nobody, sealed_fields

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")

#: For every line it reads (a number and a folder) it rotates in a process forked off, so that the modules are loaded once.
#: That process kills itself before the n-th change of a name in the data folder or at the first sign of a stage, and tells
#: both on its way, with the moment, so that a whole run is the list of steps. It is reaped when the next line comes, so
#: that its id names nobody else before.
ROTATING = """
import os, signal, sys, time, traceback
from pathlib import Path
import quantbox.app.services
from quantbox.app.rotation.rotating import rotate_store
from quantbox.core.paths import DataFolder
from quantbox.vault.wrappers import passphrase as way

way.STANDARD_MEMORY_KIB = 64 * 1024  # as everywhere in the tests

def run(root, passphrase, wanted):
    begun, seen, stages = time.monotonic(), [], set()

    def step(name):
        seen.append(name)
        print(f"{len(seen)} {time.monotonic() - begun:.4f} {name}", flush=True)
        if len(seen) == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(event, arguments):
        if event in ("os.rename", "os.remove") and str(arguments[0]).startswith(str(root)):
            step(f"{event} {Path(arguments[0]).name.split('.tmp')[0][:12]}")

    def progress(stage, fraction):
        if stage not in stages:
            stages.add(stage)
            step(f"stage {stage}")

    sys.addaudithook(hook)
    print(f"{os.getpid()} 0 begin", flush=True)
    rotate_store(DataFolder(root), passphrase, new_passphrase=None, progress=progress, is_throw_away=True)
    print(f"-1 {time.monotonic() - begun:.4f} end", flush=True)

passphrase, last = sys.stdin.readline().rstrip("\\n"), None
for line in sys.stdin:
    if last is not None:
        os.waitpid(last, 0)
    wanted, _, root = line.rstrip("\\n").partition(" ")
    last = os.fork()
    if last == 0:
        try:
            run(Path(root), passphrase, int(wanted))
        except BaseException:
            traceback.print_exc()
        os._exit(0)
    os.waitid(os.P_PID, last, os.WEXITED | os.WNOWAIT)
    print("over", flush=True)
"""


@contextmanager
def opened(folder: DataFolder, keys: Keys) -> Iterator[Services]:
    services = build_services(folder, keys, bus=LocalBus(), clock=SystemClock(), owner="test", is_throw_away=True)
    try:
        yield services
    finally:
        services.close()


@dataclass
class Made:
    """A store to rotate, and what must be found in it whatever happens."""

    root: Path
    keys: Keys
    kit_code: str
    content: dict[str, Any]


def content_of(services: Services) -> dict[str, Any]:
    ids = [row["id"] for row in services.backtesting.list_backtests(OWNER_ACCOUNT, limit=200).items]
    found: dict[str, Any] = {
        one: (services.backtesting.request(one, OWNER_ACCOUNT), services.backtesting.result(one, OWNER_ACCOUNT)) for one in ids
    }
    return {**found, "credentials": services.credentials.get(OWNER_ACCOUNT, "broker")}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = DataFolder(tmp_path_factory.mktemp("rotation") / "store")
    keys = create(folder, PASSPHRASE)
    (folder.root / "run").mkdir()
    with opened(folder, keys) as services:
        for _ in range(30):
            add_result(services, "# " + secrets.token_hex(80_000))
        services.credentials.put(OWNER_ACCOUNT, "broker", {"token": "secret"})
        content = content_of(services)
    shutil.copy(folder.database, folder.root / "quantbox.db.before-0008")  # as a migration leaves it
    access = VaultAccess(folder, keys, SystemClock(), Nobody())
    kit = access.make_recovery_kit(PASSPHRASE)
    access.confirm_recovery_kit([split_code(kit.code)[number - 1] for number in kit.confirm])
    return Made(folder.root, keys, kit.code, content)


class Rotator:
    """A process that rotates the keys of any store, again and again."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", ROTATING],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._asked, self._told = self._process.stdin, self._process.stdout
        self._ask(PASSPHRASE)

    def start(self, folder: DataFolder, at_step: int = 0) -> int:
        """Begin a rotation, which kills itself at a step where one is named; returns the process that can be killed."""
        self._ask(f"{at_step} {folder.root}")
        process_id, _moment, begin = self._told.readline().split()
        assert begin == "begin"
        return int(process_id)

    def steps(self) -> list[tuple[float, str]]:
        """Wait for the end, however it comes, and return each step with its moment."""
        lines = [line.split(" ", 2) for line in iter(lambda: self._told.readline().rstrip("\n"), "over")]
        return [(float(moment), name) for _number, moment, name in lines]

    def close(self) -> None:
        self._asked.close()
        self._told.close()
        self._process.wait(30)

    def _ask(self, line: str) -> None:
        self._asked.write(line + "\n")
        self._asked.flush()


@pytest.fixture(scope="module")
def rotator() -> Iterator[Rotator]:
    rotator = Rotator()
    yield rotator
    rotator.close()


def check(folder: DataFolder, made: Made) -> int:
    """The next opening finds one whole store; return its epoch."""
    settle(folder)
    epoch = key_set(folder)[1]
    keys = unlock(folder, PASSPHRASE)
    assert epoch in {1, 2}
    with opened(folder, keys) as services:
        assert content_of(services) == made.content
        assert services.audit.verify().problem is None
        with services.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    if epoch == 1:
        assert keys == made.keys
        assert unlock_by_recovery(folder, made.kit_code) == keys
    else:
        with pytest.raises(RecoveryKitVoid):
            unlock_by_recovery(folder, made.kit_code)
        for place, sealed in sealed_fields(folder, keys).items():
            with pytest.raises(FieldDamaged):
                FieldCipher(made.keys.fields).open(place, sealed)
        with pytest.raises(dbapi.KeyRefused):
            dbapi.connect(str(shutil.copy(folder.database, folder.root.parent / "tried.db")), made.keys.database)
    names = {path.name for path in folder.root.iterdir() if path.name.startswith(("quantbox.db", "vault.json"))}
    left = {"quantbox.db.before-0008"} if epoch == 1 else set()
    assert names - {"quantbox.db-wal", "quantbox.db-shm"} == {"quantbox.db", "vault.json"} | left
    return epoch


def copied(made: Made, place: Path) -> DataFolder:
    shutil.rmtree(place, ignore_errors=True)
    return DataFolder(Path(shutil.copytree(made.root, place)))


def whole_run(rotator: Rotator, made: Made, tmp_path: Path) -> list[tuple[float, str]]:
    folder = copied(made, tmp_path / "whole")
    rotator.start(folder)
    steps = rotator.steps()
    assert steps[-1][1] == "end"
    assert check(folder, made) == 2
    return steps


def kill_at_random(rotator: Rotator, made: Made, tmp_path: Path, steps: list[tuple[float, str]], kills: int) -> list[int]:
    """Kill at moments spread evenly over the duration of a whole run, each drawn within its share."""
    chance, duration = random.Random(20261121), steps[-1][0]
    epochs = []
    for number in range(kills):
        folder = copied(made, tmp_path / "random")
        process_id = rotator.start(folder)
        time.sleep(duration * (number + chance.random()) / kills)
        psutil.Process(process_id).kill()
        rotator.steps()
        epochs.append(check(folder, made))
    return epochs


def kill_at_steps(
    rotator: Rotator, made: Made, tmp_path: Path, steps: list[tuple[float, str]], wanted: list[int]
) -> dict[str, int]:
    epochs = {}
    for number in wanted:
        folder = copied(made, tmp_path / "step")
        rotator.start(folder, number)
        assert [name for _moment, name in rotator.steps()] == [name for _moment, name in steps[:number]]  # and no further
        epochs[f"{number} {steps[number - 1][1]}"] = check(folder, made)
    return epochs


def the_switch(steps: list[tuple[float, str]]) -> int:
    """Return the number of the step that replaces vault.json."""
    (number,) = [n for n, (_moment, name) in enumerate(steps, start=1) if name.startswith("os.rename .vault.json")]
    return number


@pytest.mark.timeout(120)
def test_a_rotation_killed_at_five_points_is_the_old_or_the_new_store(rotator: Rotator, made: Made, tmp_path: Path) -> None:
    steps = whole_run(rotator, made, tmp_path)
    switch = the_switch(steps)
    ends = kill_at_steps(rotator, made, tmp_path, steps, [switch, switch + 1, switch + 2])
    assert list(ends.values()) == [1, 2, 2], (steps, ends)
    assert set(kill_at_random(rotator, made, tmp_path, steps, 2)) <= {1, 2}


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_a_rotation_killed_at_each_step_and_fifty_moments_is_the_old_or_the_new_store(
    rotator: Rotator, made: Made, tmp_path: Path
) -> None:
    steps = whole_run(rotator, made, tmp_path)
    at_steps = kill_at_steps(rotator, made, tmp_path, steps, list(range(1, len(steps))))
    switch = the_switch(steps)
    assert list(at_steps.values()) == [1] * switch + [2] * (len(steps) - 1 - switch)
    epochs = kill_at_random(rotator, made, tmp_path, steps, 50)
    print(f"{steps[-1][0]:.2f} s; steps {at_steps}; moments: {epochs.count(1)} old, {epochs.count(2)} new")
    assert 1 in epochs

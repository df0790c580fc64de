"""A restore that is cut off at any step leaves the old store or the new one, whoever opens the folder next."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quantbox.backup import switching
from quantbox.backup.errors import RestorePending
from quantbox.backup.examination import read_header
from quantbox.backup.locks import Opened
from quantbox.backup.restoring import Source, stage
from quantbox.core.clock import FixedClock
from quantbox.core.database import dbapi
from quantbox.core.paths import DataFolder
from quantbox.core.processes import LockBusy
from quantbox.market_data.service import MarketData
from quantbox.vault.models import Keys
from tests.backup.store import NOW, OWNER, PROOF, Store, silent

OLD, NEW = ["after", "first", "second"], ["first", "second"]


class Killed(BaseException):
    """The process ended here."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, template: tuple[Path, Keys]) -> tuple[Path, Path, bytes]:
    """A store that went on after its backup, the backup, and its key."""
    root = tmp_path_factory.mktemp("made")
    store = Store(shutil.copytree(template[0], root / "data"), template[1])
    path = Path(store.backups.create(OWNER, silent, out=root / "one.qbbackup")["path"])
    store.add_job("after")
    store.market.remove("600000.SH")
    store.close()
    # a log that a killed program left behind, pages of the old database in it
    (root / "data/quantbox.db-wal").write_bytes(b"\x37\x7f\x06\x82" + bytes(28))
    (root / "data/quantbox.db.before-0007").write_bytes(b"a copy under the old key")
    return root / "data", path, read_header(path).open(PROOF, path.name).key


def find_state(root: Path, keys: Keys) -> tuple[list[str], int]:
    """Return the titles of the jobs and the number of symbols, read without the cost of opening all of a store."""
    with contextlib.closing(dbapi.connect(str(root / "quantbox.db"), keys.database)) as connection:
        titles = [title for (title,) in connection.execute("SELECT title FROM jobs ORDER BY title").fetchall()]
    return titles, MarketData(DataFolder(root), FixedClock(NOW)).count()["symbols"]


def put_back(made: tuple[Path, Path, bytes], folder: DataFolder, clock: Any) -> None:
    source = Source(made[1], PROOF, Opened(made[2], None))
    stage(source, folder, clock, silent, replaces=True)
    assert switching.settle(folder)


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[str]]:
    """Return what ends the process at the n-th of its steps that change the disk, and tells which steps there were."""

    def install(at: int) -> list[str]:
        steps: list[str] = []

        def count(name: str, act: Callable[..., Any]) -> Callable[..., Any]:
            def counted(*arguments: Any, **named: Any) -> Any:
                steps.append(name)
                if len(steps) == at:
                    raise Killed
                return act(*arguments, **named)

            return counted

        for owner, name in ((Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (shutil, "rmtree"), (shutil, "copy2")):
            monkeypatch.setattr(owner, name, count(name, getattr(owner, name)))
        monkeypatch.setattr(switching, "sync_folder", count("sync", switching.sync_folder))
        return steps

    return install


def test_killed_at_every_step_a_restore_ends_old_or_new(
    made: tuple[Path, Path, bytes],
    template: tuple[Path, Keys],
    tmp_path: Path,
    kill_at: Any,
    monkeypatch: pytest.MonkeyPatch,
    clock: Any,
) -> None:
    ends: list[str] = []
    for at in range(1, 200):
        root = tmp_path / str(at)
        shutil.copytree(made[0], root)
        folder = DataFolder(root)
        with monkeypatch.context():
            steps = kill_at(at)
            try:
                put_back(made, folder, clock)
                is_done = True
            except Killed:
                is_done = False
            finally:
                monkeypatch.undo()
        if not is_done and at % 2:  # cut off again while the next start finishes it
            kill_at(at // 3 + 1)
            try:
                switching.settle_unless_in_use(folder)
            except Killed:
                pass
            finally:
                monkeypatch.undo()
        switching.settle_unless_in_use(folder)
        titles, symbols = find_state(root, template[1])
        assert (titles, symbols) in ((OLD, 2), (NEW, 3)), (at, steps)
        ends.append("new" if titles == NEW else "old")
        assert not {path.name for path in root.iterdir()} & {"restore", "before-restore"}
        assert (root / "quantbox.db.before-0007").exists() == (titles == OLD)
        shutil.rmtree(root)
        if is_done:
            break
    assert is_done
    assert set(ends) == {"old", "new"}
    assert ends == sorted(ends, reverse=True)  # old up to the mark, new from there on


def test_a_store_in_use_is_left_alone(made: tuple[Path, Path, bytes], tmp_path: Path, clock: Any) -> None:
    folder = DataFolder(Path(shutil.copytree(made[0], tmp_path / "data")))
    stage(Source(made[1], PROOF, Opened(made[2], None)), folder, clock, silent, replaces=True)
    lock = switching.FileLock(folder.lock_file)
    with lock:
        switching.settle_unless_in_use(folder)
        assert (folder.root / "restore" / "ready.json").exists()
    switching.settle_unless_in_use(folder)
    assert not (folder.root / "restore").exists()


def test_one_restore_at_a_time_and_none_over_one_that_waits(made: tuple[Path, Path, bytes], tmp_path: Path, clock: Any) -> None:
    folder = DataFolder(Path(shutil.copytree(made[0], tmp_path / "data")))
    source = Source(made[1], PROOF, Opened(made[2], None))
    with switching.staging(folder), pytest.raises(LockBusy):
        stage(source, folder, clock, silent, replaces=True)
    with switching.staging(folder):
        assert switching.settle(folder) is False
    stage(source, folder, clock, silent, replaces=True)
    with pytest.raises(RestorePending):
        stage(source, folder, clock, silent, replaces=True)


def test_a_restore_that_was_cut_off_is_thrown_away(made: tuple[Path, Path, bytes], tmp_path: Path) -> None:
    folder = DataFolder(Path(shutil.copytree(made[0], tmp_path / "data")))
    before = {path.name for path in folder.root.iterdir()}
    (folder.root / "restore").mkdir()
    (folder.root / "restore" / "quantbox.db").write_bytes(b"half of it")
    switching.settle_unless_in_use(folder)
    after = {path.name for path in folder.root.iterdir()}
    assert after - {"restore.lock", "store.lock"} == before - {"store.lock"}


def test_a_store_without_bars_takes_away_the_bars_of_the_one_before(
    template: tuple[Path, Keys], tmp_path: Path, clock: Any
) -> None:
    (tmp_path / "empty").mkdir()
    shutil.copy2(template[0] / "vault.json", tmp_path / "empty/vault.json")
    empty = Store(tmp_path / "empty", template[1])
    path = Path(empty.backups.create(OWNER, silent, out=tmp_path / "empty.qbbackup")["path"])
    empty.close()
    folder = DataFolder(Path(shutil.copytree(template[0], tmp_path / "data")))
    key = read_header(path).open_with(template[1].backup, path.name)
    stage(Source(path, PROOF, Opened(key, None)), folder, clock, silent, replaces=True)
    assert switching.settle(folder)
    assert find_state(folder.root, template[1]) == ([], 0)

"""Fixtures every capability's tests stand on, and the guard that keeps tests off the network."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from quantbox.core.clock import SHANGHAI, FixedClock
from quantbox.core.paths import DataFolder

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session, sessionmaker

# an example that took long tells of a busy machine, not of the code: no test fails for that
settings.register_profile("unhurried", parent=settings(), deadline=None)
settings.load_profile("unhurried")

_LEFT_OUT = "real files are absent"
#: What the program takes for one guess at a pass phrase.
TODAYS_MEMORY_KIB = 256 * 1024


# --- nothing of a test stays on this machine ----------------------------------------------------------------------------


@pytest.fixture(scope="session", autouse=True)
def own_state_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what programs leave in the user's state folder (ends of audit logs) in a folder of this run, also for processes."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session", autouse=True)
def nobodys_keychain() -> None:
    """Let no test use this user's keychain, nor one that other tests keep in memory; also for processes."""
    import keyring
    from keyring.backends.fail import Keyring

    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
    keyring.set_keyring(Keyring())


# --- which process runs what ------------------------------------------------------------------------------------------

#: What takes long and runs in one piece begins first, or one process would be left with it at the end.
_FIRST = ("tests/e2e/", "tests/faults/", "tests/desktop/", "tests/test_cli.py", "tests/scans/", "tests/core/database/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long tests first."""
    items.sort(key=lambda item: next((place for place, one in enumerate(_FIRST) if item.nodeid.startswith(one)), len(_FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep a file's tests in one process, which makes what they share once, and all browser tests in one.

    xdist's own groups are silently ignored since pytest 9.2 (seen with xdist 3.8.0).
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "tests/e2e" if nodeid.startswith("tests/e2e/") else nodeid.partition("::")[0]

    config.option.loadscopereorder = False
    return ByFile(config, log)


# --- the store -------------------------------------------------------------------------------------------------------


@pytest.fixture
def data_folder(tmp_path: Path) -> DataFolder:
    """An empty data folder."""
    root = tmp_path / "data"
    root.mkdir()
    return DataFolder(root)


@pytest.fixture
def database_key() -> bytes:
    """A raw key."""
    from tests.empty_store import key_of_empty_databases

    return key_of_empty_databases()


@pytest.fixture
def engine(data_folder: DataFolder, database_key: bytes) -> Iterator[Engine]:
    """A real encrypted database in a temporary folder, at the newest schema."""
    from quantbox.core.database import open_engine
    from tests.empty_store import write_empty_database

    write_empty_database(data_folder)
    engine = open_engine(data_folder.database, database_key)
    yield engine
    engine.dispose()


@pytest.fixture
def sessions(engine: Engine) -> sessionmaker[Session]:
    """Sessions on that database."""
    from quantbox.core.database import session_factory

    return session_factory(engine)


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands on a Friday, half an hour after the close."""
    return FixedClock(datetime(2026, 11, 20, 15, 30, tzinfo=SHANGHAI))


@pytest.fixture(scope="session", autouse=True)
def least_cost() -> Iterator[None]:
    """Make vaults within this process at the least accepted cost, as tests.program does in others; derive nothing twice."""
    from quantbox.vault.wrappers import passphrase
    from tests.least_cost import LEAST_MEMORY_KIB

    with pytest.MonkeyPatch.context() as cheaper:
        cheaper.setattr(passphrase, "STANDARD_MEMORY_KIB", LEAST_MEMORY_KIB)
        cheaper.setattr(passphrase, "derive", cache(passphrase.derive))
        yield


@pytest.fixture
def todays_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of a pass phrase as the program has it."""
    from quantbox.vault.wrappers import passphrase

    monkeypatch.setattr(passphrase, "STANDARD_MEMORY_KIB", TODAYS_MEMORY_KIB)


# --- real files ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real market files; a test that needs it is left out (and counted) where it is absent."""
    named = os.environ.get("QUANTBOX_REAL_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(_LEFT_OUT)
    return folder


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many tests on real files did not run, so that a green run is not mistaken for a full one."""
    reports = terminalreporter.stats.get("skipped", [])
    left_out = sum(1 for report in reports if _LEFT_OUT in str(report.longrepr))
    terminalreporter.write_line(f"real-file tests left out: {left_out}")


# --- no network but loopback -----------------------------------------------------------------------------------------


class OutsideNetworkError(RuntimeError):
    """A test reached for a host outside this machine."""


def _is_local(host: object) -> bool:
    if isinstance(host, bytes | bytearray):
        host = host.decode("ascii", "replace")
    if host is None or host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).split("%")[0]).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True)
def no_outside_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection and every name look-up that leaves this machine."""
    connect, connect_ex, sendto = socket.socket.connect, socket.socket.connect_ex, socket.socket.sendto
    getaddrinfo = socket.getaddrinfo

    def check(family: int, address: Any) -> None:
        if family in (socket.AF_INET, socket.AF_INET6) and not _is_local(address[0]):
            raise OutsideNetworkError(f"tests stay on this machine; asked for {address!r}")

    def guarded_connect(self: socket.socket, address: Any) -> None:
        check(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        check(self.family, address)
        return connect_ex(self, address)

    def guarded_sendto(self: socket.socket, data: Any, *rest: Any) -> int:
        check(self.family, rest[-1])
        return sendto(self, data, *rest)

    def guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        if not _is_local(host):
            raise OutsideNetworkError(f"tests stay on this machine; asked for the address of {host!r}")
        return getaddrinfo(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket.socket, "sendto", guarded_sendto)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)

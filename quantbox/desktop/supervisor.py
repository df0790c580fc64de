"""The first process of the program: holds the unlocked key, and starts, watches and restarts the rest.

It imports neither Flask nor SQLAlchemy nor any market code, so that it stays small and has little that can fail.
Killing it ends everything: each child sees the end of its input and leaves.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from quantbox.backup import switching
from quantbox.core.errors import QuantBoxError
from quantbox.core.files import write_atomically
from quantbox.core.ids import new_id
from quantbox.core.paths import DataFolder
from quantbox.core.processes import (
    FileLock,
    command_line,
    on_stop_request,
    process_started_at,
    protect_this_process,
    restrict_to_owner,
)
from quantbox.core.processes.bus import Forwarder
from quantbox.core.processes.control import ControlChannel, PeerSilent
from quantbox.core.program_file import RunningProgram, find_program
from quantbox.desktop.errors import AnotherIsStarting, NotUnlocked, RotationCutOff, StoreBusy, WebDidNotStart
from quantbox.desktop.kept_process import KeptProcess
from quantbox.desktop.ports import choose_port
from quantbox.desktop.rotation import RotationProcess
from quantbox.vault import service as vault
from quantbox.vault.models import AccessKey, Keys
from quantbox.vault.rotation.epochs import key_set, settle

__all__ = ["Commands", "Supervisor", "run"]

_log = logging.getLogger(__name__)

#: How long unlocking waits for a command that holds the store.
STORE_WAIT_SECONDS = 60.0
#: How long a second instance waits for the first to tell its address.
HAND_OVER_SECONDS = 10.0
#: How long the start waits for the system's keychain, which may ask its owner something.
KEYCHAIN_SECONDS = 10.0
_OPEN_SECONDS, _CLOSE_SECONDS = 60.0, 10.0
_STEP_SECONDS = 0.1
_MOST_FAILED_STARTS = 4


@dataclass(frozen=True)
class Commands:
    """How the other processes are started."""

    web: Sequence[str]
    worker: Sequence[str]
    window: Sequence[str]
    rotation: Sequence[str] = ()

    @classmethod
    def of_program(cls, folder: DataFolder) -> Commands:
        """Return this program's own entries."""
        place = ("--data-dir", str(folder.root))
        return cls(
            web=command_line("web", *place),
            worker=command_line("worker", *place),
            window=command_line("window-process"),
            rotation=command_line("rotate-process", *place),
        )


def run(
    folder: DataFolder,
    *,
    port: int | None,
    open_window: bool,
    on_ready: Callable[[str], None],
    demo: bool = False,
    keys: Keys | None = None,
    start_path: str = "/",
    commands: Commands | None = None,
) -> int:
    """Run the program on `folder` until its window is closed or it is asked to end.

    Parameters
    ----------
    folder : DataFolder
        Where the store is, or will be made on the first pages.
    port : int or None
        None takes the preferred port, or a free one when that is taken.
    open_window : bool
        Show the desktop window; closing it ends the program.
    on_ready : callable
        Given the address once pages are served; also when a program runs on this folder already. With `keys` the
        address carries a launch token.
    demo : bool
        The store is a throw-away one.
    keys : Keys, optional
        Open the store from the start (the caller has just proved the pass phrase).
    start_path : str
        The page to open first.
    commands : Commands, optional
        Other programs in the place of the children.

    Returns
    -------
    int
        Exit status.
    """
    _make_private_folders(folder)
    only_one = FileLock(folder.program_file.with_name("program.lock"))
    if not only_one.acquire():
        return _hand_over(folder, open_window=open_window, on_ready=on_ready)
    protect_this_process()
    try:
        switching.settle_unless_in_use(folder)
        port, claim = choose_port(port)
        try:
            supervisor = Supervisor(folder, port, commands or Commands.of_program(folder), is_demo=demo)
            on_stop_request(supervisor.stop)
            return supervisor.run(open_window=open_window, on_ready=on_ready, keys=keys, start_path=start_path)
        finally:
            claim.release()
    finally:
        only_one.release()


def _make_private_folders(folder: DataFolder) -> None:
    if not folder.root.exists():
        folder.root.mkdir(parents=True)
        restrict_to_owner(folder.root)
    for private in (folder.program_file.parent, folder.logs):
        private.mkdir(exist_ok=True)
        restrict_to_owner(private)


def _hand_over(folder: DataFolder, *, open_window: bool, on_ready: Callable[[str], None]) -> int:
    """Point to the program that runs on this folder already; it may be starting just now."""
    deadline = time.monotonic() + HAND_OVER_SECONDS
    while (program := find_program(folder)) is None and time.monotonic() < deadline:
        time.sleep(_STEP_SECONDS)
    if program is None:
        raise AnotherIsStarting(data_dir=str(folder.root))
    on_ready(program.url)
    if open_window:
        import webbrowser

        webbrowser.open(program.url)
    return 0


class Supervisor:
    """Keeps the other processes, the key and the store's lock.

    Parameters
    ----------
    folder : DataFolder
        The data folder.
    port : int
        Where the web process is to listen, in every life of it.
    commands : Commands
        How the children are started.
    is_demo : bool
        Told to the pages.
    """

    def __init__(self, folder: DataFolder, port: int, commands: Commands, *, is_demo: bool) -> None:
        self._folder, self._port, self._is_demo, self._commands = folder, port, is_demo, commands
        self._keys: Keys | None = None
        self._vault_lock = threading.RLock()
        self._store_lock = FileLock(folder.lock_file)
        self._was_locked = False
        self._stopped, self._served = threading.Event(), threading.Event()
        self._instance, self._url = new_id(), ""
        self._start_path = "/"
        self._launch_token: str | None = None
        self._bus = Forwarder()
        self._web = KeptProcess("web", commands.web, folder.logs / "web.log", self._answer_web)
        self._worker = KeptProcess("worker", commands.worker, folder.logs / "worker.log", self._answer_worker)
        self._rotation = RotationProcess(commands.rotation, folder.logs / "rotation.log")
        self._window = KeptProcess("window", commands.window, folder.logs / "window.log", self._answer_window)

    def stop(self) -> None:
        """Ask the program to end."""
        self._stopped.set()

    def run(self, *, open_window: bool, on_ready: Callable[[str], None], keys: Keys | None, start_path: str) -> int:
        """Start the children and tend them until the end."""
        try:
            if keys is not None:
                self._take_store()
                self._keys = keys
            self._web.start()
            self._await_web()
            if keys is not None:
                self._worker.start()
            elif vault.exists(self._folder):
                self._unlock_unasked()
            if not self._stopped.is_set():
                self._start_path = start_path
                on_ready(self._url if keys is None or open_window else self._entrance())
                if open_window:
                    self._window.start()
            self._tend_until_stopped()
        finally:
            self._end()
        return 0

    def _await_web(self) -> None:
        while not self._served.wait(_STEP_SECONDS) and not self._stopped.is_set():
            self._web.tend()
            if self._web.failed_starts >= _MOST_FAILED_STARTS:
                raise WebDidNotStart(tries=self._web.failed_starts, log=str(self._web.log_file))

    def _tend_until_stopped(self) -> None:
        while not self._stopped.wait(_STEP_SECONDS):
            self._web.tend()
            self._worker.tend()
            self._tend_window()

    def _tend_window(self) -> None:
        self._window.tend()
        if self._window.last_exit is None or self._window.is_alive():
            return
        if self._window.last_exit == 0:
            self.stop()  # the owner closed it
        elif not self._window.was_ever_ready:
            import webbrowser  # a machine without what the window needs may still have a browser

            self._window.stop(0)
            self._window.last_exit = None
            _log.warning("the window did not open; see %s", self._window.log_file)
            webbrowser.open(self._entrance())

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._folder.program_file.unlink()
        self._rotation.end()
        with self._vault_lock:
            self._keys = None
            for kept in (self._window, self._worker, self._web):
                kept.stop()
            if self._store_lock.held:
                self._store_lock.release()
        self._bus.close()

    # --- what the children ask ---

    def _answer_web(self, channel: ControlChannel) -> None:
        channel.on("hello", lambda: {**self._greeting(), "port": self._port})
        channel.on("ready", self._web_serves)
        channel.on("program.state", self._describe)
        channel.on("vault.create", self._create)
        channel.on("vault.unlock", self._unlock)
        channel.on("vault.unlock_by_recovery", self._unlock_by_recovery)
        channel.on("vault.unlock_by_kms", self._unlock_by_kms)
        channel.on("vault.lock", self._lock)
        channel.on("vault.rotate", self._rotate)
        channel.on("vault.take_restored", self._take_restored)
        channel.on("launch.take", self._take_launch_token)

    def _answer_worker(self, channel: ControlChannel) -> None:
        channel.on("hello", self._greeting)
        channel.on("ready", self._worker.mark_ready)

    def _answer_window(self, channel: ControlChannel) -> None:
        channel.on("hello", lambda: {"url": self._entrance()})
        channel.on("ready", self._window.mark_ready)

    def _greeting(self) -> dict[str, Any]:
        keys = self._keys
        return {"bus": self._bus.address.to_pipe(), "keys": None if keys is None else keys.to_pipe(), "demo": self._is_demo}

    def _web_serves(self, url: str) -> None:
        self._url = url
        self._web.mark_ready()
        self._write_program_file()
        self._served.set()

    def _describe(self) -> dict[str, Any]:
        processes = [self._web.describe(), self._worker.describe()]
        return {"state": self._state(), "processes": processes, "rotation": self._rotation.progress}

    def _entrance(self) -> str:
        """Return the address of the first page with a fresh token, which voids the one before."""
        self._launch_token = secrets.token_urlsafe(32)
        return f"{self._url}{self._start_path}#launch={self._launch_token}"

    def _take_launch_token(self, token: str) -> bool:
        with self._vault_lock:
            fits = self._launch_token is not None and secrets.compare_digest(token.encode(), self._launch_token.encode())
            if fits:
                self._launch_token = None
        return fits

    # --- the vault ---

    def _state(self) -> str:
        if self._keys is not None:
            return "unlocked"
        return "locked" if vault.exists(self._folder) else "new"

    def _create(self, passphrase: str) -> dict[str, str]:
        with self._vault_lock:
            keys = vault.create(self._folder, passphrase)
            self._take_store()
            self._open(keys)
        return {"state": self._state()}

    def _unlock(self, passphrase: str) -> dict[str, str]:
        return self._prove(lambda: vault.unlock(self._folder, passphrase))

    def _unlock_by_recovery(self, code: str) -> dict[str, str]:
        return self._prove(lambda: vault.unlock_by_recovery(self._folder, code))

    def _unlock_by_kms(self, access_key_id: str, access_key_secret: str) -> dict[str, str]:
        access_key, before = AccessKey(access_key_id, access_key_secret), key_set(self._folder)
        keys = vault.unlock_by_kms(self._folder, access_key)  # outside the lock: locking never waits for the network
        return self._prove(lambda: keys if key_set(self._folder) == before else vault.unlock_by_kms(self._folder, access_key))

    def _prove(self, unlock: Callable[[], Keys]) -> dict[str, str]:
        with self._vault_lock:
            before = key_set(self._folder)
            keys = unlock()  # the proof is asked for also where the store is open
            if self._keys is None:
                self._take_store()
                with self._released_when_it_fails():
                    # whoever held the store meanwhile may have rotated its keys
                    self._open(keys if key_set(self._folder) == before else unlock())
        return {"state": self._state()}

    def _unlock_unasked(self) -> None:
        """Open the store by what this user's keychain keeps; wait a little for the keychain, not for the network."""
        keychain_asked = threading.Event()

        def try_both() -> None:
            for name, unlock in (("keychain", vault.unlock_by_keychain), ("kms", vault.unlock_by_kept_kms)):
                try:
                    if self._keys is None:
                        self._open_unasked(partial(unlock, self._folder), name)
                except QuantBoxError as refusal:
                    _log.warning("%s did not open the store: %s", name, refusal.code)
                finally:
                    keychain_asked.set()

        threading.Thread(target=try_both, name="unlock-unasked", daemon=True).start()
        keychain_asked.wait(KEYCHAIN_SECONDS)

    def _open_unasked(self, unlock: Callable[[], Keys | None], by: str) -> None:
        before = key_set(self._folder)
        keys = unlock()  # may take long; meanwhile the pass phrase can be given
        if keys is None:
            return
        with self._vault_lock:
            if self._keys is not None or self._was_locked or self._stopped.is_set():
                return
            self._take_store()
            with self._released_when_it_fails():
                keys = keys if key_set(self._folder) == before else unlock()
                if keys is None:
                    self._store_lock.release()
                    return
                self._open(keys)
            self._web.request("vault.opened_unasked", timeout_seconds=_OPEN_SECONDS, by=by)

    @contextlib.contextmanager
    def _released_when_it_fails(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            if self._store_lock.held:
                self._store_lock.release()
            raise

    def _open(self, keys: Keys) -> None:
        self._keys = keys
        try:
            self._web.request("vault.opened", timeout_seconds=_OPEN_SECONDS, keys=keys.to_pipe())
        except QuantBoxError:
            self._forget()
            raise
        self._worker.start()  # after web, which brings the schema up to date
        self._write_program_file()

    def _take_store(self) -> None:
        deadline = time.monotonic() + STORE_WAIT_SECONDS
        while not self._store_lock.acquire(_STEP_SECONDS):
            if time.monotonic() >= deadline or self._stopped.is_set():
                raise StoreBusy(seconds=STORE_WAIT_SECONDS)
        with self._released_when_it_fails():
            switching.settle(self._folder)
            settle(self._folder)

    def _lock(self) -> dict[str, str]:
        with self._vault_lock:
            self._was_locked = True  # whoever locked it wants to be asked
            if self._keys is not None:
                self._forget()
        return {"state": self._state()}

    def _forget(self) -> None:
        self._close()
        self._store_lock.release()

    def _close(self) -> None:
        self._keys = None
        self._write_program_file()  # first of all: commands stop coming
        self._worker.stop()
        try:
            self._web.request("vault.closed", timeout_seconds=_CLOSE_SECONDS)
        except QuantBoxError:
            self._web.kill()  # the key must be gone; it comes back locked

    def _take_restored(self) -> dict[str, str]:
        """Close the store if it is open, and put the one that was restored in its place; it waits for its pass phrase."""
        with self._vault_lock:
            self._was_locked = True
            if self._keys is None:
                self._take_store()  # which settles
            else:
                self._close()
            try:
                switching.settle(self._folder)
            finally:
                self._store_lock.release()
                self._write_program_file()
        return {"state": self._state()}

    def _rotate(self, passphrase: str, new_passphrase: str | None) -> dict[str, Any]:
        """Close the store everywhere, have its keys rotated, and open it again with those that hold then."""
        with self._vault_lock:
            if self._keys is None:
                raise NotUnlocked
            vault.unlock(self._folder, passphrase)  # a wrong one stops nothing
            before = key_set(self._folder)
            self._rotation.begin()
            self._close()
            try:
                return self._run_rotation(passphrase, new_passphrase)
            finally:
                is_new = key_set(self._folder) != before
                self._reopen(new_passphrase or passphrase if is_new else passphrase)
                self._rotation.finish()

    def _run_rotation(self, passphrase: str, new_passphrase: str | None) -> dict[str, Any]:
        before = key_set(self._folder)
        try:
            return self._rotation.run(passphrase=passphrase, new_passphrase=new_passphrase, demo=self._is_demo)
        except PeerSilent:
            settle(self._folder)
            if key_set(self._folder) == before:
                raise RotationCutOff from None
            # it died with the new keys in place; what it would have told besides can be made again
            return {"epoch": key_set(self._folder)[1], "recovery_code": None, "confirm": []}

    def _reopen(self, passphrase: str) -> None:
        if self._stopped.is_set():
            return
        with self._released_when_it_fails():
            settle(self._folder)
            self._open(vault.unlock(self._folder, passphrase))

    def _write_program_file(self) -> None:
        if not self._url or self._stopped.is_set():
            return
        state = "unlocked" if self._keys is not None else "locked"
        program = RunningProgram(
            pid=os.getpid(), started_at=process_started_at(), url=self._url, state=state, instance=self._instance
        )
        write_atomically(self._folder.program_file, program.to_json().encode())

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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from quantbox.backup import switching
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
from quantbox.core.processes.control import ControlChannel
from quantbox.core.program_file import RunningProgram, find_program
from quantbox.desktop.errors import AnotherIsStarting, WebDidNotStart
from quantbox.desktop.kept_process import KeptProcess
from quantbox.desktop.key_holder import KeyHolder
from quantbox.desktop.ports import ClaimedPort
from quantbox.desktop.rotation import RotationProcess
from quantbox.vault.models import Keys

__all__ = ["Commands", "Supervisor", "run"]

_log = logging.getLogger(__name__)

#: How long a second instance waits for the first to tell its address.
HAND_OVER_SECONDS = 10.0
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
        with ClaimedPort(port) as claimed:
            supervisor = Supervisor(folder, claimed, commands or Commands.of_program(folder), is_demo=demo)
            on_stop_request(supervisor.stop)
            return supervisor.run(open_window=open_window, on_ready=on_ready, keys=keys, start_path=start_path)
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
    """Keeps the other processes running, and the key by its holder.

    Parameters
    ----------
    folder : DataFolder
        The data folder.
    port : ClaimedPort
        Where the web process is to listen, in every life of it.
    commands : Commands
        How the children are started.
    is_demo : bool
        Told to the pages.
    """

    def __init__(self, folder: DataFolder, port: ClaimedPort, commands: Commands, *, is_demo: bool) -> None:
        self._folder, self._port, self._is_demo = folder, port, is_demo
        self._stopped, self._served = threading.Event(), threading.Event()
        self._instance, self._url = new_id(), ""
        self._start_path = "/"
        self._launch_token: str | None = None
        self._launch_lock = threading.Lock()
        self._bus = Forwarder()
        self._web = KeptProcess("web", commands.web, folder.logs / "web.log", self._answer_web)
        self._worker = KeptProcess("worker", commands.worker, folder.logs / "worker.log", self._answer_worker)
        self._rotation = RotationProcess(commands.rotation, folder.logs / "rotation.log")
        self._window = KeptProcess("window", commands.window, folder.logs / "window.log", self._answer_window)
        self._holder = KeyHolder(
            folder,
            web=self._web,
            worker=self._worker,
            rotation=self._rotation,
            stopped=self._stopped,
            on_change=self._write_program_file,
            is_demo=is_demo,
        )

    def stop(self) -> None:
        """Ask the program to end."""
        self._stopped.set()

    def run(self, *, open_window: bool, on_ready: Callable[[str], None], keys: Keys | None, start_path: str) -> int:
        """Start the children and tend them until the end."""
        try:
            if keys is not None:
                self._holder.hold(keys)
            self._web.start()
            self._await_web()
            if keys is not None:
                self._worker.start()
            elif self._holder.state() == "locked":
                self._holder.unlock_unasked()
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
            if self._web.pid is None:
                self._port.move_if_taken()  # perhaps why it failed; nobody has been told the address yet
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
        with self._holder.letting_go():
            for kept in (self._window, self._worker, self._web):
                kept.stop()
        self._bus.close()

    # --- what the children ask ---

    def _answer_web(self, channel: ControlChannel) -> None:
        channel.on("hello", lambda: {**self._greeting(), "port": self._port.number})
        channel.on("ready", self._web_serves)
        channel.on("program.state", self._describe)
        self._holder.answer(channel)
        channel.on("launch.take", self._take_launch_token)

    def _answer_worker(self, channel: ControlChannel) -> None:
        channel.on("hello", self._greeting)
        channel.on("ready", self._worker.mark_ready)

    def _answer_window(self, channel: ControlChannel) -> None:
        channel.on("hello", lambda: {"url": self._entrance()})
        channel.on("ready", self._window.mark_ready)

    def _greeting(self) -> dict[str, Any]:
        keys = self._holder.keys
        return {"bus": self._bus.address.to_pipe(), "keys": None if keys is None else keys.to_pipe(), "demo": self._is_demo}

    def _web_serves(self, url: str) -> None:
        self._url = url
        self._web.mark_ready()
        self._write_program_file()
        self._served.set()

    def _describe(self) -> dict[str, Any]:
        processes = [self._web.describe(), self._worker.describe()]
        return {"state": self._holder.state(), "processes": processes, "rotation": self._rotation.progress}

    def _entrance(self) -> str:
        """Return the address of the first page with a fresh token, which voids the one before."""
        self._launch_token = secrets.token_urlsafe(32)
        return f"{self._url}{self._start_path}#launch={self._launch_token}"

    def _take_launch_token(self, token: str) -> bool:
        with self._launch_lock:
            fits = self._launch_token is not None and secrets.compare_digest(token.encode(), self._launch_token.encode())
            if fits:
                self._launch_token = None
        return fits

    def _write_program_file(self) -> None:
        if not self._url or self._stopped.is_set():
            return
        state = "unlocked" if self._holder.keys is not None else "locked"
        program = RunningProgram(
            pid=os.getpid(), started_at=process_started_at(), url=self._url, state=state, instance=self._instance
        )
        write_atomically(self._folder.program_file, program.to_json().encode())

"""The web process: serves the pages, and has the services while the supervisor gives it the key."""

from __future__ import annotations

import os
import threading
from typing import Any, cast

from quantbox.app.lan.listener import LanListener
from quantbox.app.services import Services, build_services
from quantbox.app.web import create_app
from quantbox.audit.models import PROGRAM, Outcome
from quantbox.core.bus import Bus
from quantbox.core.clock import Clock, SystemClock
from quantbox.core.paths import DataFolder
from quantbox.core.processes import protect_this_process
from quantbox.core.processes.bus import BusAddress, ProcessBus
from quantbox.core.processes.control import ControlChannel, take_standard_pipes
from quantbox.core.processes.log import write_log_to_stderr
from quantbox.jobs.queue import JobQueue, make_queue
from quantbox.vault.models import Keys
from quantbox.vault.service import exists
from quantbox.web.serving.server import Server
from quantbox.web.state import VaultState

__all__ = ["WebProgram", "main"]

#: Creating and unlocking wait for a command that holds the store (60 s), for Argon2 and for the services.
_VAULT_SECONDS = 150.0
#: Longer than the supervisor lets a rotation take.
_ROTATION_SECONDS = 3900.0


class WebProgram:
    """What the pages know of the program: the door to the supervisor, and the services while the store is open.

    Parameters
    ----------
    folder : DataFolder
        The data folder.
    line : ControlChannel
        To the supervisor.
    clock : Clock
        For the services.
    """

    def __init__(self, folder: DataFolder, line: ControlChannel, clock: Clock) -> None:
        self.folder = folder
        self.is_demo = self.is_rotating = False
        self._line, self._clock = line, clock
        self._bus: Bus | None = None
        self._services: Services | None = None
        self._queue: JobQueue | None = None
        self._lock = threading.Lock()

    @property
    def services(self) -> Services | None:
        """Every service; None while locked."""
        return self._services

    def join(self) -> int:
        """Greet the supervisor, take what it gives, and return the port to listen on."""
        self._line.on("vault.opened", self._open)
        self._line.on("vault.opened_unasked", self._record_unasked)
        self._line.on("vault.closed", self._close)
        self._line.on_closed(lambda: os._exit(0))  # the supervisor is gone: nothing may go on without it
        self._line.start()
        greeting = self._line.request("hello")
        self.is_demo = greeting["demo"]
        self._bus = ProcessBus(BusAddress.from_pipe(greeting["bus"]))
        if greeting["keys"] is not None:
            self._open(greeting["keys"])
        port: int = greeting["port"]
        return port

    def vault_state(self) -> VaultState:
        """Return "new", "locked" or "unlocked"."""
        if self._services is not None:
            return "unlocked"
        return "locked" if exists(self.folder) else "new"

    def create(self, passphrase: str) -> None:
        """Make the store and open it."""
        self._line.request("vault.create", timeout_seconds=_VAULT_SECONDS, passphrase=passphrase)

    def unlock(self, passphrase: str) -> None:
        """Prove the pass phrase and open the store if it is not open."""
        self._line.request("vault.unlock", timeout_seconds=_VAULT_SECONDS, passphrase=passphrase)

    def unlock_by_recovery(self, code: str) -> None:
        """Prove the recovery kit's code and open the store if it is not open."""
        self._line.request("vault.unlock_by_recovery", timeout_seconds=_VAULT_SECONDS, code=code)

    def unlock_by_kms(self, access_key_id: str, access_key_secret: str) -> None:
        """Let the cloud key service open the store if it is not open."""
        access_key = {"access_key_id": access_key_id, "access_key_secret": access_key_secret}
        self._line.request("vault.unlock_by_kms", timeout_seconds=_VAULT_SECONDS, **access_key)

    def lock(self) -> None:
        """Forget the key everywhere."""
        self._line.request("vault.lock", timeout_seconds=_VAULT_SECONDS)

    def rotate(self, passphrase: str, new_passphrase: str | None) -> dict[str, Any]:
        """Have the keys rotated; the store is closed meanwhile and open again when this returns."""
        self.is_rotating = True
        try:
            answer: dict[str, Any] = self._line.request(
                "vault.rotate", timeout_seconds=_ROTATION_SECONDS, passphrase=passphrase, new_passphrase=new_passphrase
            )
        finally:
            self.is_rotating = False
        return answer

    def rotation(self) -> dict[str, Any] | None:
        """Return stage and fraction of the rotation that runs."""
        progress: dict[str, Any] | None = self._line.request("program.state")["rotation"]
        return progress

    def take_restored(self) -> None:
        """Have the store that was restored put in place; it is locked then."""
        self._line.request("vault.take_restored", timeout_seconds=_VAULT_SECONDS)

    def take_launch_token(self, token: str) -> bool:
        """Return whether `token` is the window's launch token, which is void from then on."""
        return bool(self._line.request("launch.take", token=token))

    def processes(self) -> list[dict[str, Any]]:
        """Return what the supervisor says of the processes: name, pid, restarts, recent deaths."""
        found: list[dict[str, Any]] = self._line.request("program.state")["processes"]
        return found

    def _open(self, keys: dict[str, str]) -> None:
        with self._lock:
            if self._services is not None or self._bus is None:
                return
            opened = Keys.from_pipe(keys)
            services = build_services(
                self.folder,
                opened,
                bus=self._bus,
                clock=self._clock,
                owner=f"web:{os.getpid()}",
                wake=self._wake,
                is_throw_away=self.is_demo,
            )
            self._queue = make_queue(self.folder.database, opened.database)
            self._services = services
            services.audit.verify_in_background()

    def _record_unasked(self, by: str) -> None:
        services = self._services
        if services is not None:
            services.audit.record(PROGRAM, "vault.unlock", Outcome.DONE, {"method": by})

    def _close(self) -> None:
        with self._lock:
            services, self._services = self._services, None
            queue, self._queue = self._queue, None
            if queue is not None:
                queue.close()
            if services is not None:
                services.close()

    def _wake(self, job_id: str) -> None:
        queue = self._queue
        if queue is not None:  # else the worker's sweep finds the job within seconds
            queue.wake(job_id)


def main(folder: DataFolder) -> int:
    """Serve until the supervisor ends."""
    line = take_standard_pipes("web")
    write_log_to_stderr()
    protect_this_process()
    clock = SystemClock()
    program = WebProgram(folder, line, clock)
    port = program.join()
    app = create_app(program, clock=clock)
    server = Server(app, port=port)
    server.start()
    cast("LanListener", app.extensions["quantbox.lan"]).start()
    line.notify("ready", url=server.url)
    threading.Event().wait()
    return 0

"""Who holds the key of the store: opens and closes it for all processes, and keeps it locked against commands meanwhile."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from quantbox.backup import switching
from quantbox.core.errors import QuantBoxError
from quantbox.core.paths import DataFolder
from quantbox.core.processes import FileLock
from quantbox.core.processes.control import ControlChannel, PeerSilent
from quantbox.desktop.errors import NotUnlocked, RotationCutOff, StoreBusy
from quantbox.desktop.kept_process import KeptProcess
from quantbox.desktop.rotation import RotationProcess
from quantbox.vault import service as vault
from quantbox.vault.models import AccessKey, Keys
from quantbox.vault.rotation.epochs import key_set, settle

__all__ = ["KeyHolder"]

_log = logging.getLogger(__name__)

#: How long unlocking waits for a command that holds the store.
STORE_WAIT_SECONDS = 60.0
#: How long the start waits for the system's keychain, which may ask its owner something.
KEYCHAIN_SECONDS = 10.0
_OPEN_SECONDS, _CLOSE_SECONDS = 60.0, 10.0
_STEP_SECONDS = 0.1


class KeyHolder:
    """Holds the key while the store is open.

    Parameters
    ----------
    folder : DataFolder
        The data folder.
    web, worker : KeptProcess
        Given the key, and told when it goes; the worker runs only while the store is open.
    rotation : RotationProcess
        Rotates the keys when asked to.
    stopped : threading.Event
        Set when the program ends: nothing waits any longer.
    on_change : callable
        Called when the store was opened or closed.
    is_demo : bool
        The store is a throw-away one.
    """

    def __init__(
        self,
        folder: DataFolder,
        *,
        web: KeptProcess,
        worker: KeptProcess,
        rotation: RotationProcess,
        stopped: threading.Event,
        on_change: Callable[[], None],
        is_demo: bool,
    ) -> None:
        self._folder, self._web, self._worker, self._rotation = folder, web, worker, rotation
        self._stopped, self._on_change, self._is_demo = stopped, on_change, is_demo
        #: None while the store is locked, or there is none.
        self.keys: Keys | None = None
        self._lock = threading.RLock()
        self._store_lock = FileLock(folder.lock_file)
        self._was_locked = False

    def answer(self, channel: ControlChannel) -> None:
        """Answer what the web process asks about the vault."""
        channel.on("vault.create", self.create)
        channel.on("vault.unlock", self.unlock)
        channel.on("vault.unlock_by_recovery", self.unlock_by_recovery)
        channel.on("vault.unlock_by_kms", self.unlock_by_kms)
        channel.on("vault.lock", self.lock)
        channel.on("vault.rotate", self.rotate)
        channel.on("vault.take_restored", self.take_restored)

    def hold(self, keys: Keys) -> None:
        """Take the store with `keys` before any process runs."""
        self._take_store()
        self.keys = keys

    @contextlib.contextmanager
    def letting_go(self) -> Iterator[None]:
        """Forget the key for good; the store is freed when the block, which ends the other processes, is over."""
        with self._lock:
            self.keys = None
            try:
                yield
            finally:
                if self._store_lock.held:
                    self._store_lock.release()

    def state(self) -> str:
        """Return "new", "locked" or "unlocked"."""
        if self.keys is not None:
            return "unlocked"
        return "locked" if vault.exists(self._folder) else "new"

    def create(self, passphrase: str) -> dict[str, str]:
        """Make the store and open it."""
        with self._lock:
            keys = vault.create(self._folder, passphrase)
            self._take_store()
            self._open(keys)
        return {"state": self.state()}

    def unlock(self, passphrase: str) -> dict[str, str]:
        """Open the store by its pass phrase; an open one only proves it."""
        return self._prove(lambda: vault.unlock(self._folder, passphrase))

    def unlock_by_recovery(self, code: str) -> dict[str, str]:
        """Open the store by its recovery kit."""
        return self._prove(lambda: vault.unlock_by_recovery(self._folder, code))

    def unlock_by_kms(self, access_key_id: str, access_key_secret: str) -> dict[str, str]:
        """Open the store by the cloud key service."""
        access_key, before = AccessKey(access_key_id, access_key_secret), key_set(self._folder)
        keys = vault.unlock_by_kms(self._folder, access_key)  # outside the lock: locking never waits for the network
        return self._prove(lambda: keys if key_set(self._folder) == before else vault.unlock_by_kms(self._folder, access_key))

    def _prove(self, unlock: Callable[[], Keys]) -> dict[str, str]:
        with self._lock:
            before = key_set(self._folder)
            keys = unlock()  # the proof is asked for also where the store is open
            if self.keys is None:
                self._take_store()
                with self._released_when_it_fails():
                    # whoever held the store meanwhile may have rotated its keys
                    self._open(keys if key_set(self._folder) == before else unlock())
        return {"state": self.state()}

    def unlock_unasked(self) -> None:
        """Open the store by this user's keychain or key service; wait a little for the keychain, not for the network."""
        keychain_asked = threading.Event()

        def try_both() -> None:
            for name, unlock in (("keychain", vault.unlock_by_keychain), ("kms", vault.unlock_by_kept_kms)):
                try:
                    if self.keys is None:
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
        with self._lock:
            if self.keys is not None or self._was_locked or self._stopped.is_set():
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
        self.keys = keys
        try:
            self._web.request("vault.opened", timeout_seconds=_OPEN_SECONDS, keys=keys.to_pipe())
        except QuantBoxError:
            self._forget()
            raise
        self._worker.start()  # after web, which brings the schema up to date
        self._on_change()

    def _take_store(self) -> None:
        deadline = time.monotonic() + STORE_WAIT_SECONDS
        while not self._store_lock.acquire(_STEP_SECONDS):
            if time.monotonic() >= deadline or self._stopped.is_set():
                raise StoreBusy(seconds=STORE_WAIT_SECONDS)
        with self._released_when_it_fails():
            switching.settle(self._folder)
            settle(self._folder)

    def lock(self) -> dict[str, str]:
        """Close the store everywhere."""
        with self._lock:
            self._was_locked = True  # whoever locked it wants to be asked
            if self.keys is not None:
                self._forget()
        return {"state": self.state()}

    def _forget(self) -> None:
        self._close()
        self._store_lock.release()

    def _close(self) -> None:
        self.keys = None
        self._on_change()  # first of all: commands stop coming
        self._worker.stop()
        try:
            self._web.request("vault.closed", timeout_seconds=_CLOSE_SECONDS)
        except QuantBoxError:
            self._web.kill()  # the key must be gone; it comes back locked

    def take_restored(self) -> dict[str, str]:
        """Close the store if it is open, and put the one that was restored in its place; it waits for its pass phrase."""
        with self._lock:
            self._was_locked = True
            if self.keys is None:
                self._take_store()  # which settles
            else:
                self._close()
            try:
                switching.settle(self._folder)
            finally:
                self._store_lock.release()
                self._on_change()
        return {"state": self.state()}

    def rotate(self, passphrase: str, new_passphrase: str | None) -> dict[str, Any]:
        """Close the store everywhere, have its keys rotated, and open it again with those that hold then."""
        with self._lock:
            if self.keys is None:
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

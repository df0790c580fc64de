"""What the web process knows of the program behind it: is there a store, is it open, and the services on it."""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeVar, cast

from flask import current_app

from quantbox.core.clock import Clock
from quantbox.core.paths import DataFolder
from quantbox.web.errors import VaultLocked

__all__ = ["ProgramState", "VaultState", "find_service", "get_clock", "get_service", "program_state"]

VaultState = Literal["new", "locked", "unlocked"]

_EXTENSION = "quantbox.state"

Service = TypeVar("Service")


class ProgramState(Protocol):
    """The door from the web process to the supervisor, which alone opens and locks the vault.

    Every method may be called from several threads at once.
    """

    @property
    def folder(self) -> DataFolder:
        """The data folder, also while it is locked."""
        ...

    @property
    def services(self) -> object | None:
        """The object that holds every service as an attribute; None while locked."""
        ...

    @property
    def is_demo(self) -> bool:
        """Whether the program runs on a throw-away store with the demo market."""
        ...

    def vault_state(self) -> VaultState:
        """Return "new" (no store yet), "locked" or "unlocked"."""
        ...

    def create(self, passphrase: str) -> None:
        """Make the store and open it; returns when `services` is there. Raises Conflict when one exists."""
        ...

    def unlock(self, passphrase: str) -> None:
        """Prove the pass phrase, whether or not the vault is open already, and open it.

        Returns when `services` is there; raises Denied for a wrong pass phrase.
        """
        ...

    def unlock_by_recovery(self, code: str) -> None:
        """Prove the code of the recovery kit and open the vault, as `unlock` does by the pass phrase."""
        ...

    def unlock_by_kms(self, access_key_id: str, access_key_secret: str) -> None:
        """Let the cloud key service open the vault with this access key, as `unlock` does by the pass phrase."""
        ...

    def lock(self) -> None:
        """Forget the key everywhere; `services` is None when it returns."""
        ...

    @property
    def is_rotating(self) -> bool:
        """Whether the store is closed only because its keys are being rotated."""
        ...

    def rotate(self, passphrase: str, new_passphrase: str | None) -> dict[str, Any]:
        """Encrypt everything anew under new keys; returns when `services` is there again, opened by the new ones.

        The answer holds `epoch`, and where the vault had a recovery kit the `recovery_code` of the new one with the
        numbers of the groups to `confirm`.
        """
        ...

    def rotation(self) -> dict[str, Any] | None:
        """Return stage and fraction of the rotation that runs; None while none does."""
        ...

    def take_restored(self) -> None:
        """Close the store if it is open, and put the one that was restored in its place; it is locked then."""
        ...

    def take_launch_token(self, token: str) -> bool:
        """Return whether `token` is the window's launch token, which is void from then on."""
        ...


def program_state() -> ProgramState:
    """Return the state of the program the current application was made for."""
    return cast("ProgramState", current_app.extensions[_EXTENSION])


def find_service(kind: type[Service]) -> Service | None:
    """Return the service of this class; None while the vault is locked."""
    services = program_state().services
    if services is None:
        return None
    for service in vars(services).values():
        if isinstance(service, kind):
            return service
    raise LookupError(f"the program has no {kind.__name__}")


def get_service(kind: type[Service]) -> Service:
    """Return the service of this class, or raise VaultLocked."""
    service = find_service(kind)
    if service is None:
        raise VaultLocked
    return service


def get_clock() -> Clock:
    """Return the clock of the open store's services, or raise VaultLocked."""
    services = program_state().services
    if services is None:
        raise VaultLocked
    return cast("Clock", vars(services)["clock"])

"""How the vault is opened: seen and changed by the owner, who proves the pass phrase for every act."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask_login import current_user
from pydantic import Field, model_validator

from quantbox.core.roles import Role
from quantbox.vault.access import VaultAccess
from quantbox.vault.models import AccessKey, KmsAddress
from quantbox.web.acts import note_facts
from quantbox.web.api import Answer, Body, Routes
from quantbox.web.cookies import request_language
from quantbox.web.proofs import proving
from quantbox.web.state import get_service, program_state

__all__ = ["routes"]

routes = Routes("vault")


class KdfAnswer(Answer):
    """What one guess at the pass phrase costs."""

    algorithm: str
    memory_kib: int
    iterations: int


class WayAnswer(Answer):
    """One way to open the vault."""

    kind: Literal["passphrase", "recovery", "keychain", "kms"]
    created_at: datetime
    detail: str | None


class KeychainAnswer(Answer):
    """Whether this machine has a keychain, else why not."""

    is_available: bool
    reason: str | None


class KitAnswer(Answer):
    """The recovery kit; one that is not confirmed opens nothing."""

    created_at: datetime
    is_confirmed: bool


class PendingKitAnswer(Answer):
    """A kit that waits until its groups are typed."""

    created_at: datetime
    confirm: list[int]


class VoidKitAnswer(Answer):
    """A kit that no longer opens the store."""

    created_at: datetime
    voided_at: datetime


class VaultAnswer(Answer):
    """How the vault is opened."""

    store_id: str
    epoch: int
    rotated_at: datetime | None
    kdf: KdfAnswer
    wrappers: list[WayAnswer]
    keychain: KeychainAnswer
    recovery_kit: KitAnswer | None
    pending_kit: PendingKitAnswer | None
    void_kits: list[VoidKitAnswer]


class NewKitAnswer(Answer):
    """A new recovery kit; its code is shown this once."""

    code: str
    store_id: str
    created_at: datetime
    confirm: list[int]


class ProofBody(Body):
    """The pass phrase, again."""

    passphrase: str = Field(min_length=1, max_length=4096, repr=False)


class NewPassphraseBody(Body):
    """The pass phrase, or the recovery kit's code where it is forgotten, and the one that replaces it."""

    passphrase: str | None = Field(default=None, min_length=1, max_length=4096, repr=False)
    recovery_code: str | None = Field(default=None, min_length=1, max_length=256, repr=False)
    new_passphrase: str = Field(min_length=1, max_length=4096, repr=False)

    @model_validator(mode="after")
    def is_proven_once(self) -> NewPassphraseBody:
        """Refuse both proofs, and neither."""
        if (self.passphrase is None) == (self.recovery_code is None):
            raise ValueError("passphrase or recovery_code")
        return self


class RotationBody(ProofBody):
    """The pass phrase, and the one that replaces it where one is wished."""

    new_passphrase: str | None = Field(default=None, min_length=1, max_length=4096, repr=False)


class RotationAnswer(Answer):
    """The new epoch, and the recovery kit made in the place of the one that is void: its code is shown this once."""

    epoch: int
    recovery_code: str | None
    confirm: list[int]


class RotationProgress(Answer):
    """How far a rotation is; 1 means nothing runs."""

    is_running: bool
    stage: Literal["starting", "copying", "sealing", "checking", "switching"] | None
    fraction: float


class GroupsBody(Body):
    """The groups asked for, in their order."""

    groups: list[str] = Field(min_length=1, max_length=7, repr=False)


class KeychainBody(ProofBody):
    """Whether the system's keychain is to open the vault."""

    is_enabled: bool


class KmsBody(ProofBody):
    """A key of a cloud key service, and how this program is known there."""

    endpoint: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?(:[0-9]{1,5})?$")
    key_id: str = Field(min_length=1, max_length=256)
    access_key_id: str = Field(min_length=1, max_length=256, repr=False)
    access_key_secret: str = Field(min_length=1, max_length=256, repr=False)


@routes.add("GET", "/vault", role=Role.OWNER, answer=VaultAnswer)
def show_vault() -> dict[str, Any]:
    """Say how the vault is opened, by which keys and since when."""
    return described()


@routes.add(
    "POST",
    "/vault/passphrase",
    role=Role.OWNER,
    body=NewPassphraseBody,
    answer=VaultAnswer,
    step_up=True,
    act="vault.passphrase",
    is_expensive=True,
)
def change_passphrase(body: NewPassphraseBody) -> dict[str, Any]:
    """Change the pass phrase, by itself or by the recovery kit's code; every session but this one ends."""
    access, session_key = get_service(VaultAccess), current_user.session_key
    with proving():
        if body.passphrase is not None:
            access.change_passphrase(body.passphrase, body.new_passphrase, keep_session=session_key)
        elif body.recovery_code is not None:
            note_facts(method="recovery")
            access.replace_passphrase(body.recovery_code, body.new_passphrase, keep_session=session_key)
    return described()


@routes.add(
    "POST",
    "/vault/recovery-kit",
    role=Role.OWNER,
    body=ProofBody,
    answer=NewKitAnswer,
    status=201,
    step_up=True,
    act="vault.recovery_kit.make",
    is_expensive=True,
)
def make_recovery_kit(body: ProofBody) -> object:
    """Make a recovery kit; it counts once it is confirmed, and until then an older one goes on."""
    with proving():
        return get_service(VaultAccess).make_recovery_kit(body.passphrase)


@routes.add(
    "POST",
    "/vault/recovery-kit/confirm",
    role=Role.OWNER,
    body=GroupsBody,
    answer=VaultAnswer,
    act="vault.recovery_kit.confirm",
)
def confirm_recovery_kit(body: GroupsBody) -> dict[str, Any]:
    """Confirm the kit by the groups asked for; the kit before it is void from then on."""
    get_service(VaultAccess).confirm_recovery_kit(body.groups)
    return described()


@routes.add(
    "DELETE",
    "/vault/recovery-kit",
    role=Role.OWNER,
    body=ProofBody,
    answer=VaultAnswer,
    step_up=True,
    act="vault.recovery_kit.remove",
    is_expensive=True,
)
def remove_recovery_kit(body: ProofBody) -> dict[str, Any]:
    """Name the kit void, and throw away one that waits."""
    with proving():
        get_service(VaultAccess).remove_recovery_kit(body.passphrase)
    return described()


@routes.add(
    "PUT",
    "/vault/keychain",
    role=Role.OWNER,
    body=KeychainBody,
    answer=VaultAnswer,
    step_up=True,
    act="vault.keychain",
    is_expensive=True,
)
def change_keychain(body: KeychainBody) -> dict[str, Any]:
    """Let this user's keychain open the vault at the start, or no longer."""
    note_facts(is_enabled=body.is_enabled)
    access = get_service(VaultAccess)
    with proving():
        (access.enable_keychain if body.is_enabled else access.disable_keychain)(body.passphrase)
    return described()


@routes.add(
    "PUT",
    "/vault/kms",
    role=Role.OWNER,
    body=KmsBody,
    answer=VaultAnswer,
    step_up=True,
    act="vault.kms.enable",
    is_expensive=True,
)
def enable_kms(body: KmsBody) -> dict[str, Any]:
    """Let a key of a cloud key service open the vault; it is asked to wrap and unwrap once."""
    note_facts(endpoint=body.endpoint)
    address, access_key = KmsAddress(body.endpoint, body.key_id), AccessKey(body.access_key_id, body.access_key_secret)
    with proving():
        get_service(VaultAccess).enable_kms(body.passphrase, address, access_key)
    return described()


@routes.add(
    "DELETE",
    "/vault/kms",
    role=Role.OWNER,
    body=ProofBody,
    answer=VaultAnswer,
    step_up=True,
    act="vault.kms.disable",
    is_expensive=True,
)
def disable_kms(body: ProofBody) -> dict[str, Any]:
    """Let the cloud key service open the vault no longer."""
    with proving():
        get_service(VaultAccess).disable_kms(body.passphrase)
    return described()


@routes.add(
    "POST",
    "/vault/rotate",
    role=Role.OWNER,
    body=RotationBody,
    answer=RotationAnswer,
    step_up=True,
    act="vault.rotate",
    is_expensive=True,
)
def rotate_keys(body: RotationBody) -> dict[str, Any]:
    """Encrypt everything anew under new keys; sessions go on, unless a new pass phrase ends the others."""
    if body.new_passphrase is not None:
        get_service(VaultAccess).refuse_passphrase(body.new_passphrase)
    session_key = current_user.session_key
    with proving():
        answer = program_state().rotate(body.passphrase, body.new_passphrase)
    note_facts(epoch=answer["epoch"])
    if body.new_passphrase is not None:
        get_service(VaultAccess).passphrase_changed(keep_session=session_key)
    return answer


@routes.add("GET", "/vault/rotation", role=None, answer=RotationProgress)
def show_rotation() -> dict[str, Any]:
    """Tell how far a rotation is; the store is closed while it runs, so nobody need be signed in."""
    progress = program_state().rotation()
    return {"is_running": progress is not None, "stage": None, "fraction": 1.0, **(progress or {})}


def described() -> dict[str, Any]:
    """Return how the vault is opened now, in the language of the request."""
    shown = get_service(VaultAccess).describe()
    reason = shown["keychain"]["reason"]
    shown["keychain"]["reason"] = reason and reason.in_language(request_language())
    return shown

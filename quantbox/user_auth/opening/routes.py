"""What the pass phrase proves: making and opening the store, its owner's first password, and a forgotten one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from flask_login import current_user
from pydantic import Field

from quantbox.core.roles import Role
from quantbox.user_auth.models import OWNER_ACCOUNT, SignInBy
from quantbox.user_auth.people.service import People, refuse_unfit
from quantbox.user_auth.sessions.routes import guesses, sign_out
from quantbox.user_auth.sessions.service import Sessions
from quantbox.user_auth.settings import SettingsService
from quantbox.user_auth.signing_in.routes import SignInAnswer, chosen_looks, refuse_unpaired, sign_in
from quantbox.user_auth.signing_in.service import PASSPHRASE_ATTEMPTS, SignIns
from quantbox.web.acts import note_facts, record_done
from quantbox.web.api import Body, Routes
from quantbox.web.csrf import csrf_token
from quantbox.web.sockets import close_sockets
from quantbox.web.state import get_service, program_state

__all__ = ["routes"]

routes = Routes("user_auth", takes_tokens=False)


class PassphraseBody(Body):
    """The owner's pass phrase."""

    passphrase: str = Field(min_length=1, max_length=4096, repr=False)


class OwnerBody(PassphraseBody):
    """The pass phrase, and what its owner signs in with."""

    name: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1024, repr=False)


class RecoveryBody(Body):
    """The code of the recovery kit."""

    code: str = Field(min_length=1, max_length=256, repr=False)


class KmsKeyBody(Body):
    """An access key of the cloud key service."""

    access_key_id: str = Field(min_length=1, max_length=256, repr=False)
    access_key_secret: str = Field(min_length=1, max_length=256, repr=False)


class ResetBody(PassphraseBody):
    """The pass phrase, the owner's new password, and a code where a second factor is enrolled."""

    new_password: str = Field(min_length=1, max_length=1024, repr=False)
    method: Literal["totp", "sms", "recovery"] | None = None
    code: str | None = Field(default=None, min_length=1, max_length=64, repr=False)


# --- the vault ---


@routes.add("POST", "/vault/create", role=None, body=OwnerBody, answer=SignInAnswer, status=201, act="vault.create")
def create_vault(body: OwnerBody) -> dict[str, str]:
    """Create the store under a new pass phrase, make its owner with a password, and sign this browser in."""
    refuse_unpaired()
    refuse_unfit(body.name, body.password, body.passphrase)  # first: a store cannot be made half
    program_state().create(body.passphrase)
    get_service(SettingsService).change(OWNER_ACCOUNT, chosen_looks())
    owner = get_service(People).make_owner(body.name, body.password, body.passphrase)
    return sign_in(owner, SignInBy.PASSPHRASE)


@routes.add("POST", "/vault/unlock", role=None, body=PassphraseBody, answer=SignInAnswer, act="vault.unlock")
def unlock_vault(body: PassphraseBody) -> dict[str, str]:
    """Prove the pass phrase and open the store if it is locked; who works with it signs in afterwards.

    After five wrong pass phrases every further one makes the next attempt wait longer, up to a minute.
    """
    return unlock(lambda: program_state().unlock(body.passphrase))


@routes.add("POST", "/vault/unlock-by-recovery", role=None, body=RecoveryBody, answer=SignInAnswer, act="vault.unlock")
def unlock_vault_by_recovery(body: RecoveryBody) -> dict[str, str]:
    """Open the store by the code of the recovery kit, slowed down as the pass phrase is."""
    note_facts(method="recovery")
    return unlock(lambda: program_state().unlock_by_recovery(body.code))


@routes.add("POST", "/vault/unlock-by-kms", role=None, body=KmsKeyBody, answer=SignInAnswer, act="vault.unlock")
def unlock_vault_by_kms(body: KmsKeyBody) -> dict[str, str]:
    """Let the cloud key service open the store with this access key, slowed down as the pass phrase is."""
    note_facts(method="kms")
    return unlock(lambda: program_state().unlock_by_kms(body.access_key_id, body.access_key_secret))


def unlock(open_store: Callable[[], None]) -> dict[str, str]:
    """Open the store; a store that was locked begins with nobody signed in."""
    was_locked = program_state().services is None
    with guesses().attempt(PASSPHRASE_ATTEMPTS):
        open_store()
    if was_locked:
        get_service(Sessions).end_everybodys_but(None)
    return {"state": "signed_in" if current_user.is_authenticated else "unlocked", "csrf_token": csrf_token()}


@routes.add("POST", "/vault/lock", role=Role.OWNER, answer=SignInAnswer, act="vault.lock")
def lock_vault() -> dict[str, str]:
    """Lock the store: the key is forgotten, work stops, and every browser is signed out."""
    get_service(Sessions).end_everybodys_but(None)
    record_done()
    program_state().lock()
    close_sockets(None)
    return sign_out(program_state().vault_state())


# --- the owner's password ---


@routes.add("POST", "/owner/password", role=None, body=OwnerBody, answer=SignInAnswer, act="person.first_owner")
def set_owner_password(body: OwnerBody) -> dict[str, str]:
    """Give the owner of a store without one a name and a password; the pass phrase proves who asks."""
    people = get_service(People)
    refuse_unpaired()
    with guesses().attempt(PASSPHRASE_ATTEMPTS):
        program_state().unlock(body.passphrase)
    return sign_in(people.make_owner(body.name, body.password, body.passphrase), SignInBy.PASSPHRASE)


@routes.add("POST", "/session/reset-password", role=None, body=ResetBody, answer=SignInAnswer, act="person.reset")
def reset_owner_password(body: ResetBody) -> dict[str, str]:
    """Give the owner who forgot it a new password, by the pass phrase and a second factor where one is enrolled."""
    sign_ins = get_service(SignIns)
    refuse_unpaired()
    with guesses().attempt(PASSPHRASE_ATTEMPTS):
        program_state().unlock(body.passphrase)
    owner = sign_ins.reset_owner(guesses(), body.passphrase, body.new_password, body.method, body.code)
    return sign_in(owner, SignInBy.PASSPHRASE)

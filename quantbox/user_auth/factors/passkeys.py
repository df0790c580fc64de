"""Passkeys (WebAuthn): a key pair in the person's device, bound to the name this program is reached by."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.core.text import Text
from quantbox.user_auth.factors.challenges import Challenges
from quantbox.user_auth.factors.errors import CodeRefused, PasskeyMissing, PasskeyRefused, PasskeysImpossible, TooManyPasskeys
from quantbox.user_auth.factors.models import Passkey, PasskeyPlace
from quantbox.user_auth.factors.recovery import RecoveryCodes
from quantbox.user_auth.factors.store import account_of
from quantbox.user_auth.factors.tables import PasskeyRow

__all__ = ["Passkeys", "passkey_place"]

RP_NAME = "QuantBox"
MAX_PASSKEYS = 20
#: How long the browser waits for the person; the challenge lives as long.
CHALLENGE_LIFE = timedelta(minutes=5)
_TIMEOUT_MS = int(CHALLENGE_LIFE.total_seconds() * 1000)


def passkey_place(origin: str) -> PasskeyPlace:
    """Return what passkeys are bound to at an origin: `localhost` for the window, the `.local` name over TLS for the LAN.

    Browsers know no passkeys for bare addresses, nor for any other name without TLS.
    """
    address = urlsplit(origin)
    host = address.hostname or ""
    if host == "localhost" and address.scheme in ("http", "https"):
        return PasskeyPlace("localhost", None)
    if address.scheme == "https" and host.endswith(".local"):
        return PasskeyPlace(host, None)
    reason = Text(
        "通行密钥只能在 http://localhost 或 https 的 .local 地址下使用，当前地址是 {origin}",
        "Passkeys work at http://localhost or at the .local name over https only; this page is at {origin}",
    )
    return PasskeyPlace(None, reason.with_facts(origin=origin))


class Passkeys:
    """Enrols passkeys and takes their answers.

    Parameters
    ----------
    recovery : RecoveryCodes
        Given out with the first factor.
    """

    def __init__(self, sessions: sessionmaker[Session], clock: Clock, recovery: RecoveryCodes) -> None:
        self._sessions, self._clock, self._recovery = sessions, clock, recovery
        self._challenges = Challenges(sessions, clock, CHALLENGE_LIFE)

    def list_passkeys(self, person_id: str) -> tuple[Passkey, ...]:
        """Return the person's passkeys, the oldest first."""
        return tuple(Passkey(row.id, row.name, row.created_at, row.last_used_at) for row in self._rows(person_id))

    def work_at(self, person_id: str, origin: str) -> bool:
        """Return whether one of the person's passkeys can be used at the origin."""
        return bool(self._rows(person_id, passkey_place(origin).rp_id))

    def registration_options(self, person_id: str, label: str, origin: str) -> dict[str, Any]:
        """Return what navigator.credentials.create() takes; no key that is enrolled already is offered again."""
        import webauthn
        from webauthn.helpers.structs import (
            AttestationConveyancePreference,
            AuthenticatorSelectionCriteria,
            ResidentKeyRequirement,
            UserVerificationRequirement,
        )

        rp_id = _rp_id(origin)
        rows = self._rows(person_id)
        if len(rows) >= MAX_PASSKEYS:
            raise TooManyPasskeys(maximum=MAX_PASSKEYS)
        options = webauthn.generate_registration_options(
            rp_id=rp_id,
            rp_name=RP_NAME,
            user_id=person_id.encode(),
            user_name=label,
            challenge=self._challenges.draw(person_id, "register"),
            timeout=_TIMEOUT_MS,
            attestation=AttestationConveyancePreference.NONE,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[_descriptor(row) for row in rows],
        )
        return _as_json(options)

    def register(self, person_id: str, name: str, origin: str, credential: dict[str, Any]) -> list[str] | None:
        """Enrol the key that answered the person's challenge; returns recovery codes to a person who had none.

        Raises
        ------
        PasskeyRefused
            The answer is not to an open challenge of this person at this origin, or the key is enrolled already.
        """
        import webauthn

        rp_id = _rp_id(origin)
        challenge = self._challenges.take(person_id, "register", credential)
        if challenge is None:
            raise PasskeyRefused
        try:
            verified = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=rp_id,
                expected_origin=origin,
                require_user_verification=True,
            )
        except Exception:  # noqa: BLE001 - an edge: what a stranger sent can break the reading of it in any place
            raise PasskeyRefused from None
        try:
            with self._sessions.begin() as session:
                session.add(
                    PasskeyRow(
                        id=new_id(),
                        account_id=account_of(session, person_id),
                        person_id=person_id,
                        name=name,
                        rp_id=rp_id,
                        credential_id=verified.credential_id,
                        public_key=verified.credential_public_key,
                        sign_count=verified.sign_count,
                        transports=_transports(credential),
                        created_at=self._clock.now(),
                    )
                )
                session.flush()
                return self._recovery.give_first(session, person_id)
        except IntegrityError:
            raise PasskeyRefused from None

    def authentication_options(self, person_id: str, origin: str) -> dict[str, Any]:
        """Return what navigator.credentials.get() takes: a fresh challenge, and the person's keys of this place."""
        import webauthn
        from webauthn.helpers.structs import UserVerificationRequirement

        rp_id = _rp_id(origin)
        rows = self._rows(person_id, rp_id)
        if not rows:
            raise PasskeyMissing
        options = webauthn.generate_authentication_options(
            rp_id=rp_id,
            challenge=self._challenges.draw(person_id, "prove"),
            timeout=_TIMEOUT_MS,
            allow_credentials=[_descriptor(row) for row in rows],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return _as_json(options)

    def check(self, person_id: str, origin: str, credential: dict[str, Any]) -> None:
        """Take an answer to an open challenge of the person, or raise CodeRefused.

        The challenge is spent either way. A signature counter that did not grow means that the key was copied.
        """
        import webauthn
        from webauthn.helpers import bytes_to_base64url

        challenge = self._challenges.take(person_id, "prove", credential)
        row = self._find(person_id, credential)
        if challenge is None or row is None or _rp_id(origin) != row.rp_id:
            raise CodeRefused
        try:
            verified = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=row.rp_id,
                expected_origin=origin,
                credential_public_key=row.public_key,
                credential_current_sign_count=row.sign_count,
                require_user_verification=True,
            )
        except Exception:  # noqa: BLE001 - an edge: what a stranger sent can break the reading of it in any place
            raise CodeRefused from None
        handle = credential["response"].get("userHandle")  # devices may leave it out
        if handle and handle != bytes_to_base64url(person_id.encode()):
            raise CodeRefused
        counted = (
            update(PasskeyRow)
            .where(PasskeyRow.id == row.id, PasskeyRow.sign_count == row.sign_count)
            .values(sign_count=verified.new_sign_count, last_used_at=self._clock.now())
        )
        with self._sessions.begin() as session:
            if session.scalars(counted.returning(PasskeyRow.id)).one_or_none() is None:
                raise CodeRefused

    def remove(self, person_id: str, passkey_id: str) -> None:
        """Forget one passkey; the recovery codes too where no other factor is left. Raises PasskeyMissing."""
        gone = delete(PasskeyRow).where(PasskeyRow.id == passkey_id, PasskeyRow.person_id == person_id)
        with self._sessions.begin() as session:
            if session.scalars(gone.returning(PasskeyRow.id)).one_or_none() is None:
                raise PasskeyMissing
            self._recovery.drop_without_factor(session, person_id)

    def _rows(self, person_id: str, rp_id: str | None = None) -> list[PasskeyRow]:
        query = select(PasskeyRow).where(PasskeyRow.person_id == person_id).order_by(PasskeyRow.id)
        with self._sessions() as session:
            return list(session.scalars(query if rp_id is None else query.where(PasskeyRow.rp_id == rp_id)))

    def _find(self, person_id: str, credential: dict[str, Any]) -> PasskeyRow | None:
        import webauthn

        try:
            credential_id = webauthn.base64url_to_bytes(credential["rawId"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        query = select(PasskeyRow).where(PasskeyRow.credential_id == credential_id, PasskeyRow.person_id == person_id)
        with self._sessions() as session:
            return session.scalars(query).one_or_none()


def _rp_id(origin: str) -> str:
    place = passkey_place(origin)
    if place.rp_id is None:
        raise PasskeysImpossible(origin=origin)
    return place.rp_id


def _descriptor(row: PasskeyRow) -> Any:
    from webauthn.helpers.structs import AuthenticatorTransport, PublicKeyCredentialDescriptor

    return PublicKeyCredentialDescriptor(
        id=row.credential_id, transports=[AuthenticatorTransport(one) for one in row.transports] or None
    )


def _transports(credential: dict[str, Any]) -> list[str]:
    """Return how the device says it is reached, as far as the words are known; browsers find it sooner by that."""
    from webauthn.helpers.structs import AuthenticatorTransport

    known = {one.value for one in AuthenticatorTransport}
    told = credential["response"].get("transports")
    return [one for one in told if isinstance(one, str) and one in known] if isinstance(told, list) else []


def _as_json(options: Any) -> dict[str, Any]:
    import webauthn

    document: dict[str, Any] = json.loads(webauthn.options_to_json(options))
    return document

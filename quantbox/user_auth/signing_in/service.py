"""From a name to a session: the password, then the second factor, each slowed down after wrong guesses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.user_auth.errors import CurrentPasswordWrong, SecondFactorNeeded, SignInExpired, SignInRefused
from quantbox.user_auth.factors.errors import CodeRefused
from quantbox.user_auth.factors.service import Factors
from quantbox.user_auth.models import PENDING_LIFE, Person, SignInBy
from quantbox.user_auth.people.service import People, refuse_unfit
from quantbox.user_auth.random_tokens import hash_of, new_token
from quantbox.user_auth.sessions.service import Sessions
from quantbox.user_auth.signing_in.attempts import DeviceAttempts
from quantbox.user_auth.tables import PendingSignInRow
from quantbox.user_auth.tokens.service import ApiTokens

__all__ = ["PASSPHRASE_ATTEMPTS", "Pending", "SignIns"]

#: Under this name wrong pass phrases are counted; there is one for the store.
PASSPHRASE_ATTEMPTS = "passphrase"  # noqa: S105 - no secret but a name


@dataclass(frozen=True)
class Pending:
    """A proof of the password that waits for the second factor; its cookie is None where nothing more is needed."""

    person: Person
    methods: tuple[str, ...]
    cookie: str | None


class SignIns:
    """The steps of signing in.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    clock : Clock
        Ends sign-ins that wait too long.
    people, factors, web_sessions, tokens : services
        Who there is, how they prove it, and what a change of secrets ends.
    """

    def __init__(
        self,
        sessions: sessionmaker[Session],
        clock: Clock,
        *,
        people: People,
        factors: Factors,
        web_sessions: Sessions,
        tokens: ApiTokens,
    ) -> None:
        self._sessions, self._clock = sessions, clock
        self._people, self._factors, self._web_sessions, self._tokens = people, factors, web_sessions, tokens

    # --- the password ---

    def prove_password(self, guesses: DeviceAttempts, name: str, password: str, origin: str) -> Pending:
        """Take the first step.

        Raises
        ------
        SignInRefused
            Wrong name, wrong password, and too soon after wrong ones: the work done is the same for all three.
        """
        person = self._people.find(name)
        account = f"password:{person.id if person and person.is_active else 'nobody'}"
        wait = guesses.begin(account)
        is_proven = self._people.prove(person.id if person else None, password)
        if wait or not is_proven or person is None:
            raise SignInRefused
        guesses.succeed(account)
        methods = self._factors.methods_of(person.id, origin)
        return Pending(person, methods, self._wait_for_factor(person) if methods else None)

    def check_password(self, guesses: DeviceAttempts, person: Person, password: str) -> None:
        """Return when the password is that of a person who is signed in; raises CurrentPasswordWrong else."""
        with guesses.attempt(f"password:{person.id}"):
            if not self._people.prove(person.id, password):
                raise CurrentPasswordWrong

    def _wait_for_factor(self, person: Person) -> str:
        cookie, now = new_token(), self._clock.now()
        with self._sessions.begin() as session:
            session.execute(delete(PendingSignInRow).where(PendingSignInRow.created_at <= now - PENDING_LIFE))
            session.add(PendingSignInRow(key=hash_of(cookie), account_id=person.account_id, person_id=person.id, created_at=now))
        return cookie

    def pending(self, cookie: str) -> Person:
        """Return who has proven the password in this browser, or raise SignInExpired."""
        with self._sessions() as session:
            row = session.get(PendingSignInRow, hash_of(cookie)) if cookie else None
        if row is None or self._clock.now() - row.created_at >= PENDING_LIFE:
            raise SignInExpired
        person = self._people.get(row.person_id)
        if not person.is_active:
            raise SignInExpired
        return person

    def forget_pending(self, cookie: str) -> None:
        """End the wait for a second factor; a proof of the password is used once."""
        with self._sessions.begin() as session:
            session.execute(delete(PendingSignInRow).where(PendingSignInRow.key == hash_of(cookie)))

    # --- the second factor ---

    def prove_code(self, guesses: DeviceAttempts, person: Person, method: str, code: str) -> SignInBy:
        """Take the second step by a code; raises CodeRefused for wrong, old and used ones alike."""
        with guesses.attempt(f"code:{person.id}"):
            self._factors.check_code(person.id, method, code)
        return SignInBy(method)

    def prove_passkey(self, guesses: DeviceAttempts, person: Person, origin: str, credential: dict[str, Any]) -> SignInBy:
        """Take the second step by a passkey; raises CodeRefused."""
        with guesses.attempt(f"code:{person.id}"):
            self._factors.check_passkey(person.id, origin, credential)
        return SignInBy.PASSKEY

    def step_up_methods(self, person: Person, origin: str) -> tuple[str, ...]:
        """Return how the person can prove once more who they are: the second factor, the password where there is none."""
        return self._factors.methods_of(person.id, origin) or ("password",)

    def prove_again(self, guesses: DeviceAttempts, person: Person, method: str, code: str, origin: str) -> None:
        """Return when the person has proven once more who they are, by one of the ways they have."""
        if method not in self.step_up_methods(person, origin):
            raise CodeRefused
        if method == "password":
            self.check_password(guesses, person, code)
        else:
            self.prove_code(guesses, person, method, code)

    # --- passwords that change ---

    def reset_owner(
        self, guesses: DeviceAttempts, passphrase: str, new_password: str, method: str | None, code: str | None
    ) -> Person:
        """Give the owner, who has proven the pass phrase, a new password; whatever they had open ends.

        Raises
        ------
        SecondFactorNeeded
            One is enrolled and no code was given.
        """
        owner = self._people.owner()
        if owner is None:
            raise SignInRefused
        refuse_unfit(owner.name, new_password, passphrase)
        methods = self._factors.methods_of(owner.id)
        if methods and not (method and code):
            raise SecondFactorNeeded(methods=", ".join(one for one in methods if one != SignInBy.PASSKEY))
        if methods:
            self.prove_code(guesses, owner, method or "", code or "")
        return self.change_password(owner.id, new_password)  # which ends what was open

    def change_password(self, person_id: str, new_password: str, *, keep_session: str | None = None) -> Person:
        """Give somebody a new password; their other sessions, their waiting sign-ins and their tokens end."""
        person = self._people.set_password(person_id, new_password)
        self._end_waiting(person_id)
        self._web_sessions.end_of_person(person_id, but=keep_session)
        return person

    def end_everything_of(self, person_id: str) -> None:
        """End what somebody has open who was switched off, API tokens too: switching on again brings nothing back."""
        self._tokens.revoke_all(person_id)
        self._end_waiting(person_id)
        self._web_sessions.end_of_person(person_id)

    def _end_waiting(self, person_id: str) -> None:
        with self._sessions.begin() as session:
            session.execute(delete(PendingSignInRow).where(PendingSignInRow.person_id == person_id))

    # --- what the vault asks ---

    def refuse_owners_password(self, passphrase: str) -> None:
        """Raise where the text is an owner's password: it cannot be the pass phrase too."""
        self._people.refuse_owners_password(passphrase)

    def end_everybodys_but(self, session_key: str | None) -> None:
        """End every session but one, every waiting sign-in and every API token: the pass phrase has changed."""
        self._web_sessions.end_everybodys_but(session_key)
        self._tokens.revoke_all()
        with self._sessions.begin() as session:
            session.execute(delete(PendingSignInRow))

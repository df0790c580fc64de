"""Issues, checks, refreshes and revokes API tokens.

An access token is a JWT signed with a key of the vault; still every request looks its row up, so that revoking, a changed
password or a person made inactive void it at once. Neither half is kept: the row knows the id of the one valid access token
and the hashes of the refresh tokens.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import Clock
from quantbox.core.ids import new_id
from quantbox.core.roles import Role
from quantbox.user_auth.random_tokens import hash_of, new_token
from quantbox.user_auth.tables import PersonRow
from quantbox.user_auth.tokens.errors import (
    RefreshTokenRefused,
    RefreshTokenReused,
    TokenMissing,
    TokenRoleTooHigh,
    TooManyTokens,
)
from quantbox.user_auth.tokens.models import MAX_LIFE_DAYS, ApiToken, IssuedToken, TokenHolder
from quantbox.user_auth.tokens.tables import ApiTokenRow, RefreshTokenRow

__all__ = ["ApiTokens"]

ISSUER = "quantbox"
ALGORITHM = "HS256"
#: A refresh token is good for so long; refreshing begins anew.
REFRESH_LIFE = timedelta(days=30)
MAX_TOKENS = 50
MAX_TOKEN_CHARACTERS = 2_048
_CLAIMS = ("iss", "sub", "jti", "role", "iat", "exp")
#: Use is written down at most this often.
_NOTE_EVERY = timedelta(minutes=1)


class ApiTokens:
    """The API tokens of every person.

    Parameters
    ----------
    sessions : sessionmaker
        Of the encrypted database.
    signing_key : bytes
        `Keys.tokens` of the unlocked vault.
    clock : Clock
        Decides when a token has expired.
    """

    def __init__(self, sessions: sessionmaker[Session], signing_key: bytes, clock: Clock) -> None:
        self._sessions, self._key, self._clock = sessions, signing_key, clock

    def create(
        self,
        person_id: str,
        name: str,
        role: Role,
        held: Role,
        life_days: int = MAX_LIFE_DAYS,
        *,
        device_id: str | None = None,
    ) -> IssuedToken:
        """Return a new pair for the person; it is shown this once.

        Parameters
        ----------
        role : Role
            What the token may do at most.
        held : Role
            What the person may do in the session that asks.
        device_id : str or None
            The device it is made on: the token ends with it.

        Raises
        ------
        TokenRoleTooHigh
            The role is the owner's, or above what the person may do.
        TooManyTokens
            The person has fifty.
        """
        if not 1 <= life_days <= MAX_LIFE_DAYS:
            raise ValueError(f"an access token lives 1 to {MAX_LIFE_DAYS} days, not {life_days}")
        now = self._clock.now()
        with self._sessions.begin() as session:
            session.execute(delete(ApiTokenRow).where(or_(*self._is_void(now))))
            person = session.get_one(PersonRow, person_id)
            most = _lesser(_lesser(held, Role(person.role)), Role.TRADER)
            if not most.includes(role):
                raise TokenRoleTooHigh(role=role.value, maximum=most.value)
            if (session.scalar(select(func.count()).where(ApiTokenRow.person_id == person_id)) or 0) >= MAX_TOKENS:
                raise TooManyTokens(maximum=MAX_TOKENS)
            row = ApiTokenRow(
                id=new_id(),
                account_id=person.account_id,
                person_id=person_id,
                device_id=device_id,
                name=name,
                role=role.value,
                life_days=life_days,
                created_at=now,
            )
            issued = self._issue(session, row, person)
            session.add(row)
        return issued

    def refresh(self, refresh_token: str) -> IssuedToken:
        """Return a new pair for a refresh token, which is used up; the access token before it is void.

        Raises
        ------
        RefreshTokenRefused
            It is unknown or too old, or the person may no longer sign in.
        RefreshTokenReused
            It was used before: the token and everything issued under it are revoked.
        """
        now, key = self._clock.now(), hash_of(refresh_token)
        with self._sessions.begin() as session:
            first_use = update(RefreshTokenRow).where(RefreshTokenRow.key == key, RefreshTokenRow.used_at.is_(None))
            is_first = session.scalars(first_use.values(used_at=now).returning(RefreshTokenRow.key)).one_or_none() is not None
            query = self._valid().join(RefreshTokenRow, RefreshTokenRow.token_id == ApiTokenRow.id)
            found = session.execute(query.where(RefreshTokenRow.key == key)).one_or_none()
            if found is None:
                raise RefreshTokenRefused
            row, person = found
            if is_first:
                return self._issue(session, row, person)
            session.execute(delete(ApiTokenRow).where(ApiTokenRow.id == row.id))
        raise RefreshTokenReused

    def find(self, access_token: str, address: str) -> TokenHolder | None:
        """Return who acts by the token from the address; None for one that is forged, expired, revoked or void."""
        claims = self._verified(access_token)
        if claims is None:
            return None
        query = self._valid().where(ApiTokenRow.jwt_id == claims["jti"], ApiTokenRow.person_id == claims["sub"])
        with self._sessions() as session:
            found = session.execute(query.where(ApiTokenRow.expires_at > self._clock.now())).one_or_none()
        if found is None or found[0].role != claims["role"]:
            return None
        row, person = found
        self._note_use(row, address)
        role = _lesser(Role(row.role), _lesser(Role(person.role), Role.TRADER))
        return TokenHolder(row.id, row.name, person.id, person.account_id, person.name, role)

    def list_tokens(self, person_id: str | None) -> list[ApiToken]:
        """Return the tokens that are not void, of the person or of everybody, the oldest first."""
        query = self._valid().order_by(ApiTokenRow.id)
        with self._sessions() as session:
            rows = session.execute(query if person_id is None else query.where(ApiTokenRow.person_id == person_id)).all()
        return [
            ApiToken(
                id=row.id,
                person=person.name,
                name=row.name,
                role=Role(row.role),
                created_at=row.created_at,
                expires_at=row.expires_at,
                refreshable_until=row.refreshable_until,
                last_used_at=row.last_used_at,
                last_address=row.last_address,
            )
            for row, person in rows
        ]

    def revoke(self, token_id: str, person_id: str | None) -> str:
        """Void a token from this moment and return its name; of the person, or anybody's for None. Raises TokenMissing."""
        gone = delete(ApiTokenRow).where(ApiTokenRow.id == token_id)
        if person_id is not None:
            gone = gone.where(ApiTokenRow.person_id == person_id)
        with self._sessions.begin() as session:
            name = session.scalars(gone.returning(ApiTokenRow.name)).one_or_none()
        if name is None:
            raise TokenMissing
        return name

    def revoke_all(self, person_id: str | None = None) -> None:
        """Void every token of the person, or everybody's for None."""
        gone = delete(ApiTokenRow)
        with self._sessions.begin() as session:
            session.execute(gone if person_id is None else gone.where(ApiTokenRow.person_id == person_id))

    def _issue(self, session: Session, row: ApiTokenRow, person: PersonRow) -> IssuedToken:
        """Put a new pair in the place of the one before."""
        import jwt

        now = self._clock.now()
        row.jwt_id, row.expires_at, row.refreshable_until = new_id(), now + timedelta(days=row.life_days), now + REFRESH_LIFE
        claims = {"iss": ISSUER, "sub": person.id, "jti": row.jwt_id, "role": row.role, "iat": now, "exp": row.expires_at}
        refresh_token = new_token()
        session.execute(
            delete(RefreshTokenRow).where(RefreshTokenRow.token_id == row.id, RefreshTokenRow.issued_at <= now - REFRESH_LIFE)
        )
        session.add(row)
        session.flush()
        session.add(RefreshTokenRow(key=hash_of(refresh_token), account_id=row.account_id, token_id=row.id, issued_at=now))
        token = jwt.encode(claims, self._key, ALGORITHM)
        return IssuedToken(row.id, person.id, person.name, row.name, token, refresh_token, row.expires_at)

    def _verified(self, access_token: str) -> dict[str, Any] | None:
        """Return the claims of a token of ours that has not expired."""
        import jwt

        if len(access_token) > MAX_TOKEN_CHARACTERS:
            return None
        # The library would ask the machine's clock; the program's decides.
        options: Any = {"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False, "verify_nbf": False}
        try:
            claims = jwt.decode(access_token, self._key, [ALGORITHM], options, issuer=ISSUER)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            return None
        expires = claims["exp"]
        if not isinstance(expires, int) or expires <= self._clock.now().timestamp():
            return None
        return claims

    def _valid(self) -> Select[ApiTokenRow, PersonRow]:
        """Return the query of the tokens that are not void, each with its person."""
        query = select(ApiTokenRow, PersonRow).join(PersonRow, PersonRow.id == ApiTokenRow.person_id)
        return query.where(
            ApiTokenRow.refreshable_until > self._clock.now(),
            PersonRow.is_active,
            or_(PersonRow.password_changed_at.is_(None), PersonRow.password_changed_at <= ApiTokenRow.created_at),
        )

    def _is_void(self, now: datetime) -> tuple[Any, ...]:
        changed = select(PersonRow.password_changed_at).where(PersonRow.id == ApiTokenRow.person_id).scalar_subquery()
        return ApiTokenRow.refreshable_until <= now, changed > ApiTokenRow.created_at

    def _note_use(self, row: ApiTokenRow, address: str) -> None:
        now = self._clock.now()
        if row.last_used_at is not None and row.last_address == address and row.last_used_at > now - _NOTE_EVERY:
            return
        with self._sessions.begin() as session:
            session.execute(update(ApiTokenRow).where(ApiTokenRow.id == row.id).values(last_used_at=now, last_address=address))


def _lesser(role: Role, other: Role) -> Role:
    return other if role.includes(other) else role

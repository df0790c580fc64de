"""API tokens: what is issued, what is taken, and what voids it."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from datetime import timedelta
from typing import Any

import jwt
import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.clock import FixedClock
from quantbox.core.database import open_engine, session_factory
from quantbox.core.paths import DataFolder
from quantbox.core.roles import Role
from quantbox.user_auth.tables import PersonRow
from quantbox.user_auth.tokens.errors import (
    RefreshTokenRefused,
    RefreshTokenReused,
    TokenMissing,
    TokenRoleTooHigh,
    TooManyTokens,
)
from quantbox.user_auth.tokens.models import IssuedToken
from quantbox.user_auth.tokens.service import ApiTokens
from tests.user_auth.factors.setting import add_person, person_id

__all__ = ["person_id"]

KEY = bytes(range(32))
ADDRESS = "127.0.0.1"


@pytest.fixture
def tokens(sessions: sessionmaker[Session], clock: FixedClock) -> ApiTokens:
    """The service."""
    return ApiTokens(sessions, KEY, clock)


@pytest.fixture
def issued(tokens: ApiTokens, person_id: str) -> IssuedToken:
    """A token of the owner that may trade."""
    return tokens.create(person_id, "夜间脚本", Role.TRADER, Role.OWNER)


def change_person(sessions: sessionmaker[Session], person_id: str, **values: Any) -> None:
    """Change the person's row."""
    with sessions.begin() as session:
        session.execute(update(PersonRow).where(PersonRow.id == person_id).values(**values))


def test_a_token_says_who_acts_and_what_it_may_do(
    tokens: ApiTokens, person_id: str, issued: IssuedToken, clock: FixedClock
) -> None:
    claims = jwt.decode(issued.token, KEY, ["HS256"], options={"verify_exp": False, "verify_iat": False})
    begun = int(clock.now().timestamp())
    assert claims == {
        "iss": "quantbox",
        "sub": person_id,
        "jti": claims["jti"],
        "role": "trader",
        "iat": begun,
        "exp": begun + 7 * 86400,
    }
    assert jwt.get_unverified_header(issued.token) == {"alg": "HS256", "typ": "JWT"}
    holder = tokens.find(issued.token, ADDRESS)
    assert holder is not None
    assert (holder.person_id, holder.account_id, holder.role, holder.token_id) == (person_id, "owner", Role.TRADER, issued.id)
    assert len(base64.urlsafe_b64decode(issued.refresh_token + "=")) == 32
    assert issued.token not in repr(issued)
    assert issued.refresh_token not in repr(issued)


def test_a_token_ends_after_its_days(tokens: ApiTokens, person_id: str, clock: FixedClock) -> None:
    short = tokens.create(person_id, "x", Role.VIEWER, Role.OWNER, 1)
    long = tokens.create(person_id, "x", Role.VIEWER, Role.OWNER, 7)
    clock.advance(86400 - 1)
    assert tokens.find(short.token, ADDRESS) is not None
    clock.advance(1)
    assert tokens.find(short.token, ADDRESS) is None
    assert tokens.find(long.token, ADDRESS) is not None
    clock.advance(6 * 86400)
    assert tokens.find(long.token, ADDRESS) is None
    for days in (0, 8):
        with pytest.raises(ValueError, match="1 to 7 days"):
            tokens.create(person_id, "x", Role.VIEWER, Role.OWNER, days)


def test_no_token_is_the_owners_or_above_its_person_or_session(
    tokens: ApiTokens, sessions: sessionmaker[Session], person_id: str
) -> None:
    viewer = add_person(sessions, "韩梅梅", Role.VIEWER)
    for who, role, held, most in (
        (person_id, Role.OWNER, Role.OWNER, "trader"),
        (person_id, Role.TRADER, Role.VIEWER, "viewer"),  # on a tablet held to looking
        (viewer, Role.TRADER, Role.VIEWER, "viewer"),
        (viewer, Role.TRADER, Role.TRADER, "viewer"),
    ):
        with pytest.raises(TokenRoleTooHigh) as refusal:
            tokens.create(who, "x", role, held)
        assert refusal.value.facts == {"role": role.value, "maximum": most}


def test_a_token_is_never_more_than_its_person_is_today(
    tokens: ApiTokens, sessions: sessionmaker[Session], person_id: str, issued: IssuedToken
) -> None:
    change_person(sessions, person_id, role="viewer")
    holder = tokens.find(issued.token, ADDRESS)
    assert holder is not None
    assert holder.role is Role.VIEWER


def part(value: Any) -> str:
    """Return one part of a JWT."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_what_was_not_signed_so_by_this_vault_is_not_taken(
    tokens: ApiTokens, sessions: sessionmaker[Session], person_id: str, issued: IssuedToken, clock: FixedClock
) -> None:
    header, payload, signature = issued.token.split(".")
    claims = jwt.decode(issued.token, KEY, ["HS256"], options={"verify_exp": False, "verify_iat": False})
    other = tokens.create(add_person(sessions, "韩梅梅", Role.VIEWER), "x", Role.VIEWER, Role.VIEWER)
    forged = {
        "no signature": f"{part({'alg': 'none', 'typ': 'JWT'})}.{payload}.",
        "none with the signature kept": f"{part({'alg': 'none'})}.{payload}.{signature}",
        "None in capitals": f"{part({'alg': 'NONE'})}.{payload}.",
        "another key": jwt.encode(claims, secrets.token_bytes(32), "HS256"),
        "an empty key": jwt.encode(claims, b"\0" * 32, "HS256"),
        "another algorithm": jwt.encode(claims, KEY + KEY, "HS512"),
        "HS384 under the right key": jwt.encode(claims, KEY + bytes(16), "HS384"),
        "another issuer": jwt.encode({**claims, "iss": "somebody"}, KEY, "HS256"),
        "no issuer": jwt.encode({k: v for k, v in claims.items() if k != "iss"}, KEY, "HS256"),
        "no end": jwt.encode({k: v for k, v in claims.items() if k != "exp"}, KEY, "HS256"),
        "an end that is no number": jwt.encode({**claims, "exp": "9999999999"}, KEY, "HS256"),
        "a past end": jwt.encode({**claims, "exp": int(clock.now().timestamp())}, KEY, "HS256"),
        "a tampered payload": f"{header}.{part({**claims, 'role': 'owner'})}.{signature}",
        "another's payload": f"{header}.{other.token.split('.')[1]}.{signature}",
        "a cut signature": issued.token[:-4],
        "an unknown id": jwt.encode({**claims, "jti": "0" * 32}, KEY, "HS256"),
        "another person": jwt.encode({**claims, "sub": "0" * 32}, KEY, "HS256"),
        "a higher role": jwt.encode({**claims, "role": "owner"}, KEY, "HS256"),
        "a number for a name": jwt.encode({**claims, "jti": 7}, KEY, "HS256"),
        "the refresh token": issued.refresh_token,
        "nothing": "",
        "dots": "..",
        "text": "不是令牌",
        "deep": f"{header}.{base64.urlsafe_b64encode(b'[' * 1000).decode()}.{signature}",
        "too long": issued.token + "A" * 2048,
    }
    taken = [how for how, token in forged.items() if tokens.find(token, ADDRESS) is not None]
    assert taken == []
    assert tokens.find(issued.token, ADDRESS) is not None


def test_refreshing_gives_a_new_pair_and_voids_the_old(tokens: ApiTokens, issued: IssuedToken, clock: FixedClock) -> None:
    clock.advance(6 * 86400)
    newer = tokens.refresh(issued.refresh_token)
    assert newer.id == issued.id
    assert newer.refresh_token != issued.refresh_token
    assert newer.expires_at == clock.now() + timedelta(days=7)
    assert tokens.find(issued.token, ADDRESS) is None
    assert tokens.find(newer.token, ADDRESS) is not None
    clock.advance(8 * 86400)
    assert tokens.find(newer.token, ADDRESS) is None
    newest = tokens.refresh(newer.refresh_token)
    assert tokens.find(newest.token, ADDRESS) is not None


def test_a_refresh_token_seen_twice_revokes_everything_issued_under_it(
    tokens: ApiTokens, person_id: str, issued: IssuedToken
) -> None:
    unharmed = tokens.create(person_id, "另一个", Role.VIEWER, Role.OWNER)
    newer = tokens.refresh(issued.refresh_token)
    with pytest.raises(RefreshTokenReused):
        tokens.refresh(issued.refresh_token)
    assert tokens.find(newer.token, ADDRESS) is None
    for gone in (issued, newer):
        with pytest.raises(RefreshTokenRefused):
            tokens.refresh(gone.refresh_token)
    assert [token.id for token in tokens.list_tokens(person_id)] == [unharmed.id]
    assert tokens.find(unharmed.token, ADDRESS) is not None


def test_of_two_processes_that_refresh_at_once_one_gets_a_pair_and_the_token_is_revoked(
    data_folder: DataFolder, database_key: bytes, tokens: ApiTokens, issued: IssuedToken, clock: FixedClock
) -> None:
    """Two engines on one file stand for two processes; a race is a token in two hands, so it counts as theft."""
    start, ends = threading.Barrier(2, timeout=20), []

    def refresh() -> None:
        engine = open_engine(data_folder.database, database_key)
        start.wait()
        try:
            ApiTokens(session_factory(engine), KEY, clock).refresh(issued.refresh_token)
            ends.append("pair")
        except RefreshTokenReused:
            ends.append("reused")
        finally:
            engine.dispose()

    threads = [threading.Thread(target=refresh) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ends) == ["pair", "reused"]
    assert tokens.list_tokens(None) == []


def test_a_token_nobody_refreshes_for_thirty_days_is_dead(tokens: ApiTokens, issued: IssuedToken, clock: FixedClock) -> None:
    clock.advance(30 * 86400 - 1)
    newer = tokens.refresh(issued.refresh_token)
    clock.advance(30 * 86400)
    assert tokens.list_tokens(None) == []
    with pytest.raises(RefreshTokenRefused):
        tokens.refresh(newer.refresh_token)


def test_revoking_by_id_voids_both_halves_at_once(
    tokens: ApiTokens, sessions: sessionmaker[Session], person_id: str, issued: IssuedToken
) -> None:
    other = add_person(sessions, "韩梅梅", Role.VIEWER)
    with pytest.raises(TokenMissing):
        tokens.revoke(issued.id, other)
    assert tokens.find(issued.token, ADDRESS) is not None
    assert tokens.revoke(issued.id, person_id) == "夜间脚本"
    assert tokens.find(issued.token, ADDRESS) is None
    with pytest.raises(RefreshTokenRefused):
        tokens.refresh(issued.refresh_token)
    with pytest.raises(TokenMissing):
        tokens.revoke(issued.id, person_id)


def test_a_changed_password_voids_the_tokens_of_before(
    tokens: ApiTokens, sessions: sessionmaker[Session], person_id: str, issued: IssuedToken, clock: FixedClock
) -> None:
    """CVE-2026-43911: refresh tokens survived a password change."""
    clock.advance(1)
    change_person(sessions, person_id, password_changed_at=clock.now())
    assert tokens.find(issued.token, ADDRESS) is None
    with pytest.raises(RefreshTokenRefused):
        tokens.refresh(issued.refresh_token)
    assert tokens.list_tokens(None) == []
    after = tokens.create(person_id, "x", Role.VIEWER, Role.OWNER)
    assert tokens.find(after.token, ADDRESS) is not None


def test_a_person_made_inactive_or_removed_has_no_tokens(
    tokens: ApiTokens, sessions: sessionmaker[Session], person_id: str, issued: IssuedToken
) -> None:
    change_person(sessions, person_id, is_active=False)
    assert tokens.find(issued.token, ADDRESS) is None
    with pytest.raises(RefreshTokenRefused):
        tokens.refresh(issued.refresh_token)
    change_person(sessions, person_id, is_active=True)
    assert tokens.find(issued.token, ADDRESS) is not None
    with sessions.begin() as session:
        session.execute(text("DELETE FROM people"))
        assert session.scalar(text("SELECT count(*) FROM api_refresh_tokens")) == 0
    assert tokens.find(issued.token, ADDRESS) is None


def test_revoking_all_voids_everybodys(tokens: ApiTokens, sessions: sessionmaker[Session], issued: IssuedToken) -> None:
    other = tokens.create(add_person(sessions, "韩梅梅"), "x", Role.VIEWER, Role.OWNER)
    tokens.revoke_all()
    assert [tokens.find(one.token, ADDRESS) for one in (issued, other)] == [None, None]


def test_the_list_tells_the_last_use_and_neither_half(
    tokens: ApiTokens, sessions: sessionmaker[Session], person_id: str, issued: IssuedToken, clock: FixedClock
) -> None:
    (before,) = tokens.list_tokens(person_id)
    assert (before.last_used_at, before.last_address) == (None, None)
    tokens.find(issued.token, "192.168.1.20")
    first_use = clock.now()
    clock.advance(59)
    tokens.find(issued.token, "192.168.1.20")
    assert tokens.list_tokens(person_id)[0].last_used_at == first_use  # written down once a minute
    clock.advance(1)
    tokens.find(issued.token, "192.168.1.20")
    (after,) = tokens.list_tokens(None)
    assert (after.person, after.name, after.role, after.last_address) == ("李雷", "夜间脚本", Role.TRADER, "192.168.1.20")
    assert after.last_used_at == clock.now()
    with sessions() as session:
        rows = [
            str(row) for table in ("api_tokens", "api_refresh_tokens") for row in session.execute(text(f"SELECT * FROM {table}"))
        ]
    for half in (issued.token, issued.token.split(".")[2], issued.refresh_token):
        assert half not in "".join(rows)


def test_a_forged_use_leaves_no_trace(tokens: ApiTokens, issued: IssuedToken) -> None:
    tokens.find(issued.token[:-4] + "AAAA", "10.0.0.1")
    assert tokens.list_tokens(None)[0].last_used_at is None


def test_there_is_an_end_to_tokens(tokens: ApiTokens, sessions: sessionmaker[Session], person_id: str) -> None:
    for _ in range(50):
        tokens.create(person_id, "x", Role.VIEWER, Role.OWNER)
    with pytest.raises(TooManyTokens):
        tokens.create(person_id, "x", Role.VIEWER, Role.OWNER)
    tokens.create(add_person(sessions, "韩梅梅"), "x", Role.VIEWER, Role.OWNER)

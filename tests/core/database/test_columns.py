"""Columns for moments and exact amounts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import StatementError

from quantbox.core.database import ExactDecimal, UtcDateTime, open_engine

TABLE = Table(
    "values", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime), Column("amount", ExactDecimal)
)
MOMENTS = st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.timezones())  # noqa: DTZ001
SLOW_FILE = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(tmp_path / "values.db", bytes(32))
    TABLE.metadata.create_all(engine)
    yield engine
    engine.dispose()


def _round_trip(store: Engine, **values: object) -> object:
    with store.begin() as connection:
        row_id = connection.execute(insert(TABLE).values(**values).returning(TABLE.c.id)).scalar_one()
        return connection.execute(select(TABLE.c[next(iter(values))]).where(TABLE.c.id == row_id)).scalar_one()


def test_moment_in_shanghai_comes_back_in_utc(store: Engine) -> None:
    moment = datetime(2026, 11, 20, 15, 30, tzinfo=timezone(timedelta(hours=8)))
    assert _round_trip(store, at=moment) == datetime(2026, 11, 20, 7, 30, tzinfo=UTC)


@SLOW_FILE
@given(moment=MOMENTS)
def test_every_moment_comes_back_as_the_same_moment(store: Engine, moment: datetime) -> None:
    back = _round_trip(store, at=moment)
    assert isinstance(back, datetime)
    assert back.tzinfo is UTC
    assert back == moment.astimezone(UTC)


def test_datetime_without_zone_is_refused(store: Engine) -> None:
    with pytest.raises(StatementError, match="no time zone"):
        _round_trip(store, at=datetime(2026, 11, 20))  # noqa: DTZ001 - what is refused


@SLOW_FILE
@given(amount=st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**18), max_value=10**18))
def test_every_amount_comes_back_digit_for_digit(store: Engine, amount: Decimal) -> None:
    assert str(_round_trip(store, amount=amount)) == str(amount)


@pytest.mark.parametrize("value", [0.1, 1, Decimal("NaN"), Decimal("Infinity"), "1.0"])
def test_anything_but_a_finite_decimal_is_refused(store: Engine, value: object) -> None:
    with pytest.raises(StatementError, match="not a finite Decimal"):
        _round_trip(store, amount=value)


def test_nothing_stays_nothing(store: Engine) -> None:
    assert _round_trip(store, at=None) is None
    assert _round_trip(store, amount=None) is None

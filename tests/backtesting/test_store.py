"""What is stored comes back as it was, belongs to one account, and lies nowhere in the clear."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session, sessionmaker

from quantbox.backtesting import store
from quantbox.backtesting.models import BacktestRequest, BacktestResult, Costs
from quantbox.core.paths import DataFolder
from quantbox.vault.fields import FieldCipher
from tests.backtesting.made_by_hand import make_request

ID = "0" * 32
DOCUMENT: dict[str, Any] = {
    "final_value": 10_100.25,
    "statistics": {"total_return_pct": 1.0025, "max_drawdown_pct": -0.5, "sharpe": None},
    "warnings": [{"code": "a"}, {"code": "b"}, {"code": "b"}],
}
CIPHER = FieldCipher(bytes(range(32)))
SECRET = "only_the_owner_knows_this"


def add(sessions: sessionmaker[Session], request: BacktestRequest, backtest_id: str = ID, account_id: str = "owner") -> None:
    with sessions.begin() as session:
        store.add_backtest(
            session,
            CIPHER,
            backtest_id=backtest_id,
            account_id=account_id,
            created_at=datetime(2026, 11, 20, tzinfo=UTC),
            title="hand.py · 600000.SH",
            request=request,
            is_demo=False,
            rerun_of=None,
        )


def test_request_comes_back_exactly(sessions: sessionmaker[Session]) -> None:
    request = make_request(
        source="# 策略\n",
        cash=Decimal("0.10"),
        params={"fast": "5"},
        rules=False,
        costs=Costs(Decimal("1.25"), Decimal("0.1")),
        seed=7,
    )
    add(sessions, request)
    with sessions() as session:
        row = store.find_backtest(session, ID, "owner")
        assert row is not None
        assert store.read_request(CIPHER, row) == request
        assert store.read_result(CIPHER, row) is None
        assert store.read_log(CIPHER, row) == []


def test_result_comes_back_with_the_figures_of_the_list(sessions: sessionmaker[Session]) -> None:
    add(sessions, make_request())
    result = BacktestResult(DOCUMENT, {"is_demo": True, "log": ["买入"], "differences": [{"code": "c", "severity": "warn"}]})
    with sessions.begin() as session:
        store.write_result(session, CIPHER, ID, result)
    with sessions() as session:
        row = store.find_backtest(session, ID, "owner")
        assert row is not None
        assert store.read_result(CIPHER, row) == result
        (shown,) = store.list_backtests(session, "owner", before_id=None, limit=10)
    assert (shown["final_value"], shown["total_return_pct"], shown["max_drawdown_pct"]) == (10_100.25, 1.0025, -0.5)
    assert (shown["sharpe"], shown["warnings"], shown["is_demo"]) == (None, 3, True)
    assert (shown["cash"], shown["start"], shown["symbols"]) == ("10000", "2024-01-08", ["600000.SH"])


def test_another_account_sees_nothing(sessions: sessionmaker[Session]) -> None:
    add(sessions, make_request())
    with sessions() as session:
        assert store.find_backtest(session, ID, "somebody") is None
        assert store.list_backtests(session, "somebody", before_id=None, limit=10) == []


def test_list_is_newest_first_and_continues_before_an_id(sessions: sessionmaker[Session]) -> None:
    ids = [f"{n:032x}" for n in range(5)]
    for backtest_id in ids:
        add(sessions, make_request(), backtest_id)
    with sessions() as session:
        first = store.list_backtests(session, "owner", before_id=None, limit=2)
        rest = store.list_backtests(session, "owner", before_id=first[-1]["id"], limit=9)
    assert [row["id"] for row in first + rest] == ids[::-1]


def test_strategy_and_trades_are_on_disk_in_no_readable_form(sessions: sessionmaker[Session], data_folder: DataFolder) -> None:
    add(sessions, make_request(source=f"# {SECRET}\n"))
    with sessions.begin() as session:
        store.write_result(
            session,
            CIPHER,
            ID,
            BacktestResult({**DOCUMENT, "trades": [SECRET]}, {"is_demo": False, "log": [SECRET], "differences": []}),
        )
    written = b"".join(path.read_bytes() for path in data_folder.root.rglob("*") if path.is_file())
    assert written
    for readable in (SECRET.encode(), b"hand.py", b"600000.SH", store.pack_text(SECRET)):
        assert readable not in written


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_packed_text_unpacks_to_what_it_was(value: Any) -> None:
    assert json.dumps(store.unpack_text(store.pack_text(value))) == json.dumps(value)


def test_what_is_no_number_is_not_packed() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        store.pack_text({"value": float("nan")})

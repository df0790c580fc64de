"""The second lock on backtests: each private field opens in its own row, column and version alone; old rows get it once."""

from __future__ import annotations

import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import text

from quantbox.app.services import Services, build_services
from quantbox.backtesting import store
from quantbox.backtesting.models import BacktestResult
from quantbox.backtesting.tables import BacktestRow
from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock
from quantbox.core.database import open_engine, upgrade
from quantbox.core.paths import DataFolder
from quantbox.jobs.models import JobState
from quantbox.user_auth.models import OWNER_ACCOUNT
from quantbox.vault.errors import FieldDamaged
from quantbox.vault.fields import FieldCipher
from quantbox.vault.models import Keys
from quantbox.vault.service import unlock
from tests.backtesting.made_by_hand import make_request
from tests.web.program import Browser, Program, browser, new_program, program

__all__ = ["browser", "new_program", "program"]

PART1_STORE = Path(__file__).parent.parent / "vault" / "part1_store"
PASSPHRASE = "correct horse 青石板渡口"
COLUMNS = ("request", "document", "report")


def open_by_hand(key: bytes, sealed: bytes, place: str) -> bytes:
    """Open a field as its description says: format 1, nonce of 12 bytes, AES-256-GCM, the place as JSON."""
    assert sealed[0] == 1
    return AESGCM(key).decrypt(sealed[1:13], sealed[13:], place.encode())


def add_result(services: Services, source: str) -> str:
    """Store a backtest with a result, as a worker does."""
    job = services.jobs.create("backtest", "t", OWNER_ACCOUNT, wake=False)
    cipher = FieldCipher(services.keys.fields)
    document: dict[str, Any] = {
        "final_value": 1.5,
        "final_cash": 1.5,
        "trades": [{"price": 10.1, "size": 100}],
        "statistics": {"total_return_pct": 1.0, "max_drawdown_pct": -0.5, "sharpe": None},
        "warnings": [],
    }
    with services.sessions.begin() as session:
        store.add_backtest(
            session,
            cipher,
            backtest_id=job.id,
            account_id=OWNER_ACCOUNT,
            created_at=job.created_at,
            title="t",
            request=make_request(source=source, start=date(2024, 1, 2), end=date(2024, 1, 5), cash=Decimal(10)),
            is_demo=False,
            rerun_of=None,
        )
        store.write_result(
            session, cipher, job.id, BacktestResult(document, {"is_demo": False, "log": [source], "differences": []})
        )
    lease = services.jobs.claim(job.id, "test")
    assert lease is not None
    services.jobs.finish(lease, JobState.SUCCEEDED)
    return job.id


def fields_of(services: Services, backtest_id: str) -> dict[str, bytes]:
    with services.engine.connect() as connection:
        row = connection.execute(text("SELECT request, document, report FROM backtests WHERE id = :id"), {"id": backtest_id})
        return dict(row.mappings().one())


def put(services: Services, backtest_id: str, column: str, value: bytes) -> None:
    with services.engine.begin() as connection:
        connection.execute(text(f"UPDATE backtests SET {column} = :value WHERE id = :id"), {"value": value, "id": backtest_id})


def refused(services: Services, backtest_id: str) -> list[str]:
    """Return which ways to the backtest's private fields answer that one is damaged."""
    found = []
    for name in ("get", "result"):
        try:
            getattr(services.backtesting, name)(backtest_id, OWNER_ACCOUNT)
        except FieldDamaged as error:
            found.append(f"{name} {error.facts['column']} of {error.facts['row']}")
    return [text.removesuffix(f" of {backtest_id}") for text in found]


def test_fields_are_aes_gcm_bound_to_table_row_column_and_version(program: Program) -> None:
    services = program.open_services
    one = add_result(services, "# one")
    sealed = fields_of(services, one)
    for column in COLUMNS:
        place = f'["backtests", "{one}", "{column}", 1]'
        assert open_by_hand(services.keys.fields, sealed[column], place).startswith(b"\x78")  # zlib
        with pytest.raises(InvalidTag):
            open_by_hand(services.keys.fields, sealed[column], place.replace(one, one[::-1]))


def test_swapped_ciphertexts_are_noticed_and_the_rest_keeps_working(program: Program) -> None:
    services = program.open_services
    one, other = add_result(services, "# one"), add_result(services, "# other")
    mine, theirs = fields_of(services, one), fields_of(services, other)
    for column, swapped in (
        *((column, theirs[column]) for column in COLUMNS),  # another row
        ("request", mine["document"]),  # another column
        ("document", mine["report"]),
        ("report", mine["request"]),
        ("report", b""),
        ("document", mine["document"][:-1] + bytes([mine["document"][-1] ^ 1])),
        ("request", store.pack_text({"source": "planted"})),  # not sealed at all
    ):
        put(services, one, column, swapped)
        expected = {"request": ["get request"], "document": ["result document"], "report": ["get report", "result report"]}
        assert refused(services, one) == expected[column]
        assert refused(services, other) == []
        assert len(services.backtesting.list_backtests(OWNER_ACCOUNT).items) == 2
        put(services, one, column, mine[column])
    assert refused(services, one) == []


def test_an_older_version_of_the_same_field_is_noticed(program: Program) -> None:
    services = program.open_services
    one = add_result(services, "# one")
    first = fields_of(services, one)["report"]
    with services.sessions.begin() as session:
        store.write_log(session, FieldCipher(services.keys.fields), one, ["later"])
    assert services.backtesting.get(one, OWNER_ACCOUNT)["log"] == ["later"]
    put(services, one, "report", first)
    assert refused(services, one) == ["get report", "result report"]


def test_the_api_names_the_damage_and_serves_the_rest(program: Program, browser: Browser) -> None:
    services = program.open_services
    one, other = add_result(services, "# one"), add_result(services, "# other")
    put(services, one, "request", fields_of(services, other)["request"])
    answer = browser.get(f"/api/v1/backtests/{one}")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "vault.field_damaged")
    assert "backtests.request" in answer.get_json()["detail"]
    assert browser.api(f"/backtests/{other}")["log"] == ["# other"]
    assert {row["id"] for row in browser.api("/backtests")["items"]} == {one, other}
    assert browser.send("DELETE", f"/backtests/{one}").status_code == 200


def test_a_comparison_does_without_a_damaged_run_before(program: Program) -> None:
    services = program.open_services
    before, rerun = add_result(services, "# one"), add_result(services, "# one")
    with services.sessions.begin() as session:
        session.get_one(BacktestRow, rerun).rerun_of = before
    put(services, before, "document", b"\x01")
    assert services.backtesting.get(rerun, OWNER_ACCOUNT)["comparison"] is None


# --- rows of version 0.1 ---------------------------------------------------------------------------------------------


@pytest.fixture
def part1(tmp_path: Path) -> tuple[DataFolder, Keys]:
    folder = DataFolder(Path(shutil.copytree(PART1_STORE, tmp_path / "store")))
    return folder, unlock(folder, PASSPHRASE)


def raw_fields(folder: DataFolder, keys: Keys) -> list[tuple[str, bytes, bytes, bytes]]:
    engine = open_engine(folder.database, keys.database)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT id, request, document, report FROM backtests")).fetchall()
    engine.dispose()
    return [tuple(row) for row in rows]


def test_rows_of_part_1_are_sealed_once_and_say_the_same(part1: tuple[DataFolder, Keys], clock: FixedClock) -> None:
    folder, keys = part1
    ((backtest_id, *before),) = raw_fields(folder, keys)
    plain = [store.unpack_text(value) for value in before]
    assert plain[0]["file_name"] == "cross.py"
    for _ in range(2):
        services = build_services(folder, keys, bus=LocalBus(), clock=clock, owner="test")
        assert services.backtesting.request(backtest_id, OWNER_ACCOUNT).source == plain[0]["source"]
        result = services.backtesting.result(backtest_id, OWNER_ACCOUNT)
        assert [result.document, result.report] == plain[1:]
        services.close()
    ((_, *sealed),) = raw_fields(folder, keys)
    for column, value, old in zip(COLUMNS, sealed, before, strict=True):
        assert open_by_hand(keys.fields, value, f'["backtests", "{backtest_id}", "{column}", 1]') == old


def test_rows_of_part_1_are_never_taken_over_unsealed(part1: tuple[DataFolder, Keys]) -> None:
    folder, keys = part1
    before = raw_fields(folder, keys)
    engine = open_engine(folder.database, keys.database)
    with pytest.raises(ValueError, match="1 backtests are to be sealed"):
        upgrade(engine)
    engine.dispose()
    assert raw_fields(folder, keys) == before

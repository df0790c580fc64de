"""The driver, held against the standard library's ``sqlite3`` where both can do the same."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from quantbox.core.database import dbapi

KEY = secrets.token_bytes(32)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "driver.db")


@pytest.fixture
def connection(path: str) -> Iterator[dbapi.Connection]:
    connection = dbapi.connect(path, KEY, timeout_seconds=0.2)
    connection.execute("CREATE TABLE bars (id INTEGER PRIMARY KEY, symbol TEXT UNIQUE, close)")
    yield connection
    connection.close()


def test_columns_of_an_empty_select_are_named(connection: dbapi.Connection) -> None:
    cursor = connection.execute("SELECT id, close AS last_close FROM bars WHERE 0")
    assert [column[0] for column in cursor.description or ()] == ["id", "last_close"]
    assert all(column[1:] == (None,) * 6 for column in cursor.description or ())
    assert cursor.fetchall() == []


@pytest.mark.parametrize("statement", ["INSERT INTO bars (symbol) VALUES ('a')", "CREATE TABLE other (id)", "DELETE FROM bars"])
def test_statement_without_rows_has_no_description(connection: dbapi.Connection, statement: str) -> None:
    assert connection.execute(statement).description is None


@pytest.mark.parametrize(
    ("statement", "begins"),
    [
        ("SELECT * FROM bars", False),
        ("WITH one AS (SELECT 1) SELECT * FROM one", False),
        ("CREATE TABLE other (id)", False),
        ("PRAGMA user_version", False),
        ("EXPLAIN INSERT INTO bars (symbol) VALUES ('a')", False),
        ("INSERT INTO bars (symbol) VALUES ('a')", True),
        ("UPDATE bars SET close = 1", True),
        ("DELETE FROM bars", True),
        ("REPLACE INTO bars (symbol) VALUES ('a')", True),
        ("WITH one AS (SELECT 'a') INSERT INTO bars (symbol) SELECT * FROM one", True),
        ("  -- why\n /* and\nhow */ insert into bars (symbol) values ('a')", True),
        ("SAVEPOINT here", True),
    ],
)
def test_transaction_begins_before_changes_only(connection: dbapi.Connection, statement: str, begins: bool) -> None:
    connection.execute(statement).fetchall()
    assert connection.in_transaction is begins


def test_autocommit_leaves_begin_to_the_caller(path: str) -> None:
    connection = dbapi.connect(path, KEY, isolation_level=None)
    connection.execute("CREATE TABLE t (a)")
    connection.execute("INSERT INTO t VALUES (1)")
    assert not connection.in_transaction
    connection.close()


def test_rollback_undoes_and_commit_keeps(connection: dbapi.Connection, path: str) -> None:
    connection.execute("INSERT INTO bars (symbol) VALUES ('kept')")
    connection.commit()
    connection.execute("INSERT INTO bars (symbol) VALUES ('undone')")
    connection.rollback()
    other = dbapi.connect(path, KEY)
    assert other.execute("SELECT symbol FROM bars").fetchall() == [("kept",)]
    other.close()


def test_released_savepoint_is_still_undone_by_rollback(connection: dbapi.Connection) -> None:
    # stock sqlite3 commits here, because its SAVEPOINT stands outside any transaction
    connection.execute("SAVEPOINT here")
    connection.execute("INSERT INTO bars (symbol) VALUES ('a')")
    connection.execute("RELEASE SAVEPOINT here")
    connection.rollback()
    assert connection.execute("SELECT count(*) FROM bars").fetchone() == (0,)


def test_rolled_back_savepoint_keeps_what_came_before(connection: dbapi.Connection) -> None:
    connection.execute("INSERT INTO bars (symbol) VALUES ('before')")
    connection.execute("SAVEPOINT here")
    connection.execute("INSERT INTO bars (symbol) VALUES ('inside')")
    connection.execute("ROLLBACK TO SAVEPOINT here")
    connection.commit()
    assert connection.execute("SELECT symbol FROM bars").fetchall() == [("before",)]


def test_returning_takes_effect_even_when_its_rows_are_not_fetched(connection: dbapi.Connection) -> None:
    cursor = connection.execute("INSERT INTO bars (symbol) VALUES ('a'), ('b'), ('c') RETURNING id")
    assert cursor.rowcount == 3
    cursor.close()
    connection.commit()
    assert connection.execute("SELECT count(*) FROM bars").fetchone() == (3,)


def _run_both(tmp: Path, steps: list[tuple[str, Any]]) -> tuple[list[Any], list[Any]]:
    stock = sqlite3.connect(tmp / f"stock{secrets.token_hex(4)}.db")
    ours = dbapi.connect(str(tmp / f"ours{secrets.token_hex(4)}.db"), KEY)
    seen: tuple[list[Any], list[Any]] = ([], [])
    for connection, record in zip((stock, ours), seen, strict=True):
        for statement, parameters in steps:
            cursor: Any = connection.cursor()
            try:
                run = cursor.executemany if isinstance(parameters, list) else cursor.execute
                run(statement, parameters)
                record.append((cursor.fetchall(), cursor.rowcount, cursor.lastrowid, cursor.description))
            except Exception as error:  # the classes' names are what is compared
                record.append((type(error).__name__, str(error)))
        connection.close()
    return seen


def test_rows_counts_ids_and_errors_equal_those_of_the_standard_library(tmp_path: Path) -> None:
    stock, ours = _run_both(
        tmp_path,
        [
            ("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT UNIQUE NOT NULL, parent INTEGER, raw BLOB)", ()),
            ("INSERT INTO t (name) VALUES (?)", ("平安银行",)),
            ("INSERT INTO t (name, raw) VALUES (:name, :raw)", {"name": "b", "raw": b"\x00\xff"}),
            ("INSERT INTO t (name) VALUES (?)", [("c",), ("d",), ("e",)]),
            ("INSERT INTO t (name) VALUES (?)", []),
            ("UPDATE t SET parent = 1 WHERE id > ?", (2,)),
            ("UPDATE t SET parent = ? WHERE id = ?", [(7, 1), (8, 2), (9, 99)]),
            ("DELETE FROM t WHERE id = 5", ()),
            ("DELETE FROM t WHERE id = 5", ()),
            ("SELECT id, name, parent, raw, 1.5 AS x FROM t ORDER BY id", ()),
            ("INSERT INTO t (name) VALUES ('b')", ()),
            ("INSERT INTO t (name) VALUES (NULL)", ()),
            ("INSERT INTO t (id, name) VALUES ('text', 'z')", ()),
            ("SELECT * FROM absent", ()),
            ("SELEC 1", ()),
            ("INSERT OR IGNORE INTO t (name) VALUES ('b')", ()),
            ("REPLACE INTO t (id, name) VALUES (1, 'r')", ()),
            ("INSERT INTO t (name) VALUES ('q') RETURNING id, name", ()),
        ],
    )
    assert ours == stock


def test_change_behind_with_is_counted(connection: dbapi.Connection) -> None:
    cursor = connection.execute("WITH two (s) AS (VALUES ('a'), ('b')) INSERT INTO bars (symbol) SELECT s FROM two")
    assert cursor.rowcount == 2


@pytest.mark.parametrize(
    ("statement", "parameters"),
    [
        ("SELECT ?", ()),
        ("SELECT ?", (1, 2)),
        ("SELECT ?", (object(),)),
        ("SELECT :a", {"b": 1}),
        ("SELECT 1; SELECT 2", ()),
    ],
)
def test_misuse_is_a_programming_error(connection: dbapi.Connection, statement: str, parameters: Any) -> None:
    with pytest.raises(dbapi.ProgrammingError):
        connection.execute(statement, parameters).fetchall()


def test_closed_connection_is_told_in_the_words_sqlalchemy_knows(path: str) -> None:
    connection = dbapi.connect(path, KEY)
    connection.close()
    with pytest.raises(dbapi.ProgrammingError, match=r"Cannot operate on a closed database\."):
        connection.cursor()


def test_second_writer_waits_its_time_and_is_then_refused(connection: dbapi.Connection, path: str) -> None:
    other = dbapi.connect(path, KEY, timeout_seconds=0.1)
    connection.execute("INSERT INTO bars (symbol) VALUES ('a')")
    with pytest.raises(dbapi.OperationalError, match="locked"):
        other.execute("INSERT INTO bars (symbol) VALUES ('b')")
    connection.commit()
    other.execute("INSERT INTO bars (symbol) VALUES ('b')")
    other.commit()
    other.close()


def test_reader_inside_a_savepoint_can_still_write(connection: dbapi.Connection, path: str) -> None:
    # with a deferred BEGIN the other would write first, and this one's old snapshot could never be written from
    other = dbapi.connect(path, KEY, timeout_seconds=0.05)
    connection.execute("SAVEPOINT here")
    assert connection.execute("SELECT count(*) FROM bars").fetchall() == [(0,)]
    with pytest.raises(dbapi.OperationalError, match="locked"):
        other.execute("INSERT INTO bars (symbol) VALUES ('b')")
    connection.execute("INSERT INTO bars (symbol) VALUES ('a')")
    connection.commit()
    other.close()


def test_second_writer_gets_his_turn_within_the_timeout(connection: dbapi.Connection, path: str) -> None:
    other = dbapi.connect(path, KEY, timeout_seconds=20)
    connection.execute("INSERT INTO bars (symbol) VALUES ('a')")
    timer = threading.Timer(0.1, connection.commit)
    timer.start()
    other.execute("INSERT INTO bars (symbol) VALUES ('b')")
    other.commit()
    timer.join()
    assert other.execute("SELECT count(*) FROM bars").fetchall() == [(2,)]
    other.close()


def test_file_is_opened_as_the_house_wants_it(connection: dbapi.Connection) -> None:
    settings = ("journal_mode", "synchronous", "foreign_keys", "temp_store", "trusted_schema")
    values = [connection.execute(f"PRAGMA {name}").fetchone() for name in settings]
    assert values == [("wal",), (2,), (1,), (2,), (0,)]  # 2: FULL; 2: memory


def test_wrong_key_is_refused(connection: dbapi.Connection, path: str) -> None:
    connection.commit()
    with pytest.raises(dbapi.KeyRefused):
        dbapi.connect(path, secrets.token_bytes(32))


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_key_of_another_length_is_refused(path: str, length: int) -> None:
    with pytest.raises(dbapi.InterfaceError, match=f"{length} bytes"):
        dbapi.connect(path, bytes(length))


def test_file_is_in_the_published_sqlcipher_4_format(connection: dbapi.Connection, path: str) -> None:
    # https://www.zetetic.net/sqlcipher/design/: AES-256-CBC on 4096-byte pages, salt in the first 16 bytes of the file, at
    # the end of each page 16 bytes IV and 64 bytes HMAC-SHA512 over ciphertext, IV and page number; the HMAC's key is
    # PBKDF2-HMAC-SHA512 of the key with the salt XOR 0x3a, 2 rounds. Read here without any SQLite.
    connection.execute("INSERT INTO bars (symbol) VALUES ('贵州茅台')")
    connection.commit()
    connection.close()
    file = Path(path).read_bytes()
    mac_key = hashlib.pbkdf2_hmac("sha512", KEY, bytes(byte ^ 0x3A for byte in file[:16]), 2, 32)
    plain = b""
    for number, start in enumerate(range(0, len(file), 4096), start=1):
        page = file[start + (16 if number == 1 else 0) : start + 4096]
        mac = hmac.new(mac_key, page[:-64] + number.to_bytes(4, "little"), "sha512").digest()
        assert mac == page[-64:]
        decryptor = Cipher(algorithms.AES(KEY), modes.CBC(page[-80:-64])).decryptor()
        plain += decryptor.update(page[:-80]) + decryptor.finalize()
    assert "贵州茅台".encode() in plain


@given(
    value=st.one_of(
        st.none(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        st.text(st.characters(exclude_categories=["Cs"])),
        st.binary(),
    )
)
def test_every_value_comes_back_as_it_went_in(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    connection = dbapi.connect(str(tmp_path_factory.getbasetemp() / "values.db"), KEY)
    back = connection.execute("SELECT ?", (value,)).fetchone()
    connection.close()
    assert back == (value,)
    assert type(back[0]) is type(value)

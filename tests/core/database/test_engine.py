"""The encrypted file as an outsider sees it, and the engine on it."""

from __future__ import annotations

import logging
import secrets
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session

from quantbox.core.database import checkpoint, close_engine, copy_encrypted, open_engine
from quantbox.core.database.errors import DatabaseClosed, DatabaseKeyWrong, DatabaseUnavailable
from quantbox.core.paths import DataFolder

MARKERS = ("均线策略源代码", "secret-holding-600519")


def _plant(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS planted (a TEXT, b BLOB)"))
        for marker in MARKERS * 300:  # enough for several pages
            connection.execute(text("INSERT INTO planted VALUES (:a, :b)"), {"a": marker, "b": marker.encode()})


def _hits(folder: Path) -> list[str]:
    forms = [marker.encode(form) for marker in MARKERS for form in ("utf-8", "utf-16-le", "utf-16-be")]
    return [f"{file.name}: {form!r}" for file in folder.iterdir() for form in forms if form in file.read_bytes()]


def test_no_marker_lies_readable_in_database_log_or_shared_memory(engine: Engine, data_folder: DataFolder) -> None:
    _plant(engine)
    with engine.connect() as connection:  # sorts and groups, which may spill
        connection.execute(text("SELECT a, group_concat(hex(b)) FROM planted GROUP BY a, rowid ORDER BY b DESC")).fetchall()
    assert {file.name for file in data_folder.root.iterdir()} >= {"quantbox.db", "quantbox.db-wal", "quantbox.db-shm"}
    assert _hits(data_folder.root) == []
    checkpoint(engine)
    assert _hits(data_folder.root) == []


def test_scan_for_markers_finds_them_in_a_stock_database(tmp_path: Path) -> None:
    stock = sqlite3.connect(tmp_path / "stock.db")
    stock.execute("CREATE TABLE planted (a TEXT)")
    stock.execute("INSERT INTO planted VALUES (?)", (MARKERS[0],))
    stock.commit()
    stock.close()
    assert len(_hits(tmp_path)) == 1


def test_wrong_key_is_refused_and_the_file_stays_as_it_was(engine: Engine, data_folder: DataFolder) -> None:
    checkpoint(engine)
    before = data_folder.database.read_bytes()
    with pytest.raises(DatabaseKeyWrong) as refusal:
        open_engine(data_folder.database, secrets.token_bytes(32))
    assert refusal.value.message("zh") == "数据库 quantbox.db 无法用此密钥打开"
    assert data_folder.database.read_bytes() == before


def test_stock_sqlite_cannot_open_the_file(engine: Engine, data_folder: DataFolder) -> None:
    checkpoint(engine)
    stock = sqlite3.connect(data_folder.database)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        stock.execute("SELECT * FROM sqlite_master")
    stock.close()


def test_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"quantbox\.db"):
        open_engine(tmp_path / "absent" / "quantbox.db", bytes(32))


def test_key_shows_in_no_text_the_engine_gives(
    data_folder: DataFolder, database_key: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    engine = open_engine(data_folder.database, database_key)
    with engine.connect() as connection:
        shown = [repr(engine), str(engine.url), repr(connection), repr(connection.connection.dbapi_connection)]
    engine.dispose()
    for text_shown in [*shown, caplog.text]:
        assert database_key.hex() not in text_shown.lower()
        assert repr(database_key) not in text_shown


def test_values_of_rows_stay_out_of_error_messages(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE planted (a TEXT PRIMARY KEY)"))
        connection.execute(text("INSERT INTO planted VALUES (:a)"), {"a": MARKERS[0]})
    with pytest.raises(IntegrityError) as refusal, engine.begin() as connection:
        connection.execute(text("INSERT INTO planted VALUES (:a)"), {"a": MARKERS[0]})
    assert MARKERS[0] not in str(refusal.value)


def test_checkpoint_empties_the_log(engine: Engine, data_folder: DataFolder) -> None:
    _plant(engine)
    log = data_folder.database.with_name("quantbox.db-wal")
    assert log.stat().st_size > 0
    assert checkpoint(engine)
    assert log.stat().st_size == 0


def test_checkpoint_says_when_a_reader_holds_the_log(data_folder: DataFolder, database_key: bytes) -> None:
    from quantbox.core.database import dbapi

    engine = open_engine(data_folder.database, database_key)
    _plant(engine)
    reader = dbapi.connect(str(data_folder.database), database_key)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM planted").fetchall()
    _plant(engine)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 50")
    assert not checkpoint(engine)
    reader.close()
    assert checkpoint(engine)
    engine.dispose()


def test_copy_opens_with_the_same_key_only_and_is_encrypted(engine: Engine, database_key: bytes, tmp_path: Path) -> None:
    _plant(engine)
    target = tmp_path / "copies" / "copy.db"
    target.parent.mkdir()
    copy_encrypted(engine, target)
    assert _hits(target.parent) == []
    copy = open_engine(target, database_key)
    with copy.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM planted")).scalar_one() == 600
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    copy.dispose()
    with pytest.raises(DatabaseKeyWrong):
        open_engine(target, bytes(32))


def test_copy_onto_an_existing_file_is_refused(engine: Engine, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_bytes(b"something else")
    with pytest.raises(DatabaseUnavailable):
        copy_encrypted(engine, target)
    assert target.read_bytes() == b"something else"


def test_nested_transaction_is_undone_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE kept (a TEXT)"))
    with Session(engine) as session:
        session.execute(text("INSERT INTO kept VALUES ('outer')"))
        with session.begin_nested() as inner:
            session.execute(text("INSERT INTO kept VALUES ('inner')"))
            inner.rollback()
        session.commit()
    with Session(engine) as session:
        with session.begin_nested():
            session.execute(text("INSERT INTO kept VALUES ('released, then undone')"))
        session.rollback()
        assert session.execute(text("SELECT a FROM kept")).scalars().all() == ["outer"]


def test_twenty_threads_reading_and_writing_at_once_lose_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE counted (number INTEGER)"))
        connection.execute(text("INSERT INTO counted VALUES (0)"))

    def count(_thread: int) -> None:
        for _ in range(10):
            with engine.begin() as connection:
                connection.execute(text("SELECT number FROM counted")).scalar_one()
                connection.execute(text("UPDATE counted SET number = number + 1"))

    with ThreadPoolExecutor(20) as threads:
        list(threads.map(count, range(20)))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT number FROM counted")).scalar_one() == 200


def test_child_without_its_parent_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE parent (id INTEGER PRIMARY KEY)"))
        connection.execute(text("CREATE TABLE child (parent_id INTEGER REFERENCES parent (id))"))
    with pytest.raises(IntegrityError, match="FOREIGN KEY"), engine.begin() as connection:
        connection.execute(text("INSERT INTO child VALUES (7)"))


def test_flipped_byte_in_the_file_is_noticed(data_folder: DataFolder, database_key: bytes) -> None:
    engine = open_engine(data_folder.database, database_key)
    _plant(engine)
    checkpoint(engine)
    engine.dispose()
    damaged = bytearray(data_folder.database.read_bytes())
    damaged[4096 * 3 + 100] ^= 1  # in the fourth page
    data_folder.database.write_bytes(damaged)
    engine = open_engine(data_folder.database, database_key)
    with pytest.raises(DatabaseError), engine.connect() as connection:
        connection.execute(text("SELECT a, b FROM planted")).fetchall()
    engine.dispose()


def test_work_that_goes_on_after_closing_is_refused_and_the_file_is_let_go(engine: Engine, data_folder: DataFolder) -> None:
    work = engine.connect()
    work.exec_driver_sql("CREATE TABLE work (a)")
    close_engine(engine)
    work.rollback()
    work.close()
    with pytest.raises(DatabaseClosed), engine.connect():
        pass
    with pytest.raises(DatabaseClosed), Session(engine) as session:
        session.execute(text("SELECT 1"))
    assert not [file.path for file in psutil.Process().open_files() if Path(file.path).parent == data_folder.root]

"""The refusals of a real database and of the system, and what the owner is told of them."""

from __future__ import annotations

import errno

import pytest
from sqlalchemy import Engine, text

from quantbox.core.disk import find_disk_error


def test_a_database_that_cannot_grow_is_a_full_disk_and_keeps_what_it_held(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.execute(text("CREATE TABLE kept (a BLOB)"))
        connection.execute(text("INSERT INTO kept VALUES ('first')"))
        connection.commit()
        connection.exec_driver_sql("PRAGMA max_page_count = 1").fetchall()  # becomes the present size
        with pytest.raises(Exception, match="full") as caught:
            connection.execute(text("INSERT INTO kept VALUES (randomblob(1000000))"))
        connection.rollback()
        assert connection.execute(text("SELECT a FROM kept")).scalars().all() == ["first"]
    told = find_disk_error(caught.value)
    assert told is not None
    assert told.code == "core.disk_full"


def test_a_database_that_is_read_only_says_so(engine: Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only = 1")
        with pytest.raises(Exception, match="readonly") as caught:
            connection.execute(text("CREATE TABLE new (a)"))
        connection.exec_driver_sql("PRAGMA query_only = 0")
    told = find_disk_error(caught.value)
    assert told is not None
    assert (told.code, told.facts) == ("core.disk_not_writable", {"cause": "attempt to write a readonly database"})


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "core.disk_full"), (errno.EROFS, "core.disk_not_writable"), (errno.EACCES, "core.disk_not_writable")],
)
def test_the_systems_refusal_is_found_behind_what_it_caused(number: int, code: str) -> None:
    fault = ValueError("around it")
    fault.__cause__ = OSError(number, "as the system says")
    told = find_disk_error(fault)
    assert told is not None
    assert told.code == code


@pytest.mark.parametrize("error", [None, ValueError(), OSError(errno.ENOENT, "no file"), ConnectionResetError()])
def test_another_fault_is_none_of_the_disk(error: BaseException | None) -> None:
    assert find_disk_error(error) is None


def test_a_fault_met_while_a_refusal_was_handled_stays_a_fault() -> None:
    fault = KeyError("a mistake of ours")
    fault.__context__ = PermissionError(errno.EACCES, "no")
    assert find_disk_error(fault) is None

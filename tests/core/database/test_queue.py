"""Huey's storage inside the encrypted file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest
from huey.constants import EmptyData
from sqlalchemy import Engine

from quantbox.core.database import dbapi
from quantbox.core.database.queue import EncryptedStorage
from quantbox.core.paths import DataFolder


@pytest.fixture
def storage(engine: Engine, data_folder: DataFolder, database_key: bytes) -> Iterator[EncryptedStorage]:
    storage = EncryptedStorage(
        "test", connect=partial(dbapi.connect, str(data_folder.database), database_key, isolation_level=None)
    )
    yield storage
    storage.close()


def test_messages_come_back_in_order_and_once(storage: EncryptedStorage) -> None:
    for message in (b"one", b"two", b"three"):
        storage.enqueue(message)
    assert storage.queue_size() == 3
    assert [storage.dequeue() for _ in range(4)] == [b"one", b"two", b"three", None]


def test_message_of_higher_priority_comes_first(storage: EncryptedStorage) -> None:
    storage.enqueue(b"low", 1)
    storage.enqueue(b"high", 9)
    assert storage.dequeue() == b"high"


def test_messages_outlive_the_process_that_wrote_them(
    storage: EncryptedStorage, data_folder: DataFolder, database_key: bytes
) -> None:
    storage.enqueue(b"kept")
    storage.close()
    assert storage.dequeue() == b"kept"


def test_value_is_put_only_where_there_is_none(storage: EncryptedStorage) -> None:
    assert storage.put_if_empty("lock", b"first")
    assert not storage.put_if_empty("lock", b"second")
    assert storage.pop_data("lock") == b"first"
    assert storage.pop_data("lock") is EmptyData


def test_five_hundred_messages_taken_by_four_threads_are_each_taken_once(storage: EncryptedStorage) -> None:
    for number in range(500):
        storage.enqueue(str(number).encode())
    taken: list[bytes] = []

    def take() -> None:
        while (message := storage.dequeue()) is not None:
            taken.append(message)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(message) for message in taken) == list(range(500))


def test_every_row_is_synced(storage: EncryptedStorage) -> None:
    assert storage.sql("PRAGMA synchronous", results=True) == [(2,)]  # 2: FULL

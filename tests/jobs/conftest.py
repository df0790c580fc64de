"""A jobs service on a real encrypted database, with what it told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker

from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.jobs.queue import JobQueue, make_queue
from quantbox.jobs.service import JobService


@dataclass
class Told:
    """What the service told the workers and the pages."""

    woken: list[str] = field(default_factory=list)
    news: list[dict[str, Any]] = field(default_factory=list)

    def states(self) -> list[str]:
        return [job["state"] for job in self.news]


@pytest.fixture
def bus() -> LocalBus:
    return LocalBus()


@pytest.fixture
def told(bus: LocalBus) -> Told:
    told = Told()

    def hear(topic: str, message: dict[str, Any]) -> None:
        assert topic == f"jobs.{message['job']['id']}"
        told.news.append(message["job"])

    bus.subscribe("jobs.", hear)
    return told


@pytest.fixture
def jobs(sessions: sessionmaker[Session], clock: FixedClock, bus: LocalBus, told: Told) -> JobService:
    return JobService(sessions, clock, bus, told.woken.append)


@pytest.fixture
def queue(engine: Engine, data_folder: DataFolder, database_key: bytes) -> Iterator[JobQueue]:
    queue = make_queue(data_folder.database, database_key)
    yield queue
    queue.close()

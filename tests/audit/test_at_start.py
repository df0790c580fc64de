"""The web process examines the log whenever the store is opened, without keeping anybody waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest

from quantbox.app.services import build_services
from quantbox.app.web_process import WebProgram
from quantbox.audit.models import COMMAND_LINE, Outcome, Verification
from quantbox.core.bus import LocalBus
from quantbox.core.clock import FixedClock
from quantbox.core.paths import DataFolder
from quantbox.vault.models import Keys
from tests.audit.logs import tamper


@pytest.fixture
def keys() -> Keys:
    return Keys(**{name: bytes([number]) * 32 for number, name in enumerate(Keys.__dataclass_fields__)})


@pytest.fixture
def web(data_folder: DataFolder, clock: FixedClock) -> Iterator[WebProgram]:
    """The web process's side of the program, without the supervisor it talks to."""
    program = WebProgram(data_folder, cast("Any", None), clock)
    program._bus = LocalBus()
    yield program
    program._close()


def found_at_start(web: WebProgram, keys: Keys) -> Verification:
    web._open(keys.to_pipe())
    services = web.services
    assert services is not None
    for thread in threading.enumerate():
        if thread.name == "audit-check":
            thread.join()
    assert services.audit.last_check is not None
    return services.audit.last_check


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("SELECT 1", None),
        ("DELETE FROM audit_records WHERE seq = 3", "truncated"),
        ("DELETE FROM audit_records WHERE seq = 2", "missing"),
    ],
)
def test_a_log_tampered_with_while_the_program_was_closed_is_found_at_the_next_start(
    data_folder: DataFolder, clock: FixedClock, keys: Keys, web: WebProgram, statement: str, problem: str | None
) -> None:
    services = build_services(data_folder, keys, bus=LocalBus(), clock=clock, owner="test")
    for _ in range(3):
        services.audit.record(COMMAND_LINE, "data.import", Outcome.DONE)
    tamper(services.engine, statement)
    services.close()
    check = found_at_start(web, keys)
    assert (None if check.problem is None else check.problem.code) == problem

"""An audit log in a real encrypted database, anchored in a folder of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.orm import Session, sessionmaker

from quantbox.audit.anchors import Anchorage, FilePlace
from quantbox.audit.service import Audit
from quantbox.core.clock import FixedClock
from tests.audit.logs import AUDIT_KEY, STORE_ID
from tests.web.program import browser, new_program, program, stranger

__all__ = ["anchor_file", "audit", "browser", "new_program", "program", "stranger"]


@pytest.fixture
def anchor_file(tmp_path: Path) -> Path:
    """Where the anchor lies: outside the data folder."""
    return tmp_path / "state" / "anchors" / f"{STORE_ID}.json"


@pytest.fixture
def audit(sessions: sessionmaker[Session], clock: FixedClock, anchor_file: Path) -> Audit:
    """A log that was begun and holds nothing yet."""
    audit = Audit(sessions, clock, Anchorage(STORE_ID, AUDIT_KEY, [FilePlace(anchor_file)]))
    audit.begin()
    return audit

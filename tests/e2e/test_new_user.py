"""The issue's last line as one test: set up, enrol, pair a tablet, revoke it, back up, wipe, restore, find everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lan.in_chromium import SYSTEM_FOLDER
from tests.lan.namespaces import run_in_namespaces

pytestmark = pytest.mark.browser

PATIENCE_SECONDS = 280  # two programs and two browsers: what takes half a minute alone takes minutes on a busy machine


@pytest.mark.timeout(PATIENCE_SECONDS + 20)
def test_a_new_user_loses_the_computer_and_finds_everything_again(tmp_path: Path) -> None:
    if not SYSTEM_FOLDER.is_dir():
        pytest.skip("no Chromium with its policies under /etc/chromium")
    found = run_in_namespaces("tests.e2e.new_user", tmp_path, PATIENCE_SECONDS)
    assert len(found["words"]["tablet"]) == 6
    assert found["words"]["tablet"] == found["words"]["desk"]
    assert "审计" not in found["tablet_pages"]  # a tablet held to "trader" is no owner, whoever signs in on it
    assert found["answers"] == 401
    assert found["before"] not in found["left_to_read"]
    assert found["after"] == found["before"]
    assert found["counts"]["回测"] == "1"
    assert found["counts"]["标的"] == "30"
    assert (found["faults"], found["tablet_faults"]) == ([], [])

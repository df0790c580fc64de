"""The program as processes, with its LAN on: what listens, a tablet's life, a killed web, locking, a cold start.

The short twins are test_listener.py and test_pairing.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lan.namespaces import run_in_namespaces


@pytest.mark.long
def test_the_lan_of_the_whole_program_from_turning_on_to_the_end(tmp_path: Path) -> None:
    found = run_in_namespaces("tests.lan.whole_program", tmp_path)
    assert found["opened"] == found["beyond_loopback"] == ["192.168.77.5:8766"]  # promise 12: no other port on any network
    assert b"HTTP" not in bytes.fromhex(found["plain_http"])
    assert (found["signed_in"], found["role"]) == ("signed_in", "viewer")
    assert found["back_after_kill_seconds"] < 10
    assert found["revoked_seconds"] < 5
    assert found["while_locked"] == [200, "/unlock", 403]
    assert found["left_in_run"] == []
    assert found["after_cold_start"] == found["after_the_end"] == "URLError"
    assert found["after_unlocking_seconds"] < 5

"""Promise 13 in a real browser: the installed authority opens this program, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lan.in_chromium import SYSTEM_FOLDER
from tests.lan.namespaces import run_in_namespaces


@pytest.mark.browser
def test_promise_13_chromium_trusts_the_authority_for_this_installation_alone(tmp_path: Path) -> None:
    if not SYSTEM_FOLDER.is_dir():
        pytest.skip("no Chromium with its policies under /etc/chromium")
    assert run_in_namespaces("tests.lan.in_chromium", tmp_path) == {
        "name": "200 TLS 1.3 True",
        "address": "200 TLS 1.3 True",
        "forged name": "ERR_CERT_INVALID",
        "forged address": "ERR_CERT_INVALID",
    }


@pytest.mark.browser
@pytest.mark.long
def test_promise_23_both_screens_show_the_same_words_in_a_real_browser(tmp_path: Path) -> None:
    """The short twins are test_pairing.py and tests/user_auth/pairing/test_words.py."""
    if not SYSTEM_FOLDER.is_dir():
        pytest.skip("no Chromium with its policies under /etc/chromium")
    found = run_in_namespaces("tests.lan.pairing_in_chromium", tmp_path)
    assert len(found["tablet"]) == 6
    assert found["tablet"] == found["window"]
    assert found["ends_on"].startswith("/sign-in")
    assert found["cookies"]["quantbox_device"] == [True, True]
    assert found["faults"] == []

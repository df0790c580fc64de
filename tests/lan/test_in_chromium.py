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

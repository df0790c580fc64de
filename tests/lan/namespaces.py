"""Running a module of these tests in network and mount namespaces of its own, as root there and nobody outside."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.program import ROOT, environment

_NAMESPACES = ["unshare", "--net", "--mount", "--map-root-user"]


def run_in_namespaces(module: str, folder: Path, seconds: float = 100) -> Any:
    """Return the JSON document the module prints; skips the test where the system lets nobody make a namespace."""
    try:
        is_allowed = subprocess.run([*_NAMESPACES, "ip", "link"], capture_output=True, check=False).returncode == 0
    except OSError:
        is_allowed = False
    if not is_allowed:
        pytest.skip("this system lets nobody make a network namespace")
    command = [*_NAMESPACES, sys.executable, "-m", module, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, cwd=ROOT, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])

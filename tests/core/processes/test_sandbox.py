"""The sandbox shuts the owner's code in, yet leaves it every module of the program."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux only")

IMPORT_AFTERWARDS = """
from quantbox.core.processes.sandbox import enter_sandbox
enter_sandbox()
import quantbox.backtesting.child
import quantbox.brokers.simulation
import quantbox.worker.job_child
"""


def test_every_folder_of_the_program_can_be_imported_from_inside() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_AFTERWARDS], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")

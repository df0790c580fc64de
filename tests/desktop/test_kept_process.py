"""The log of a kept process: turned over while the process goes on writing, readable by its owner only."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quantbox.desktop import kept_process
from quantbox.desktop.kept_process import KeptProcess

WRITER = "import sys\nfor number in range(4000):\n    sys.stderr.write(f'entry {number:06} ' + 'x' * 86 + chr(10))\nsys.stderr.flush()\nsys.stdin.read()\n"


@pytest.fixture
def writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeptProcess]:
    """A process that writes 400 kB of log and waits for the end of its input."""
    monkeypatch.setattr(kept_process, "_LOG_BYTES", 64 * 1024)
    kept = KeptProcess("web", [sys.executable, "-c", WRITER], tmp_path / "web.log", lambda _channel: None)
    kept.start()
    yield kept
    kept.stop(0)


def test_a_log_is_bounded_while_its_process_goes_on_writing(writing: KeptProcess, tmp_path: Path) -> None:
    log, before = tmp_path / "web.log", tmp_path / "web.log.1"
    deadline = time.monotonic() + 20
    seen = b""
    while b"entry 003999" not in seen:
        assert time.monotonic() < deadline
        assert writing.is_alive()
        writing.tend()
        seen = log.read_bytes() + (before.read_bytes() if before.exists() else b"")
        time.sleep(0.01)
    writing.tend()
    assert log.stat().st_size <= 64 * 1024
    assert before.stat().st_size <= 64 * 1024
    assert b"\0" not in log.read_bytes(), "the writer goes on at the end, not where it was"
    if sys.platform != "win32":
        assert [oct(one.stat().st_mode)[-3:] for one in (log, before)] == ["600", "600"]

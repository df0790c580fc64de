"""What reaches a log file: one line for each entry, the program's own words only, in a file nobody else reads."""

from __future__ import annotations

import io
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from quantbox.core.files import open_private_log
from quantbox.core.processes.log import OneLine

PAYLOADS = [
    "x\r\n2026-11-20 15:30:00,000 ERROR quantbox.vault forged entry",
    "x\nforged",
    "x\rforged",
    "x\u2028forged",
    "x\x85forged",
    "x\x1b[2Jforged",
    "x\x00forged",
    "x\u202eforged",
    "x\ud800forged",
]


@pytest.fixture
def written() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(OneLine())
    logger = logging.Logger("quantbox.test")
    logger.addHandler(handler)
    return logger, stream


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_nothing_from_outside_forges_an_entry(written: tuple[logging.Logger, io.StringIO], payload: str) -> None:
    logger, stream = written
    logger.error("a file is called %s", payload)
    text = stream.getvalue()
    assert len(text.splitlines()) == 1
    assert text.isascii()
    assert "forged" in text, "what was said is kept, escaped"


def test_an_entry_of_any_length_is_bounded(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written
    logger.error("%s", "x" * 100_000)
    assert len(stream.getvalue()) <= 4001


PROGRAM = """
import logging, sys, threading, warnings
from quantbox.core.processes.log import write_log_to_stderr

write_log_to_stderr()
logging.getLogger("quantbox.test").error("own words 123")
logging.getLogger("requests.sessions").error("GET /?access_key=planted-secret")
warnings.warn("planted-secret")
try:
    raise ValueError("planted-secret")
except ValueError:
    logging.getLogger("huey").exception("task failed: planted-secret")
    logging.getLogger("quantbox.bus").exception("own words 456")

def work(holding="planted-secret"):
    raise RuntimeError(holding)

thread = threading.Thread(target=work)
thread.start()
thread.join()
work()
"""


def test_what_libraries_say_and_exceptions_quote_is_left_out_but_its_place_is_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, env={**os.environ, "PYTHONUTF8": "1"}
    )
    assert done.returncode == 1
    assert "planted-secret" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 7, done.stderr
    assert "own words 123" in lines[0]
    assert "requests.sessions at <string>:7" in lines[1]
    assert "ValueError at <string>:10 <module>" in lines[3]
    assert "own words 456: ValueError" in lines[4]
    assert [line.split("nobody caught ")[1].split(" at")[0] for line in lines[5:]] == ["RuntimeError"] * 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits; the folder is the owner's")
def test_a_log_is_readable_by_its_owner_only_also_one_made_before(tmp_path: Path) -> None:
    old = tmp_path / "web.log"
    old.write_bytes(b"before\n")
    old.chmod(0o644)
    for path in (old, tmp_path / "new.log"):
        with open_private_log(path) as log:
            log.write(b"entry\n")
        assert oct(path.stat().st_mode)[-3:] == "600"
    assert old.read_bytes() == b"before\nentry\n"

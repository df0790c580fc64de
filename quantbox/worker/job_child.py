"""The process that runs the owner's code: one request in, frames out, nothing else within reach.

It gets no key, no database and no session. Its limits and its sandbox are in place before any of that code runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from quantbox.core.errors import Invalid, QuantBoxError
from quantbox.core.processes import end_this_group, limit_this_process
from quantbox.core.processes.sandbox import enter_sandbox
from quantbox.core.text import Text
from quantbox.jobs.frames import read_request, write_frame
from quantbox.jobs.models import Reason

__all__ = ["KINDS", "CodeFailed", "Emit", "Run", "main"]

Emit = Callable[[dict[str, Any]], None]
#: Does the work of one kind: ``run(header, feeds, emit)`` returns the result as JSON text, or emits a failure frame.
Run = Callable[[dict[str, Any], list[bytes], Emit], str]

#: Where each kind's work is done.
KINDS: Mapping[str, str] = {"backtest": "quantbox.backtesting.child:run"}

_FLUSH_SECONDS = 0.2
_PROGRESS_SECONDS = 0.1


class CodeFailed(Invalid):
    """The code raised what its runner did not expect."""

    code = "jobs.code_failed"
    sentence = Text("代码出错：{exception}（{file} 第 {line} 行）", "The code failed: {exception} ({file}, line {line})")
    hint = Text("请修正代码后重试", "Mend the code and try again")


def main(kinds: Mapping[str, str] = KINDS, readable: Sequence[Path] = ()) -> int:
    """Read one request, do it, send its result, and wait to be ended together with whatever the code left running.

    Parameters
    ----------
    kinds : mapping of str to str
        Where each kind's work is done ("module:function").
    readable : sequence of Path
        What the work may read besides the Python installation.
    """
    requests, frames = _take_pipes()
    try:
        header, feeds = read_request(requests)
    except (EOFError, ValueError):
        return 1  # the parent went away before it had asked
    limits = header["limits"]
    limit_this_process(limits["memory_bytes"], limits["cpu_seconds"])
    header["sandbox"] = asdict(enter_sandbox(readable))  # before any thread: each inherits it from the one that starts it
    threading.Thread(target=_end_with_parent, args=(requests.fileno(),), daemon=True).start()
    _Attempt(frames, limits["output_bytes"]).work(kinds[header["kind"]], header, feeds)
    threading.Event().wait()  # the parent ends the whole tree while its orphans still belong to it
    return 0


def _take_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the two pipes to ourselves, so that no print of the code can reach them."""
    requests, frames = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return requests, frames


def _end_with_parent(requests: int) -> None:
    with contextlib.suppress(OSError):
        os.read(requests, 1)  # returns at the end of the pipe: the parent closed it or died
    end_this_group()


class _Attempt:
    """Sends the frames of one attempt."""

    def __init__(self, frames: IO[bytes], output_bytes: int) -> None:
        self._frames = frames
        self._lock = threading.RLock()
        self._next_progress = 0.0
        self._failed = False
        self._printed = _Printed(self._write, output_bytes)
        self._out_of_memory = {"type": "out_of_memory"}

    def work(self, place: str, header: dict[str, Any], feeds: list[bytes]) -> None:
        """Do the work at `place` ("module:function") and send how it ended."""
        sys.stdout = sys.stderr = self._printed
        threading.Thread(target=self._printed.flush_forever, daemon=True).start()
        try:
            module, _, function = place.partition(":")
            run: Run = getattr(importlib.import_module(module), function)
            body = run(header, feeds, self.emit)
        except MemoryError:
            self._write(self._out_of_memory)
        except QuantBoxError as refusal:
            self._fail(refusal)
        except BaseException as fault:  # noqa: BLE001 - the edge of the process: the code may raise anything, SystemExit too
            self._fail(_describe(fault))
        else:
            if not self._failed:
                self._printed.flush_lines()
                self._write({"type": "result", "sha256": hashlib.sha256(body.encode()).hexdigest(), "body": body})

    def emit(self, frame: dict[str, Any]) -> None:
        """Send a progress, log or failure frame; progress is thinned to what a page can show."""
        if frame["type"] == "progress":
            now = time.monotonic()
            if now < self._next_progress:
                return
            self._next_progress = now + _PROGRESS_SECONDS
        if frame["type"] == "failure":
            self._failed = True
            self._printed.flush_lines()
        self._write(frame)

    def _fail(self, refusal: QuantBoxError) -> None:
        if not self._failed:
            self.emit({"type": "failure", "reason": Reason.from_error(refusal).to_json()})

    def _write(self, frame: dict[str, Any]) -> None:
        with self._lock:
            write_frame(self._frames, frame)


def _describe(fault: BaseException) -> CodeFailed:
    places = traceback.extract_tb(fault.__traceback__)
    last = places[-1] if places else None
    said = "".join(traceback.format_exception_only(fault)).strip()[:500]
    return CodeFailed(exception=said, file=last.filename if last else "?", line=last.lineno if last else 0)


class _Printed(io.TextIOBase):
    """Stands for stdout and stderr: sends what is printed as log frames, up to a number of bytes."""

    def __init__(self, send: Emit, output_bytes: int) -> None:
        self._send = send
        self._left_bytes = output_bytes
        self._partial: list[str] = []
        self._lines: list[str] = []
        self._lock = threading.RLock()
        self._next_flush = 0.0

    @property
    def encoding(self) -> str:  # type: ignore[override]  # fixed here, settable in the base class
        """Return what strings would be encoded with."""
        return "utf-8"

    def writable(self) -> bool:
        """Return True."""
        return True

    def write(self, text: str) -> int:
        """Take what is printed; what goes beyond the cap is dropped and marked once."""
        with self._lock:
            if self._left_bytes <= 0:
                return len(text)
            kept = text[: self._left_bytes]
            self._left_bytes -= len(kept.encode(errors="replace"))
            self._partial.append(kept)
            if "\n" in kept:
                *whole, rest = "".join(self._partial).split("\n")
                self._lines += whole
                self._partial = [rest]
            if self._left_bytes <= 0:
                self.flush_lines(truncated=True)
            elif time.monotonic() >= self._next_flush:
                self._flush_whole()
        return len(text)

    def flush_lines(self, *, truncated: bool = False) -> None:
        """Send all that is left, an unfinished line too."""
        with self._lock:
            if rest := "".join(self._partial):
                self._lines.append(rest)
                self._partial = []
            self._flush_whole(truncated=truncated)

    def flush_forever(self) -> None:
        """Send finished lines every moment, so that code which prints and then hangs has still said it."""
        while True:
            time.sleep(_FLUSH_SECONDS)
            with self._lock:
                self._flush_whole()

    def close(self) -> None:
        """Stay open: the code may not silence its own log."""

    def _flush_whole(self, *, truncated: bool = False) -> None:
        self._next_flush = time.monotonic() + _FLUSH_SECONDS
        lines, self._lines = self._lines, []
        if lines or truncated:
            self._send({"type": "log", "lines": lines, "truncated": truncated})

"""Runs one attempt's untrusted work in a child process, and tells truthfully how it ended.

The request goes down the child's input: a length and a JSON header, then each feed with its length. Frames come up
its output: a length and a JSON object each. Success is a complete result whose hash recomputes; an exit status
proves nothing, because the owner's code can call ``os._exit(0)``.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from subprocess import PIPE
from typing import Any

from quantbox.core.errors import Invalid, QuantBoxError, Unavailable
from quantbox.core.processes import Process, command_line, describe_exit, end_process, process_alive, spawn, tree_memory_bytes
from quantbox.core.text import Text
from quantbox.jobs.frames import read_frame, write_request
from quantbox.jobs.models import Reason

__all__ = [
    "ChildDied",
    "ChildEnd",
    "ChildEndKind",
    "ChildLimits",
    "ChildOutOfMemory",
    "ChildTimedOut",
    "run_child",
]

#: `on_frame` hears a "tick" this often even from a silent child, and of progress no more often than ten times as much.
TICK_SECONDS = 1.0
_STEP_SECONDS = 0.1
_GRACE_SECONDS = 2.0
_LOG_TAIL_BYTES = 8 << 10
_OUT_OF_MEMORY_WORDS = ("MemoryError", "memory allocation of", "bad_alloc", "out of memory", "Cannot allocate memory")


class ChildTimedOut(Invalid):
    """The work took longer than its limit."""

    code = "jobs.timed_out"
    sentence = Text(
        "运行超过 {seconds:g} 秒的时限，已停止", "It ran longer than its limit of {seconds:g} seconds and was stopped"
    )
    hint = Text("请检查是否有死循环，或缩短区间", "Look for an endless loop, or choose a shorter period")


class ChildOutOfMemory(Invalid):
    """The work needed more memory than its limit."""

    code = "jobs.out_of_memory"
    sentence = Text(
        "内存超过 {megabytes:g} MB 的上限，已停止", "It needed more than its limit of {megabytes:g} MB of memory and was stopped"
    )
    hint = Text("请减少同时保存的数据", "Keep less data at a time")


class ChildDied(Unavailable):
    """The process ended without a result."""

    code = "jobs.child_died"
    sentence = Text("执行进程没有交出结果就退出了（{ending}）", "Its process ended without a result ({ending})")
    hint = Text(
        "请检查 os._exit 或有缺陷的扩展库",
        "Code may not end its process; look for os._exit or a faulty extension",
    )


@dataclass(frozen=True)
class ChildLimits:
    """What a child may use.

    Attributes
    ----------
    memory_bytes : int
        Of the whole tree (address space where the system limits that).
    wall_seconds, cpu_seconds : int
        Time by the clock, and processor time.
    output_bytes : int
        Printed text that is kept; what goes beyond is dropped and marked.
    """

    memory_bytes: int = 2 << 30
    wall_seconds: float = 600.0
    cpu_seconds: int = 600
    output_bytes: int = 1 << 20


class ChildEndKind(StrEnum):
    """How a child ended."""

    RESULT = "result"
    FAILURE = "failure"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    OUT_OF_MEMORY = "out_of_memory"
    DIED = "died"


@dataclass(frozen=True)
class ChildEnd:
    """The end of a child.

    Attributes
    ----------
    kind : ChildEndKind
        How it ended.
    body : str or None
        The result's JSON text, for RESULT only.
    reason : Reason or None
        Why there is no result; None for RESULT and CANCELLED.
    exit_code : int
        As the system gave it; evidence of nothing (a child that had its say is killed).
    log_tail : str
        The end of what it wrote to its error stream: private, never logged.
    is_truncated : bool
        Whether printed text was dropped.
    """

    kind: ChildEndKind
    body: str | None
    reason: Reason | None
    exit_code: int
    log_tail: str
    is_truncated: bool


def run_child(
    header: dict[str, Any],
    feeds: Sequence[bytes],
    *,
    limits: ChildLimits,
    on_frame: Callable[[dict[str, Any]], bool],
    command: Sequence[str] | None = None,
) -> ChildEnd:
    """Run one request in a child process to its end, whatever its code does.

    Parameters
    ----------
    header : dict
        Holds "kind"; the limits are added here.
    feeds : sequence of bytes
        Bulk input, sent as it is.
    limits : ChildLimits
        Enforced by the child on itself and watched from here.
    on_frame : callable
        Given every "progress", "position" and "log" frame, and ``{"type": "tick"}`` each second; returns True to cancel. What it
        raises ends the child and goes on to the caller.
    command : sequence of str, optional
        Starts the child; this program's ``job-child`` by default.
    """
    process = spawn(command or command_line("job-child"), stderr=PIPE, runs_user_code=True, memory_bytes=limits.memory_bytes)
    watch = _Watch(process, limits, on_frame)
    request = header | {"limits": asdict(limits)}
    threads = [
        threading.Thread(target=_send, args=(process, request, feeds), name="child-request", daemon=True),
        threading.Thread(target=watch.read_frames, name="child-frames", daemon=True),
        threading.Thread(target=watch.read_errors, name="child-errors", daemon=True),
    ]
    for thread in threads:
        thread.start()
    exit_code, grace_seconds = 0, 0.0
    try:
        watch.follow()
        if watch.kind is None:  # its pipe ended: let its exit status show
            grace_seconds = _GRACE_SECONDS
    finally:
        exit_code = end_process(process, grace_seconds)
        watch.stop()
        for thread in threads:
            thread.join(_GRACE_SECONDS)
        for pipe in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                pipe.close()  # type: ignore[union-attr]
    return watch.end(exit_code)


def _send(process: Process, request: dict[str, Any], feeds: Sequence[bytes]) -> None:
    # the input stays open afterwards: its end tells the child that its parent is gone
    with contextlib.suppress(OSError, ValueError):
        write_request(process.stdin, request, feeds)  # type: ignore[arg-type]  # spawn made the pipe


class _Watch:
    """Follows a child until something decides how it ended."""

    def __init__(self, process: Process, limits: ChildLimits, on_frame: Callable[[dict[str, Any]], bool]) -> None:
        self.kind: ChildEndKind | None = None
        self._body: str | None = None
        self._reason: Reason | None = None
        self._process, self._limits, self._on_frame = process, limits, on_frame
        self._frames: queue.Queue[dict[str, Any] | None] = queue.Queue(maxsize=256)
        self._errors = b""
        self._stopped = False
        self._printed_bytes = 0
        self._is_truncated = False
        self._deadline = time.monotonic() + limits.wall_seconds
        self._next_progress = self._next_tick = time.monotonic()

    def read_frames(self) -> None:
        """Queue the child's frames, and None at their end; a frame that is none ends them."""
        with contextlib.suppress(OSError, ValueError, EOFError):
            while not self._stopped and (frame := read_frame(self._process.stdout)) is not None:  # type: ignore[arg-type]
                self._put(frame)
        self._put(None)

    def _put(self, frame: dict[str, Any] | None) -> None:
        while not self._stopped:
            with contextlib.suppress(queue.Full):
                self._frames.put(frame, timeout=_STEP_SECONDS)
                return

    def read_errors(self) -> None:
        """Keep the end of the error stream, and swallow the rest so that the child never waits on it."""
        with contextlib.suppress(OSError, ValueError):
            while chunk := self._process.stderr.read1(65536):  # type: ignore[union-attr]
                self._errors = (self._errors + chunk)[-_LOG_TAIL_BYTES:]

    def stop(self) -> None:
        """Let the reading threads end."""
        self._stopped = True

    def follow(self) -> None:
        """Return when the child has ended or must be ended; `kind` is None when it ended without a word."""
        while self.kind is None:
            try:
                frame = self._frames.get(timeout=_STEP_SECONDS)
            except queue.Empty:
                # a process it left behind may hold the pipe open
                frame = {} if process_alive(self._process.pid) else None
            if frame is None:
                return
            self._take(frame)
            self._check_limits()

    def _check_limits(self) -> None:
        now = time.monotonic()
        if self.kind is not None:
            return
        if now >= self._deadline:
            self._decide(ChildEndKind.TIMED_OUT, ChildTimedOut(seconds=self._limits.wall_seconds))
        elif now >= self._next_tick:
            self._next_tick = now + TICK_SECONDS
            if tree_memory_bytes(self._process.pid) > self._limits.memory_bytes:
                self._decide_out_of_memory()
            else:
                self._tell({"type": "tick"})

    def _take(self, frame: dict[str, Any]) -> None:
        match frame.get("type"):
            case "progress":
                if (now := time.monotonic()) >= self._next_progress:
                    self._next_progress = now + _STEP_SECONDS
                    self._tell(frame)
            case "position":
                self._tell(frame)
            case "log":
                self._take_log(frame)
            case "failure":
                self._take_failure(frame)
            case "out_of_memory":
                self._decide_out_of_memory()
            case "result":
                body = frame.get("body")
                if isinstance(body, str) and hashlib.sha256(body.encode()).hexdigest() == frame.get("sha256"):
                    self.kind, self._body = ChildEndKind.RESULT, body
                else:
                    self._decide(ChildEndKind.DIED, ChildDied(ending="sha256"))

    def _take_log(self, frame: dict[str, Any]) -> None:
        lines = [str(line) for line in frame.get("lines") or []]
        self._printed_bytes += sum(len(line.encode(errors="replace")) + 1 for line in lines)
        self._is_truncated |= bool(frame.get("truncated")) or self._printed_bytes > self._limits.output_bytes + 65536
        if self._printed_bytes <= self._limits.output_bytes + 65536:  # the child's own cap, and the line that reached it
            self._tell({"type": "log", "lines": lines, "truncated": bool(frame.get("truncated"))})

    def _take_failure(self, frame: dict[str, Any]) -> None:
        try:
            self._reason = Reason.from_child(frame.get("reason"))
            self.kind = ChildEndKind.FAILURE
        except ValueError:
            self._decide(ChildEndKind.DIED, ChildDied(ending="failure"))

    def _tell(self, frame: dict[str, Any]) -> None:
        if self._on_frame(frame):
            self.kind = ChildEndKind.CANCELLED

    def _decide(self, kind: ChildEndKind, error: QuantBoxError) -> None:
        self.kind, self._reason = kind, Reason.from_error(error)

    def _decide_out_of_memory(self) -> None:
        self._decide(ChildEndKind.OUT_OF_MEMORY, ChildOutOfMemory(megabytes=round(self._limits.memory_bytes / 2**20)))

    def end(self, exit_code: int) -> ChildEnd:
        """Return how it ended, judging by its exit only where it left no word."""
        tail = self._errors.decode("utf-8", "replace")
        if self.kind is None:
            ending = describe_exit(exit_code)
            if ending == "SIGXCPU":
                self._decide(ChildEndKind.TIMED_OUT, ChildTimedOut(seconds=self._limits.cpu_seconds))
            elif exit_code != 0 and any(words in tail for words in _OUT_OF_MEMORY_WORDS):
                self._decide_out_of_memory()
            else:
                self._decide(ChildEndKind.DIED, ChildDied(ending=ending))
        assert self.kind is not None  # noqa: S101 - every branch above decided  # nosec B101
        return ChildEnd(self.kind, self._body, self._reason, exit_code, tail, self._is_truncated)

"""How processes end: politely or at once, whole trees, and what their exit says."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil

from quantbox.core.processes.starting import Process

if sys.platform == "win32":
    pass
else:
    pass

__all__ = [
    "describe_exit",
    "end_process",
    "end_this_group",
    "kill_tree",
    "on_stop_request",
    "process_alive",
    "process_started_at",
    "tree_memory_bytes",
]


def process_started_at(pid: int | None = None) -> float:
    """Return when a process (this one by default) started; together with its id this names it, however the clock is set.

    In seconds, on Linux since the machine started (all it keeps; a date made of that moves with the clock), elsewhere
    since 1970.
    """
    since_1970 = float(psutil.Process(pid).create_time())
    return since_1970 - psutil.boot_time() if sys.platform == "linux" else since_1970


def process_alive(pid: int, started_at: float | None = None) -> bool:
    """Return whether the process runs; with `started_at` a later process of the same id does not count."""
    try:
        process = psutil.Process(pid)
        # two readings of one start may differ by rounding, two processes of one id by far more
        same = started_at is None or abs(process_started_at(pid) - started_at) < 2.0
        return bool(same and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def kill_tree(pid: int, grace_seconds: float = 0.0) -> None:
    """End a process and all its descendants, and on POSIX its whole group; with grace it may first end by itself.

    Parameters
    ----------
    pid : int
        A process started by `spawn` (leader of its group).
    grace_seconds : float
        How long the process may take after a polite request (SIGTERM) before everything is killed.
    """
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        if grace_seconds > 0:
            root.terminate()
            with contextlib.suppress(psutil.TimeoutExpired):
                root.wait(grace_seconds)
    for _ in range(20):  # again while the tree still grows; a stopped parent cannot start more
        family = _family(pid)
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.suspend()
        for member in family:
            with contextlib.suppress(psutil.Error):
                member.kill()
        if sys.platform != "win32":
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        if not _family(pid):
            return
        time.sleep(0.01)


def _family(pid: int) -> list[Any]:
    """Return the living processes of the tree, the root first."""
    try:
        root = psutil.Process(pid)
        members = [root, *root.children(recursive=True)]
    except psutil.Error:
        return []
    living = []
    for member in members:
        with contextlib.suppress(psutil.Error):
            if member.status() != psutil.STATUS_ZOMBIE:
                living.append(member)
    return living


def end_process(process: Process, grace_seconds: float = 0.0) -> int:
    """Wait up to `grace_seconds` for a child to end by itself, kill what is left of its tree, return its exit status."""
    deadline = time.monotonic() + grace_seconds
    while not _has_ended(process) and time.monotonic() < deadline:
        time.sleep(0.01)
    kill_tree(process.pid)  # before the child is reaped: until then its id, and so its group's, cannot be given to another
    status = process.wait()
    if process.job is not None:
        process.job.close()
    return status


def _has_ended(process: Process) -> bool:
    if process.returncode is not None:
        return True
    if sys.platform == "win32":
        return process.poll() is not None
    else:  # noqa: RET505 - mypy reads the platform only from if and else
        return not process_alive(process.pid)


def end_this_group() -> None:
    """End this process and its whole group at once, without clean-up; for a child whose parent is gone."""
    if sys.platform != "win32":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)  # Windows: the parent's Job Object has closed with it and takes the rest


def describe_exit(status: int) -> str:
    """Return the name of the signal that ended a process ("SIGSEGV"), or "exit <status>"."""
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"exit {status}"


def tree_memory_bytes(pid: int) -> int:
    """Return the physical memory a process and its descendants use; 0 when it has ended."""
    used = 0
    for member in _family(pid):
        with contextlib.suppress(psutil.Error):
            used += member.memory_info().rss
    return used


def on_stop_request(handler: Callable[[], None]) -> None:
    """Call `handler` when the system or the terminal asks this process to end (main thread only)."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda _number, _frame: handler())

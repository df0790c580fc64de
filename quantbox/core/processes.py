"""Everything about processes that differs between systems: locks, starting, ending, limits, permissions.

Nothing outside this module (and its Windows half) may fork, send a signal or import fcntl, resource or msvcrt.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import psutil

from quantbox.core.child_environment import child_environment
from quantbox.core.errors import Unavailable
from quantbox.core.text import Text

if sys.platform == "win32":
    import msvcrt

    from quantbox.core.windows_jobs import JobObject
else:
    import fcntl
    import resource

__all__ = [
    "FileLock",
    "LockBusy",
    "Process",
    "command_line",
    "describe_exit",
    "end_process",
    "end_this_group",
    "kill_tree",
    "limit_this_process",
    "on_stop_request",
    "process_alive",
    "process_started_at",
    "protect_this_process",
    "restrict_to_owner",
    "spawn",
    "tree_memory_bytes",
]

# --- locks -----------------------------------------------------------------------------------------------------------


class LockBusy(Unavailable):
    """Another process kept the lock longer than we were willing to wait."""

    code = "core.lock_busy"
    sentence = Text(
        "等待 {seconds:g} 秒后，{name} 仍被另一个程序占用", "{name} is still held by another program after {seconds:g} seconds"
    )
    hint = Text("请等它结束后再试", "Try again when it has finished")


#: Far behind any content, so that a Windows lock (which is mandatory) never hides the file's bytes.
_LOCKED_BYTE = 0x7FFFFFFE


class FileLock:
    """A lock between processes (and threads), freed by the system when its holder dies.

    The file stays where it is: deleting it would let two processes lock two files of one name.

    Parameters
    ----------
    path : Path
        The lock file; made when absent, never deleted.
    wait_seconds : float
        How long a ``with`` statement waits before it raises LockBusy.
    """

    def __init__(self, path: Path, wait_seconds: float = 60.0) -> None:
        self.path = path
        self.wait_seconds = wait_seconds
        self._between_threads = threading.Lock()
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, timeout_seconds: float = 0.0) -> bool:
        """Take the lock, polling up to `timeout_seconds`; return whether it was taken."""
        deadline = time.monotonic() + timeout_seconds
        if not self._between_threads.acquire(timeout=max(timeout_seconds, 0.001)):
            return False
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)  # Python opens it not inheritable
            while not _lock_descriptor(descriptor):
                if time.monotonic() >= deadline:
                    os.close(descriptor)
                    break
                time.sleep(random.uniform(0.005, 0.04))  # noqa: S311 - jitter, so that waiters do not march in step
            else:
                self._descriptor = descriptor
        finally:
            if self._descriptor is None:
                self._between_threads.release()
        return self.held

    def release(self) -> None:
        """Free the lock."""
        if self._descriptor is None:
            raise RuntimeError(f"{self.path} is not held")
        descriptor, self._descriptor = self._descriptor, None
        os.close(descriptor)  # the lock belongs to the open file and ends with it
        self._between_threads.release()

    def __enter__(self) -> FileLock:
        if not self.acquire(self.wait_seconds):
            raise LockBusy(name=self.path.name, seconds=self.wait_seconds)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def _lock_descriptor(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            # flock, not lockf: a record lock is lost as soon as any descriptor of the file is closed in this process
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# --- starting --------------------------------------------------------------------------------------------------------


class Process(subprocess.Popen[bytes]):
    """A child process; on Windows its Job Object lives and dies with this object."""

    job: Any = None


def command_line(*arguments: str) -> list[str]:
    """Return the argument list that starts this program, from source or frozen."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "quantbox.cli", *arguments]


def spawn(
    command: Sequence[str],
    *,
    stdin: int | IO[bytes] | None = subprocess.PIPE,
    stdout: int | IO[bytes] | None = subprocess.PIPE,
    stderr: int | IO[bytes] | None = None,
    runs_user_code: bool = False,
    memory_bytes: int | None = None,
    extra_environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Process:
    """Start a child in a session (Windows: a group and a Job Object) of its own, so that its whole tree can be ended.

    Parameters
    ----------
    command : sequence of str
        Argument list; never holds a secret, because every user of the machine can read it.
    stdin, stdout, stderr : int, file or None
        As for subprocess.Popen.
    runs_user_code : bool
        Narrows the environment and keeps the child from writing byte code.
    memory_bytes : int, optional
        Windows: memory the whole tree may commit. Elsewhere the child limits itself (`limit_this_process`).
    extra_environment : mapping of str to str, optional
        Variables added to the allow-list's; never a secret.
    folder : Path, optional
        Working folder of the child.
    """
    environment = child_environment(runs_user_code=runs_user_code) | dict(extra_environment or {})
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
    process = Process(
        list(command),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=environment,
        cwd=folder,
        start_new_session=True,
        creationflags=flags,
    )
    if sys.platform == "win32":
        process.job = JobObject(memory_bytes)
        process.job.add(process)
    return process


# --- ending ----------------------------------------------------------------------------------------------------------


def process_started_at(pid: int | None = None) -> float:
    """Return when a process (this one by default) started, in seconds since 1970; together with its id this names it for good."""
    return float(psutil.Process(pid).create_time())


def process_alive(pid: int, started_at: float | None = None) -> bool:
    """Return whether the process runs; with `started_at` a later process of the same id does not count."""
    try:
        process = psutil.Process(pid)
        # two readings of one start may differ by a clock adjustment, two processes of one id by far more
        same = started_at is None or abs(process.create_time() - started_at) < 2.0
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


# --- limits and permissions ------------------------------------------------------------------------------------------

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 1, 4, 36


def protect_this_process() -> None:
    """Keep what this process holds from others: no core files, no same-user debugger (Linux), files for the owner only."""
    os.umask(0o077)
    if sys.platform != "win32":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def limit_this_process(memory_bytes: int, cpu_seconds: int) -> list[str]:
    """Bound memory and processor time of this process, forbid core files, and tie it to its parent's life on Linux.

    Returns
    -------
    list of str
        Limits this system does not enforce here ("memory", "cpu"); the parent watches those from outside.
    """
    not_enforced: list[str] = []
    if sys.platform == "win32":
        not_enforced.append("cpu")  # memory: the parent's Job Object
    else:
        limits = [
            ("memory", resource.RLIMIT_AS, memory_bytes, memory_bytes),
            ("cpu", resource.RLIMIT_CPU, cpu_seconds, cpu_seconds + 5),
        ]
        for name, kind, soft, hard in limits:
            try:
                resource.setrlimit(kind, (soft, hard))
            except (ValueError, OSError):  # macOS knows RLIMIT_AS by name only
                not_enforced.append(name)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)  # orphans stay in this tree, where kill_tree finds them
    return not_enforced


def restrict_to_owner(path: Path) -> bool:
    """Let only the owner read `path`; False where the system has no such permission bits.

    On Windows the data folder lies in the owner's profile, whose access list already keeps other users out.
    """
    has_bits = sys.platform != "win32"
    if has_bits:
        path.chmod(0o700 if path.is_dir() else 0o600)
    return has_bits

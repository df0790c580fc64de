"""What a process may use and who may look at it or at its files."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from pathlib import Path

if sys.platform == "win32":
    pass
else:
    import resource

__all__ = ["limit_this_process", "protect_this_process", "restrict_to_owner"]

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
